import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ListeningRig, MemoryStore } from './listening-rig.ts';
import { firstSettings } from './listening-settings.ts';

const LOBBY = 1;
const MUSIC = 2;
const ADA = 'A'.repeat(43);
const BEA = 'B'.repeat(43);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Lets promises settle, without time passing. */
const settle = () => vi.advanceTimersByTimeAsync(0);

async function startRig(rig = new ListeningRig()): Promise<ListeningRig> {
  rig.relay.put(LOBBY, 'Lobby');
  rig.relay.put(MUSIC, 'Music');
  rig.listening.start();
  await settle();
  return rig;
}

async function openLobby(rig = new ListeningRig()): Promise<ListeningRig> {
  await startRig(rig);
  rig.relay.put(LOBBY, 'Lobby', { listeners: true });
  await settle();
  rig.threads.open();
  return rig;
}

describe('a channel’s switch', () => {
  test('opens ports only while something may be heard', async () => {
    const rig = await startRig();
    expect(rig.started).toEqual([]);
    expect(rig.listening.status).toBe('closed');
    rig.relay.put(LOBBY, 'Lobby', { listeners: true, bitrate: 32_000 });
    await settle();
    expect(rig.started).toHaveLength(1);
    const { threads } = rig;
    expect(threads.channels).toMatchObject([
      { id: LOBBY, name: 'Lobby', slug: 'lobby', access: 'link', source: 'conversation', bitrate: 32_000 },
    ]);
    expect(threads.standing).toEqual(new Map([[LOBBY, { bitrate: 32_000, source: 'conversation' }]]));
    expect(rig.listening.describe(LOBBY).links).toBeNull();
    threads.open();
    expect(rig.listening.status).toBe('open');
    const { linkKey } = rig.store.rows.get(LOBBY) ?? {};
    expect(rig.listening.describe(LOBBY).links).toMatchObject({
      page: `http://voice.example.org:48482/listen/lobby?key=${linkKey}`,
    });
    expect(rig.listening.describe(MUSIC).links).toBeNull();
    expect(rig.listening.openPages()).toEqual([
      { channel: 'Lobby', link: `http://voice.example.org:48482/listen/lobby?key=${linkKey}` },
    ]);

    rig.relay.put(LOBBY, 'Lobby', { listeners: false });
    await settle();
    expect(threads.channels).toEqual([]);
    expect([threads.standing.size, threads.stopped]).toEqual([0, true]);
    expect([rig.listening.status, rig.listening.describe(LOBBY).links]).toEqual(['closed', null]);
    expect(rig.listening.openPages()).toEqual([]);
  });

  test('of another channel leaves the first alone', async () => {
    const rig = await openLobby();
    rig.relay.put(MUSIC, 'Music', { listeners: true });
    await settle();
    expect(rig.started).toHaveLength(1);
    expect(rig.threads.channels.map(({ id }) => id)).toEqual([LOBBY, MUSIC]);
    rig.relay.put(LOBBY, 'Lobby', { listeners: false });
    await settle();
    expect(rig.threads.channels.map(({ id }) => id)).toEqual([MUSIC]);
    expect(rig.threads.stopped).toBe(false);
  });

  test('on again waits until the ports are free', async () => {
    const rig = new ListeningRig();
    rig.holdsStop = true;
    await openLobby(rig);
    const { threads } = rig;
    rig.relay.put(LOBBY, 'Lobby', { listeners: false });
    await settle();
    rig.relay.put(LOBBY, 'Lobby', { listeners: true });
    await settle();
    expect(rig.started).toHaveLength(1);
    threads.endStop?.();
    await settle();
    expect(rig.started).toHaveLength(2);
    expect(rig.threads.channels.map(({ id }) => id)).toEqual([LOBBY]);
  });

  test('keeps its link from one time to the next, and after a restart', async () => {
    const rig = await openLobby();
    const before = rig.listening.describe(LOBBY).links?.page;
    rig.relay.put(LOBBY, 'Lobby', { listeners: false });
    await settle();
    rig.relay.put(LOBBY, 'Lobby', { listeners: true });
    await settle();
    rig.threads.open();
    expect(rig.listening.describe(LOBBY).links?.page).toBe(before);
    await rig.listening.stop();
    const later = await openLobby(new ListeningRig({}, rig.store));
    expect(later.listening.describe(LOBBY).links?.page).toBe(before);
  });

  test('of a removed channel takes its settings along', async () => {
    const rig = await openLobby();
    const before = rig.store.rows.get(LOBBY)?.linkKey;
    rig.relay.remove(LOBBY);
    await settle();
    expect([...rig.store.rows.keys()]).toEqual([]);
    expect(rig.threads.stopped).toBe(true);
    rig.relay.put(LOBBY, 'Lobby', { listeners: true });
    await settle();
    expect(rig.store.rows.get(LOBBY)?.linkKey).not.toBe(before);
  });

  test('that was set while nobody looked counts from the start', async () => {
    const store = new MemoryStore();
    store.save({ ...firstSettings(MUSIC), access: 'public' });
    store.save(firstSettings(9));
    const rig = new ListeningRig({}, store);
    rig.relay.put(MUSIC, 'Music', { listeners: true });
    rig.listening.start();
    await settle();
    expect(rig.threads.channels).toMatchObject([{ id: MUSIC, access: 'public' }]);
    expect([...store.rows.keys()]).toEqual([MUSIC]);
  });
});

describe('settings', () => {
  test('hold at once', async () => {
    const rig = await openLobby();
    const told = rig.told;
    expect(rig.listening.save(LOBBY, { source: 'publisher', access: 'public', maxListeners: 3 })).toEqual({
      ok: true,
    });
    expect(rig.told).toBeGreaterThan(told);
    const { publishKey } = rig.store.rows.get(LOBBY) ?? {};
    expect(publishKey).toHaveLength(22);
    expect(rig.threads.channels).toMatchObject([
      { id: LOBBY, source: 'publisher', access: 'public', maxListeners: 3, publishKey },
    ]);
    expect(rig.threads.standing.get(LOBBY)?.source).toBe('publisher');
    expect(rig.listening.describe(LOBBY)).toMatchObject({ publish: true, publishKey, hasPassword: false });
  });

  test('can be made before the channel opens', async () => {
    const rig = await startRig();
    rig.listening.save(MUSIC, { access: 'password', password: 'open sesame' });
    expect(rig.started).toEqual([]);
    expect(rig.listening.describe(MUSIC)).toMatchObject({ access: 'password', hasPassword: true });
    expect(rig.store.rows.get(MUSIC)).toMatchObject({ access: 'password' });
  });

  test('that make no sense, or that the disk refuses, change nothing', async () => {
    const rig = await openLobby();
    const before = rig.threads.channels;
    expect(rig.listening.save(LOBBY, { access: 'password' })).toMatchObject({ reason: 'badRequest' });
    expect(rig.listening.renewPublishKey(LOBBY)).toMatchObject({ reason: 'badRequest' });
    rig.store.failing = true;
    expect(rig.listening.save(LOBBY, { access: 'public' })).toMatchObject({ reason: 'storageFailed' });
    expect(rig.listening.renewLink(LOBBY)).toMatchObject({ reason: 'storageFailed' });
    expect(rig.threads.channels).toBe(before);
    expect(rig.listening.describe(LOBBY).access).toBe('link');
  });

  test('get new keys, which the gateways are told', async () => {
    const rig = await openLobby();
    rig.listening.save(LOBBY, { source: 'publisher' });
    const [before] = rig.threads.channels;
    expect(rig.listening.renewLink(LOBBY)).toEqual({ ok: true });
    const [renewed] = rig.threads.channels;
    expect(renewed?.linkKey).not.toBe(before?.linkKey);
    expect(renewed?.publishKey).toBe(before?.publishKey);
    expect(rig.listening.renewPublishKey(LOBBY)).toEqual({ ok: true });
    const [again] = rig.threads.channels;
    expect(again?.publishKey).not.toBe(before?.publishKey);
    expect(again?.linkKey).toBe(renewed?.linkKey);
  });
});

describe('a renewed certificate', () => {
  const RENEWED = { certificatePem: 'newer', keyPem: 'its key' };

  test('is told to threads that run', async () => {
    const rig = await openLobby();
    rig.listening.renewCertificate(RENEWED);
    expect(rig.threads.certificates).toEqual([RENEWED]);
  });

  test('is told to threads that start later, which began with the old one', async () => {
    const rig = await startRig();
    rig.listening.renewCertificate(RENEWED);
    rig.relay.put(LOBBY, 'Lobby', { listeners: true });
    await settle();
    expect(rig.threads.certificates).toEqual([RENEWED]);
  });

  test('that there is none of is told to nobody', async () => {
    const rig = await openLobby();
    expect(rig.threads.certificates).toEqual([]);
  });
});

describe('members named Listeners', () => {
  test('are let in by the relay before they are told so', async () => {
    const rig = await openLobby();
    rig.threads.news.onIdentity(LOBBY, ADA);
    expect(rig.threads.admissions).toEqual([]);
    await settle();
    expect(rig.relay.commands).toEqual([{ kind: 'admitListeners', identity: ADA, channel: LOBBY }]);
    expect(rig.relay.actors).toEqual([{ account: 'the gateways', role: 3 }]);
    expect(rig.threads.admissions).toEqual([LOBBY]);
  });

  test('that come under another name: the one before is put out first', async () => {
    const rig = await openLobby();
    rig.threads.news.onIdentity(LOBBY, ADA);
    await settle();
    rig.threads.news.onIdentity(LOBBY, BEA);
    await settle();
    expect(rig.relay.commands.slice(1)).toEqual([
      { kind: 'dismissListeners', identity: ADA },
      { kind: 'admitListeners', identity: BEA, channel: LOBBY },
    ]);
    rig.relay.put(LOBBY, 'Lobby', { listeners: false });
    await settle();
    expect(rig.relay.commands.at(-1)).toEqual({ kind: 'dismissListeners', identity: BEA });
  });

  test('whom the relay refuses are asked for again, and it is said why', async () => {
    const rig = await openLobby();
    rig.relay.outcome = { ok: false, code: 'roomFull', rule: null };
    rig.threads.news.onIdentity(LOBBY, ADA);
    await settle();
    expect(rig.threads.admissions).toEqual([]);
    expect(rig.listening.describe(LOBBY).sentence).toMatch(/full/);
    rig.relay.outcome = { ok: true, channel: null };
    await vi.advanceTimersByTimeAsync(500);
    expect(rig.threads.admissions).toEqual([LOBBY]);
    expect(rig.listening.describe(LOBBY).sentence).toBeNull();
    expect(rig.relay.commands).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(rig.relay.commands).toHaveLength(2);
  });

  test('of a channel that is not open any more are let in nowhere', async () => {
    const rig = await openLobby();
    rig.relay.outcome = { ok: false, code: 'roomFull', rule: null };
    rig.threads.news.onIdentity(LOBBY, ADA);
    rig.threads.news.onIdentity(MUSIC, BEA);
    await settle();
    expect(rig.relay.commands).toHaveLength(1);
    rig.relay.put(LOBBY, 'Lobby', { listeners: false });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(rig.relay.commands).toHaveLength(1);
  });

  test('are let in by a relay in the place of another before they ask', async () => {
    const rig = await openLobby();
    rig.threads.news.onIdentity(LOBBY, ADA);
    await settle();
    rig.relay.tell({ type: 'config', roomName: 'Cellar', maxMembers: 5 });
    await settle();
    const admit = { kind: 'admitListeners', identity: ADA, channel: LOBBY };
    expect(rig.relay.commands).toEqual([admit, admit]);
  });

  test('come back to a relay that was started again', async () => {
    const rig = await openLobby();
    rig.threads.news.onIdentity(LOBBY, ADA);
    await settle();
    rig.relay.gone = true;
    rig.threads.news.onDropped(LOBBY, 'The connection was lost.');
    expect(rig.listening.describe(LOBBY).sentence).toBe('The connection was lost.');
    rig.threads.news.onIdentity(LOBBY, ADA);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(rig.threads.admissions).toEqual([LOBBY]);
    expect(rig.listening.describe(LOBBY).sentence).toBe('The room does not answer.');
    rig.relay.gone = false;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(rig.threads.admissions).toEqual([LOBBY, LOBBY]);
    expect(rig.threads.stopped).toBe(false);
  });
});

describe('threads that end by themselves', () => {
  const end = (kind: 'gatewaysFailed' | 'gatewaysDied' | 'membersDied', takenPort: number | null = null) => ({
    kind,
    sentence: 'Port 48482 is taken on this machine.',
    takenPort,
  });

  test('are started again, ever more slowly, and told everything', async () => {
    const rig = await startRig();
    rig.relay.put(LOBBY, 'Lobby', { listeners: true });
    await settle();
    const waits: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      rig.threads.news.onDidEnd(end('gatewaysFailed'));
      expect(rig.listening.status).toBe('failing');
      expect(rig.listening.describe(LOBBY)).toMatchObject({
        links: null,
        sentence: 'Port 48482 is taken on this machine.',
      });
      const before = rig.started.length;
      let waitMs = 0;
      while (rig.started.length === before) {
        await vi.advanceTimersByTimeAsync(250);
        waitMs += 250;
      }
      waits.push(waitMs);
      expect(rig.threads.channels.map(({ id }) => id)).toEqual([LOBBY]);
      expect([...rig.threads.standing.keys()]).toEqual([LOBBY]);
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    rig.threads.open();
    expect(rig.listening.describe(LOBBY).sentence).toBeNull();
    rig.nowMs += 10_000;
    rig.threads.news.onDidEnd(end('membersDied'));
    await vi.advanceTimersByTimeAsync(250);
    expect(rig.started).toHaveLength(11);
    expect(rig.listening.counters()).toMatchObject({ restarts: 10, channelsOpen: 1 });
    const events = rig.logged.map(({ event }) => event);
    expect(events).toEqual(expect.arrayContaining(['gatewaysFailed', 'membersDied', 'listeningOpened']));
    expect(JSON.stringify(rig.logged)).not.toMatch(/Lobby|example|is taken/);
  });

  test('are left alone when nothing is to be heard any more', async () => {
    const rig = await openLobby();
    rig.threads.news.onDidEnd(end('gatewaysDied'));
    rig.relay.put(LOBBY, 'Lobby', { listeners: false });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(rig.started).toHaveLength(1);
    expect([rig.listening.status, rig.listening.describe(LOBBY).sentence]).toEqual(['closed', null]);
  });

  test('try another port where any will do, and only in the place of the one that is taken', async () => {
    const rig = new ListeningRig({ anyPortsWillDo: true });
    await startRig(rig);
    rig.relay.put(LOBBY, 'Lobby', { listeners: true });
    await settle();
    rig.threads.news.onDidEnd(end('gatewaysFailed', 8_554));
    await vi.advanceTimersByTimeAsync(250);
    expect(rig.threads.taken).toEqual([8_554]);
    const strict = await startRig();
    strict.relay.put(LOBBY, 'Lobby', { listeners: true });
    await settle();
    strict.threads.news.onDidEnd(end('gatewaysFailed', 8_554));
    await vi.advanceTimersByTimeAsync(250);
    expect(strict.threads.taken).toEqual([]);
  });

  test('say nothing any more once others are in their place', async () => {
    const rig = await openLobby();
    const [old] = rig.started;
    old?.news.onDidEnd(end('gatewaysDied'));
    await vi.advanceTimersByTimeAsync(250);
    rig.threads.open();
    old?.news.onDidEnd(end('gatewaysDied'));
    old?.open(1);
    expect(rig.listening.status).toBe('open');
    expect(rig.listening.describe(LOBBY).links?.page).toContain(':48482/');
  });
});

describe('what is on', () => {
  test('is told when it changes, of channels that are open', async () => {
    const rig = await openLobby();
    const now = { channel: LOBBY, listeners: 2, source: 'Lobby', title: 'Aria' };
    rig.threads.news.onState([now, { ...now, channel: 9 }], { listeners: 2 });
    expect(rig.listening.describe(LOBBY).now).toEqual({ listeners: 2, source: 'Lobby', title: 'Aria' });
    const told = rig.told;
    rig.threads.news.onState([now], { listeners: 2, 'ogg.requests': 3 });
    expect(rig.told).toBe(told);
    rig.threads.news.onMemberCounters({ opened: 7 });
    expect(rig.listening.counters()).toEqual({
      listeners: 2,
      'ogg.requests': 3,
      'members.opened': 7,
      channelsOpen: 1,
      publishers: 0,
      restarts: 0,
    });
    rig.listening.save(LOBBY, { source: 'publisher' });
    expect(rig.listening.counters()).toMatchObject({ publishers: 1 });
    const toldBefore = rig.told;
    rig.threads.news.onState([{ ...now, listeners: 3 }], {});
    expect(rig.told).toBe(toldBefore + 1);
    rig.relay.put(LOBBY, 'Lobby', { listeners: false });
    await settle();
    expect(rig.listening.describe(LOBBY).now).toEqual({ listeners: 0, source: null, title: '' });
  });
});

describe('a relay that does not answer', () => {
  test('is asked again', async () => {
    const rig = new ListeningRig();
    rig.relay.put(LOBBY, 'Lobby', { listeners: true });
    rig.relay.gone = true;
    rig.listening.start();
    await settle();
    expect(rig.started).toEqual([]);
    rig.relay.gone = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(rig.started).toHaveLength(1);
  });

  test('changes nothing for who listens, and its next one is looked at when it tells of itself', async () => {
    const rig = await openLobby();
    rig.relay.gone = true;
    rig.relay.tell({ type: 'config', roomName: 'Cellar', maxMembers: 5 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(rig.threads.channels.map(({ id }) => id)).toEqual([LOBBY]);
    rig.relay.gone = false;
    rig.relay.remove(LOBBY);
    await settle();
    expect(rig.threads.channels).toEqual([]);
  });
});

describe('the end', () => {
  test('stops the threads, puts the members out, and closes the store', async () => {
    const rig = await openLobby();
    rig.threads.news.onIdentity(LOBBY, ADA);
    await settle();
    await rig.listening.stop();
    expect(rig.threads.stopped).toBe(true);
    expect(rig.relay.commands.at(-1)).toEqual({ kind: 'dismissListeners', identity: ADA });
    expect([rig.store.closed, rig.relay.watchers]).toEqual([true, 0]);
    await rig.listening.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(rig.started).toHaveLength(1);
  });

  test('comes though the relay is gone', async () => {
    const rig = await openLobby();
    rig.threads.news.onIdentity(LOBBY, ADA);
    await settle();
    rig.relay.gone = true;
    await rig.listening.stop();
    expect(rig.store.closed).toBe(true);
  });
});

test('ports that others than its own listeners need are open whatever the switches say', async () => {
  const rig = await startRig(new ListeningRig({ alwaysOpen: true }));
  expect(rig.started).toHaveLength(1);
  expect([rig.threads.channels, rig.threads.standing.size]).toEqual([[], 0]);
  rig.threads.open();
  rig.relay.put(LOBBY, 'Lobby', { listeners: true });
  await settle();
  rig.relay.put(LOBBY, 'Lobby', { listeners: false });
  await settle();
  expect([rig.started.length, rig.threads.stopped, rig.listening.status]).toEqual([1, false, 'open']);
});

test('where listening is switched off, it can be settled and nothing is opened', async () => {
  const rig = new ListeningRig({ start: null });
  rig.relay.put(LOBBY, 'Lobby', { listeners: true });
  rig.listening.start();
  await settle();
  expect(rig.listening.save(LOBBY, { access: 'public' })).toEqual({ ok: true });
  expect(rig.listening.describe(LOBBY)).toMatchObject({
    access: 'public',
    links: null,
    sentence: 'Listening is switched off in the settings of this relay.',
  });
  expect([rig.started, rig.listening.status]).toEqual([[], 'closed']);
});
