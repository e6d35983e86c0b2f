import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AdminEvent, Grant } from '../../contract/admin.ts';
import { adminEventSchema, IDLE_BOTS } from '../../contract/admin.ts';
import type { AdminMemberInfo } from '../../core/relay/admin-port.ts';
import { MODERATOR_ROLE_ID } from '../../core/wire/roles.ts';
import { type AdminRig, addAccount, logIn, openAdmin, SOME_PASSWORD, SOME_VIEW, setUp } from './admin-rig.ts';
import { MAX_BACKLOG_BYTES, MAX_STREAMS_PER_ACCOUNT } from './event-streams.ts';
import { TOKEN_MS } from './tokens.ts';

let rig: AdminRig;
let token: string;
const readers: Reader[] = [];
const sockets: Socket[] = [];

beforeEach(async () => {
  rig = await openAdmin();
  ({ token } = await setUp(rig));
});

afterEach(async () => {
  for (const reader of readers.splice(0)) reader.stop();
  for (const socket of sockets.splice(0)) socket.destroy();
  await rig.close();
});

/** Reads a stream of events as the dashboard does. */
class Reader {
  readonly events: AdminEvent[] = [];
  /** The server ended the stream, or cut it. */
  ended = false;
  status = 0;
  readonly #abort = new AbortController();

  stop(): void {
    this.#abort.abort();
  }

  async open(bearer: string): Promise<this> {
    readers.push(this);
    const response = await fetch(`http://127.0.0.1:${rig.admin.port}/api/events`, {
      headers: { Authorization: `Bearer ${bearer}` },
      signal: this.#abort.signal,
    });
    this.status = response.status;
    if (response.status === 200) void this.#read(response);
    return this;
  }

  /** Without traffic, which comes by itself. */
  get news(): AdminEvent[] {
    return this.events.filter(({ type }) => type !== 'traffic');
  }

  async #read(response: Response): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk, { stream: true });
        const frames = text.split('\n\n');
        text = frames.pop() ?? '';
        for (const frame of frames.filter((one) => one.startsWith('data: '))) {
          this.events.push(adminEventSchema.parse(JSON.parse(frame.slice(6))));
        }
      }
    } catch {
      // Cut, by us or by the server.
    }
    this.ended = true;
  }
}

const member = SOME_VIEW.members[0] as AdminMemberInfo;

function named(nickname: string): AdminMemberInfo {
  return { ...member, nickname };
}

function names(reader: Reader): string[] {
  return reader.news.flatMap((event) => (event.type === 'member' ? [event.member.nickname] : []));
}

function streamsBalance(): boolean {
  const counters = rig.admin.counters();
  const of = (name: string): number => counters[`streams${name}`] ?? Number.NaN;
  const ends = ['Open', 'Left', 'TooSlow', 'TokenEnded', 'RelayGone', 'Closed'];
  return of('Opened') === ends.reduce((sum, end) => sum + of(end), 0);
}

describe('the stream of events', () => {
  test('begins with the room and goes on in order', async () => {
    const reader = await new Reader().open(token);
    await vi.waitFor(() => expect(reader.news.length).toBe(1), 5_000);
    expect(reader.news[0]).toMatchObject({ type: 'room', room: { name: 'The cellar' } });
    const channel = SOME_VIEW.channels[0];
    if (channel === undefined) throw new Error('the room has a channel');
    rig.relay.tell({ type: 'member', member: named('Bo') });
    rig.relay.tell({ type: 'channel', channel: { ...channel, name: 'Hall' } });
    rig.relay.tell({ type: 'memberLeft', token: 7 });
    rig.relay.tell({ type: 'channelRemoved', channel: 1 });
    rig.relay.tell({ type: 'roles', roles: SOME_VIEW.roles });
    rig.relay.tell({ type: 'config', roomName: 'Attic', maxMembers: 9 });
    rig.relay.tell({ type: 'audit' });
    rig.bots.tell({ ...IDLE_BOTS, phase: 'joining' });
    await vi.waitFor(() => expect(reader.news.length).toBe(9), 5_000);
    expect(reader.news.slice(1).map(({ type }) => type)).toEqual([
      'member',
      'channel',
      'memberLeft',
      'channelRemoved',
      'roles',
      'config',
      'audit',
      'bots',
    ]);
    expect(JSON.stringify(reader.events)).not.toContain('whisperKey');
    expect(streamsBalance()).toBe(true);
  });

  test('what happens while the room is asked for comes after it, and nothing is lost', async () => {
    let answer = (): void => {};
    rig.relay.view = () =>
      new Promise((resolve) => {
        answer = () => resolve(SOME_VIEW);
      });
    const reader = await new Reader().open(token);
    await vi.waitFor(() => expect(rig.admin.counters()['streamsOpen']).toBe(1), 5_000);
    rig.relay.tell({ type: 'member', member: named('before') });
    answer();
    rig.relay.tell({ type: 'member', member: named('after') });
    await vi.waitFor(() => expect(reader.news.length).toBe(3), 5_000);
    expect(reader.news[0]?.type).toBe('room');
    expect(names(reader)).toEqual(['before', 'after']);
  });

  test('tells the traffic every second', async () => {
    const reader = await new Reader().open(token);
    await vi.waitFor(() => expect(reader.events.some(({ type }) => type === 'traffic')).toBe(true), 5_000);
    const { body } = await rig.ask('GET', '/api/traffic', token);
    expect(body).toMatchObject({ voiceSocket: 'dgram', members: 1 });
  }, 10_000);

  test('is for whoever is logged in', async () => {
    expect((await rig.ask('GET', '/api/events', null)).status).toBe(401);
    expect((await rig.ask('GET', '/api/events', 'x.y.z')).status).toBe(401);
  });

  test('ends when its login is ended, and only then', async () => {
    const other = ((await logIn(rig, 'root', SOME_PASSWORD)).body as Grant).token;
    const [one, two] = [await new Reader().open(token), await new Reader().open(other)];
    await rig.ask('POST', '/api/logout', token);
    await vi.waitFor(() => expect(one.ended).toBe(true), 5_000);
    rig.relay.tell({ type: 'member', member: named('Bo') });
    await vi.waitFor(() => expect(names(two)).toEqual(['Bo']), 5_000);
    expect([names(one), two.ended]).toEqual([[], false]);
    expect(rig.admin.counters()['streamsTokenEnded']).toBe(1);
    expect(streamsBalance()).toBe(true);
  });

  test('ends with a new password, and with the account', async () => {
    const { token: mod } = await addAccount(rig, token, 'mod', MODERATOR_ROLE_ID);
    const one = await new Reader().open(mod);
    const change = { name: 'mod', role: MODERATOR_ROLE_ID, password: 'another password' };
    await rig.ask('PUT', '/api/accounts', token, change);
    await vi.waitFor(() => expect(one.ended).toBe(true), 5_000);
    const again = ((await logIn(rig, 'mod', 'another password')).body as Grant).token;
    const two = await new Reader().open(again);
    await rig.ask('DELETE', '/api/accounts/mod', token);
    await vi.waitFor(() => expect(two.ended).toBe(true), 5_000);
  });

  test('ends when its token expires', async () => {
    rig.clock.wallMs += TOKEN_MS - 1_000;
    const reader = await new Reader().open(token);
    await vi.waitFor(() => expect(reader.news.length).toBe(1), 5_000);
    await vi.waitFor(() => expect(reader.ended).toBe(true), 5_000);
    expect(rig.admin.counters()['streamsTokenEnded']).toBe(1);
  }, 10_000);

  test('ends when the relay cannot say what there is', async () => {
    rig.relay.mood = 'gone';
    const reader = await new Reader().open(token);
    await vi.waitFor(() => expect(reader.ended).toBe(true), 5_000);
    expect(rig.admin.counters()['streamsRelayGone']).toBe(1);
    expect(streamsBalance()).toBe(true);
  });

  test('each account has so many, and leaving makes room', async () => {
    const open = [];
    for (let n = 0; n < MAX_STREAMS_PER_ACCOUNT; n += 1) open.push(await new Reader().open(token));
    expect(open.every(({ status }) => status === 200)).toBe(true);
    expect((await new Reader().open(token)).status).toBe(429);
    open[0]?.stop();
    await vi.waitFor(() => expect(rig.admin.counters()['streamsLeft']).toBe(1), 5_000);
    expect((await new Reader().open(token)).status).toBe(200);
    expect(streamsBalance()).toBe(true);
  });

  test('ends when the server is closed, which nobody has to wait for', async () => {
    const reader = await new Reader().open(token);
    await rig.admin.close();
    await vi.waitFor(() => expect(reader.ended).toBe(true), 5_000);
    expect(rig.relay.watchers).toBe(0);
    rig = await openAdmin();
  });

  test('a reader that does not read is cut before much waits for it; the others go on', async () => {
    const other = await new Reader().open(token);
    const socket = connect(rig.admin.port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    socket.pause();
    socket.write(
      `GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:${rig.admin.port}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    await vi.waitFor(() => expect(rig.admin.counters()['streamsOpen']).toBe(2), 5_000);
    const roles = SOME_VIEW.roles.map((role) => ({ ...role, name: 'x'.repeat(60_000) }));
    let told = 0;
    // What the kernel holds comes on top of what is counted.
    while (rig.admin.counters()['streamsTooSlow'] === 0 && told < 400) {
      rig.relay.tell({ type: 'roles', roles });
      told += 1;
      if (told % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(rig.admin.counters()).toMatchObject({ streamsTooSlow: 1, streamsOpen: 1 });
    expect(told * 240_000).toBeGreaterThan(MAX_BACKLOG_BYTES);
    await vi.waitFor(() => expect(other.news.length).toBe(told + 1), 5_000);
    expect(other.ended).toBe(false);
    expect(streamsBalance()).toBe(true);
  }, 15_000);
});
