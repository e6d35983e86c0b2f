import { describe, expect, test } from 'vitest';
import { RecordedSession, welcomeFor } from '../sim/recorded-session.ts';
import { memberFor, simChannels, simIdentity } from '../sim/sim-room.ts';
import { MAX_WHISPER_LISTS, type RelayMessage } from '../wire/control.ts';
import { channelTree } from './channel-tree.ts';
import { MAX_REQUESTS, REQUEST_TIMEOUT_MS } from './requests.ts';

const LIST = 0x8000_0001;

function entered(): RecordedSession {
  const session = new RecordedSession();
  session.enter();
  session.takeSent();
  return session;
}

function expectBalance({ engine, settledTwice }: RecordedSession): void {
  const { requestsMade, requestsDone, requestsRefused, requestsFailed } = engine.counters;
  expect(requestsMade).toBe(requestsDone + requestsRefused + requestsFailed + engine.waiting.requests);
  expect(settledTwice).toBe(0);
}

describe('requests', () => {
  test('are numbered, and answered with done or with the rule that said no', () => {
    const session = entered();
    const kick = { kind: 'kick', member: 8, reason: '' } as const;
    const ids = [1, 2, 3].map(() => session.engine.request(kick, session.nowMs, session.out));
    expect(ids).toEqual([1, 2, 3]);
    expect(session.takeSent()).toEqual(ids.map((id) => ({ type: 'request', id, request: kick })));
    const rule = { kind: 'permission', permission: 'kick', own: 'Member' } as const;
    session.hear({ type: 'refused', code: 'notAllowed', rule, request: 2, chat: null });
    session.hear({ type: 'done', id: 1 });
    session.hear({ type: 'refused', code: 'unknownMember', rule: null, request: 3, chat: null });
    session.hear({ type: 'done', id: 3 });
    const sentence = 'Your role, Member, does not allow you to remove others from the room.';
    expect(session.answers.get(1)).toEqual({ ok: true });
    expect(session.answers.get(2)).toEqual({ ok: false, code: 'notAllowed', rule, sentence });
    expect(session.answers.get(3)).toMatchObject({ ok: false, code: 'unknownMember', rule: null });
    expect(session.engine.counters).toMatchObject({ refusals: 2, messagesUnexpected: 1 });
    expect(session.engine.lastRefusal).toBeNull();
    expectBalance(session);
  });

  test('fail when the relay keeps silent, and take no late answer', () => {
    const session = entered();
    const id = session.engine.request({ kind: 'listBans' }, session.nowMs, session.out);
    session.pass(REQUEST_TIMEOUT_MS - 1);
    expect(session.answers.size).toBe(0);
    session.pass(1);
    expect(session.answers.get(id)).toMatchObject({ ok: false, code: null });
    session.hear({ type: 'done', id });
    expect(session.engine.counters.messagesUnexpected).toBe(1);
    expectBalance(session);
  });

  test('fail with the lane, at once', () => {
    const session = entered();
    const id = session.engine.request({ kind: 'listBans' }, session.nowMs, session.out);
    session.laneClosed();
    expect(session.answers.get(id)).toMatchObject({ ok: false, sentence: expect.stringMatching(/lost/) });
    const away = session.engine.request({ kind: 'listBans' }, session.nowMs, session.out);
    expect(session.answers.has(away)).toBe(false);
    session.pass(0);
    expect(session.answers.get(away)).toMatchObject({
      ok: false,
      sentence: expect.stringMatching(/not connected/),
    });
    expectBalance(session);
  });

  test('are as many as a relay takes at once: one more is refused here, and not within the call', () => {
    const session = entered();
    for (let count = 0; count < MAX_REQUESTS; count += 1)
      session.engine.request({ kind: 'listBans' }, session.nowMs, session.out);
    expect(session.takeSent().length).toBe(MAX_REQUESTS);
    const id = session.engine.request({ kind: 'listBans' }, session.nowMs, session.out);
    expect([session.takeSent(), session.answers.size]).toEqual([[], 0]);
    session.pass(0);
    expect(session.answers.get(id)).toMatchObject({ ok: false, code: null });
    session.hear({ type: 'done', id: 1 });
    session.engine.request({ kind: 'listBans' }, session.nowMs, session.out);
    expect(session.takeSent().length).toBe(1);
    expectBalance(session);
  });

  test('bring bans and history before their answer', () => {
    const session = entered();
    const bans = session.engine.request({ kind: 'listBans' }, session.nowMs, session.out);
    session.hear({ type: 'bans', bans: [] });
    session.hear({ type: 'done', id: bans });
    expect(session.bans).toEqual([[]]);
    const history = { type: 'history', channel: 1, messages: [], complete: true } as const;
    session.hear({ ...history, messages: [] });
    expect(session.histories).toEqual([history]);
  });

  test('to join that are refused are not made again after a reconnect', () => {
    const session = entered();
    const id = session.engine.joinChannel(2, session.nowMs, session.out);
    const rule = { kind: 'password', channel: 'Kitchen', given: false } as const;
    session.hear({ type: 'refused', code: 'wrongPassword', rule, request: id, chat: null });
    expect(session.answers.get(id ?? 0)).toMatchObject({
      ok: false,
      sentence: 'Kitchen asks for a password.',
    });
    session.takeSent();
    session.comeBack(welcomeFor(20));
    expect(session.takeSent().some((message) => message.type === 'request')).toBe(false);
  });
});

describe('whisper lists', () => {
  const asked = (session: RecordedSession): unknown[] =>
    session
      .takeSent()
      .flatMap((message) =>
        message.type === 'request' && message.request.kind === 'whisperList' ? [message.request] : [],
      );
  const members = [memberFor(7, { identity: simIdentity(7) }), memberFor(8), memberFor(9)];

  test('are registered once in a session, and anew in a new one, without those who are gone', () => {
    const session = new RecordedSession();
    session.enter(welcomeFor(7, { members }));
    session.takeSent();
    const id = session.engine.setWhisperList(LIST, [8, 9], session.nowMs, session.out);
    expect(asked(session)).toEqual([{ kind: 'whisperList', list: LIST, targets: [8, 9] }]);
    session.hear({ type: 'done', id: id ?? 0 });
    session.comeBack(welcomeFor(7, { members, resumed: true }));
    expect(asked(session)).toEqual([]);
    session.comeBack(
      welcomeFor(20, { members: [memberFor(20, { identity: simIdentity(7) }), memberFor(9)] }),
    );
    expect(asked(session)).toEqual([{ kind: 'whisperList', list: LIST, targets: [9] }]);
  });

  test('whose answer was lost, or that were set while away, are registered after a resume', () => {
    const session = new RecordedSession();
    session.enter(welcomeFor(7, { members }));
    session.engine.setWhisperList(LIST, [8], session.nowMs, session.out);
    session.laneClosed();
    expect(session.engine.setWhisperList(LIST + 1, [9], session.nowMs, session.out)).toBeNull();
    session.passPause();
    session.takeSent();
    session.greet(welcomeFor(7, { members, resumed: true }));
    expect(asked(session)).toEqual([
      { kind: 'whisperList', list: LIST, targets: [8] },
      { kind: 'whisperList', list: LIST + 1, targets: [9] },
    ]);
  });

  test('are forgotten without targets, and are so many and no more', () => {
    const session = new RecordedSession();
    session.enter(welcomeFor(7, { members }));
    session.laneClosed();
    for (let count = 0; count < MAX_WHISPER_LISTS; count += 1)
      expect(session.engine.setWhisperList(LIST + count, [8], session.nowMs, session.out)).toBeNull();
    const tooMany = session.engine.setWhisperList(LIST + 99, [8], session.nowMs, session.out);
    session.pass(0);
    expect(session.answers.get(tooMany ?? 0)).toMatchObject({ ok: false });
    expect(session.engine.setWhisperList(LIST, [], session.nowMs, session.out)).toBeNull();
    session.passPause();
    session.takeSent();
    session.greet(welcomeFor(7, { members, resumed: true }));
    expect(asked(session).length).toBe(MAX_WHISPER_LISTS - 1);
  });
});

describe('channels in the order a person reads them', () => {
  const [lobby] = simChannels;
  const channel = (id: number, name: string, parent: number | null = null) => {
    if (lobby === undefined) throw new Error('no channel');
    return { ...lobby, id, name, parent };
  };
  const read = (channels: ReturnType<typeof channel>[]): string[] =>
    channelTree(channels).map((node) => `${'-'.repeat(node.depth)}${node.channel.name}`);

  test('parents stand before their children, siblings by name', () => {
    const channels = [
      channel(5, 'Zoo'),
      channel(4, 'Pond', 5),
      channel(3, 'apes', 5),
      channel(2, 'Chimps', 3),
      channel(1, 'Attic'),
      channel(6, 'Attic'),
    ];
    expect(read(channels)).toEqual(['Attic', 'Attic', 'Zoo', '-apes', '--Chimps', '-Pond']);
    expect(channelTree(channels).map((node) => node.channel.id)).toEqual([1, 6, 5, 3, 2, 4]);
  });

  test('nothing is hidden by a parent that is unknown, or by a circle', () => {
    const circle = [channel(1, 'A', 2), channel(2, 'B', 1), channel(3, 'C', 3), channel(4, 'D', 99)];
    expect(read([...circle, channel(5, 'E', 4)])).toEqual(['A', 'B', 'C', 'D', 'E']);
  });
});

test('a message of a kind that nobody sends is no answer', () => {
  const session = entered();
  session.hear({ type: 'done', id: 0 } as RelayMessage);
  expect(session.engine.counters.messagesUnexpected).toBe(1);
});
