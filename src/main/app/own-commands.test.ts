import { describe, expect, it } from 'vitest';
import type { Binding } from '../../contract/dto.ts';
import { MAX_BOOKMARKS } from '../../contract/limits.ts';
import { simIdentity } from '../../core/sim/sim-room.ts';
import { AppRig, CERTIFICATE, OTHER_CERTIFICATE, settle } from './app-rig.ts';
import { MAX_KEPT_WHISPER_LISTS } from './whispers.ts';

const BOB = simIdentity(8);
const cottage = { id: null, name: 'Cottage', address: 'room.example', port: 4_000, nickname: 'Ada' };

describe('Bookmarks', () => {
  it('keeps a room, and enters it with the password that was kept', async () => {
    const rig = new AppRig();
    const { handlers } = rig.app;
    expect(await handlers.saveBookmark({ ...cottage, password: 'open sesame' })).toEqual({ ok: true });
    const [bookmark] = rig.app.getState().bookmarks;
    expect(bookmark).toEqual({
      id: 1,
      name: 'Cottage',
      address: 'room.example',
      port: 4_000,
      nickname: 'Ada',
      hasPassword: true,
    });
    const answer = handlers.joinBookmark({ id: 1 });
    await settle();
    expect(rig.lane.request).toMatchObject({ host: 'room.example', port: 4_000 });
    await rig.greet();
    expect(await answer).toEqual({ ok: true });
    expect(rig.take('hello')[0]).toMatchObject({ nickname: 'Ada', password: 'open sesame' });
  });

  it('keeps this room with its certificate and the password we came with', async () => {
    const rig = new AppRig();
    const { handlers } = rig.app;
    expect(await handlers.bookmarkThisRoom(null)).toMatchObject({ ok: false });
    await rig.enter(undefined, '[2001:db8::1]:4000', 'open sesame');
    expect(await handlers.bookmarkThisRoom(null)).toEqual({ ok: true });
    const facts = { name: 'Room', address: '2001:db8::1', port: 4_000, certificateSha256: CERTIFICATE };
    expect(rig.bookmarks.list()).toMatchObject([{ ...facts, hasPassword: true }]);
    expect(rig.bookmarks.password(1)).toBe('open sesame');
    expect(await handlers.bookmarkThisRoom(null)).toEqual({
      ok: false,
      sentence: '[2001:db8::1]:4000 is among your bookmarks already.',
    });
  });

  it('holds a room to the certificate it was kept with', async () => {
    const rig = new AppRig();
    await rig.enter();
    await rig.app.handlers.bookmarkThisRoom(null);
    await rig.app.handlers.leave(null);
    rig.people.relays.clear();
    const answer = rig.app.handlers.joinBookmark({ id: 1 });
    await settle();
    expect(rig.lane.request.acceptCertificate(OTHER_CERTIFICATE)).toBe(false);
    rig.lane.request.onDidClose('certificate');
    expect(await answer).toMatchObject({ ok: false });
  });

  it('keeps what it knows of a machine that stays, and forgets it with another address', async () => {
    const rig = new AppRig();
    const { handlers } = rig.app;
    await rig.enter(undefined, 'room.example', 'open sesame');
    await handlers.bookmarkThisRoom(null);
    const kept = { ...cottage, id: 1, port: 48_480 };
    await handlers.saveBookmark(kept);
    expect(rig.bookmarks.list()).toMatchObject([{ name: 'Cottage', certificateSha256: CERTIFICATE }]);
    expect(rig.bookmarks.password(1)).toBe('open sesame');
    await handlers.saveBookmark({ ...kept, port: 48_481 });
    expect(rig.bookmarks.list()).toMatchObject([{ port: 48_481, certificateSha256: null }]);
    await handlers.saveBookmark({ ...kept, password: null });
    expect(rig.bookmarks.password(1)).toBeNull();
    await handlers.removeBookmark({ id: 1 });
    expect(rig.app.getState().bookmarks).toEqual([]);
    expect(await handlers.joinBookmark({ id: 1 })).toEqual({ ok: false, sentence: 'That bookmark is gone.' });
  });

  it.each([
    ['2001:DB8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    [' Room.Example ', 'room.example'],
  ])('understands the address %j', async (address, host) => {
    const rig = new AppRig();
    expect(await rig.app.handlers.saveBookmark({ ...cottage, address })).toEqual({ ok: true });
    expect(rig.bookmarks.list()).toMatchObject([{ address: host, port: 4_000 }]);
  });

  it.each([
    ['address', { address: 'not a host' }, 'joinTarget.spaces', /no spaces/],
    ['address with a port of its own', { address: 'room.example:1' }, 'joinTarget.badHost', /address/],
    ['link', { address: 'sidetone://room.example' }, 'joinTarget.badHost', /address/],
    ['name', { name: ' ' }, 'name', /the bookmark a name/],
    ['nickname', { nickname: '' }, 'nickname', /nickname/],
    ['password', { password: 'x'.repeat(129) }, 'password', /1 to 128/],
  ])('refuses a bad %s, and counts it', async (_, change, reason, sentence) => {
    const rig = new AppRig();
    expect(await rig.app.handlers.saveBookmark({ ...cottage, ...change })).toMatchObject({
      ok: false,
      sentence: expect.stringMatching(sentence),
    });
    expect(rig.bookmarks.list()).toEqual([]);
    expect(rig.refused).toEqual({ [reason]: 1 });
  });

  it('keeps a bounded number, and lets those be changed', async () => {
    const rig = new AppRig();
    for (let count = 1; count <= MAX_BOOKMARKS; count += 1)
      await rig.app.handlers.saveBookmark({ ...cottage, port: count });
    expect(await rig.app.handlers.saveBookmark(cottage)).toMatchObject({ ok: false });
    await rig.enter();
    expect(await rig.app.handlers.bookmarkThisRoom(null)).toMatchObject({ ok: false });
    expect(await rig.app.handlers.saveBookmark({ ...cottage, id: 1 })).toEqual({ ok: true });
    expect(rig.bookmarks.list()).toHaveLength(MAX_BOOKMARKS);
  });
});

describe('Whisper lists', () => {
  const F8: Binding = { device: 'keyboard', code: 66, label: 'F8' };

  async function withKeys() {
    const rig = new AppRig();
    const bound = new Map<string, Binding | null>();
    const captures: string[] = [];
    rig.app.attachKeys({
      setBinding: (name, binding) => bound.set(name, binding),
      startCapture: (name) => captures.push(name),
      cancelCapture: () => captures.push('cancelled'),
    });
    await rig.enter();
    return { rig, bound, captures, handlers: rig.app.handlers };
  }

  it('makes, changes and removes a list, and whispers to it by its key', async () => {
    const { rig, bound, captures, handlers } = await withKeys();
    await handlers.saveWhisperList({ list: null, name: 'Friends', targets: [BOB, BOB] });
    await settle();
    const target = 0x8000_0001;
    expect(rig.takeRequest().request).toEqual({ kind: 'whisperList', list: target, targets: [8] });
    expect(rig.take('whisperKey')).toMatchObject([{ to: 8, target }]);
    await handlers.captureWhisperBinding({ key: 1, capturing: true });
    expect([captures, rig.app.getState().whispers.capturing]).toEqual([['whisper.1'], 1]);
    rig.app.handleBindingCaptured('whisper.1', F8);
    expect(rig.app.getState().whispers.lists).toEqual([
      { id: 1, name: 'Friends', targets: [BOB], binding: F8 },
    ]);
    rig.app.handleKey('whisper.1', true);
    expect(rig.app.getState().whispers.activeTo).toBe('Friends');
    rig.app.handleKey('whisper.1', false);
    expect(rig.orders.at(-1)).toBe('whisper null');
    await handlers.saveWhisperList({ list: 1, name: 'Family', targets: [] });
    expect(rig.app.getState().whispers.lists).toEqual([{ id: 1, name: 'Family', targets: [], binding: F8 }]);
    expect(rig.takeRequest().request).toEqual({ kind: 'whisperList', list: target, targets: [] });
    await handlers.clearWhisperBinding({ key: 1 });
    expect(bound.get('whisper.1')).toBeNull();
    await handlers.removeWhisperList({ list: 1 });
    expect(rig.app.getState().whispers.lists).toEqual([]);
  });

  it('refuses a list without a name, and one too many', async () => {
    const { rig, handlers } = await withKeys();
    expect(await handlers.saveWhisperList({ list: null, name: '', targets: [] })).toMatchObject({
      ok: false,
      sentence: expect.stringContaining('the list'),
    });
    expect(rig.refused).toEqual({ name: 1 });
    for (let count = 1; count <= MAX_KEPT_WHISPER_LISTS; count += 1)
      await handlers.saveWhisperList({ list: null, name: `List ${count}`, targets: [] });
    expect(await handlers.saveWhisperList({ list: null, name: 'One more', targets: [] })).toMatchObject({
      ok: false,
    });
    expect(await handlers.saveWhisperList({ list: 1, name: 'Renamed', targets: [] })).toEqual({ ok: true });
    expect(rig.settings.current.whisperLists).toHaveLength(MAX_KEPT_WHISPER_LISTS);
  });

  it('binds no key to a list that is gone', async () => {
    const { captures, handlers } = await withKeys();
    expect(await handlers.captureWhisperBinding({ key: 7, capturing: true })).toEqual({
      ok: false,
      sentence: 'That whisper list is gone.',
    });
    expect(captures).toEqual([]);
    expect(await handlers.captureWhisperBinding({ key: 'reply', capturing: true })).toEqual({ ok: true });
  });

  it('says that nobody hears a whisper', async () => {
    const { rig, handlers } = await withKeys();
    await handlers.setWhisperButton({ target: { kind: 'reply' }, down: true });
    expect(rig.orders.at(-1)).toBe('whisper -1');
    expect(rig.notices).toEqual(['Nobody is here whom that whisper could go to.']);
  });
});

describe('Identity', () => {
  const text = `${simIdentity(5)} passphrase`;

  it('goes out under a passphrase', async () => {
    const { handlers } = new AppRig().app;
    expect(await handlers.exportIdentity({ passphrase: 'passphrase' })).toEqual({
      ok: true,
      text: `${simIdentity(1)} passphrase`,
    });
    expect(await handlers.exportIdentity({ passphrase: 'short' })).toMatchObject({ ok: false });
  });

  it('comes in outside of rooms', async () => {
    const rig = new AppRig();
    const wrong = await rig.app.handlers.importIdentity({ text, passphrase: 'another' });
    expect(wrong).toMatchObject({ ok: false });
    expect(rig.refused).toEqual({ importIdentity: 1 });
    expect(await rig.app.handlers.importIdentity({ text, passphrase: 'passphrase' })).toEqual({ ok: true });
    expect(rig.app.getState().identity.publicKey).toBe(simIdentity(5));
  });

  it('does not come in while we are known by another, or are on the way in', async () => {
    const rig = new AppRig();
    const given = { text, passphrase: 'passphrase' };
    const refused = { ok: false, sentence: expect.stringContaining('Leave the room first') };
    const joining = rig.app.handlers.join({ target: 'room.example', nickname: 'Ada', password: null });
    expect(await rig.app.handlers.importIdentity(given)).toMatchObject(refused);
    await settle();
    await rig.greet();
    await joining;
    expect(await rig.app.handlers.importIdentity(given)).toMatchObject(refused);
    rig.lane.request.onDidClose('closed');
    expect(await rig.app.handlers.importIdentity(given)).toMatchObject(refused);
    expect(rig.identity.publicKey).toBe(simIdentity(1));
    await rig.app.handlers.leave(null);
    expect(await rig.app.handlers.importIdentity(given)).toEqual({ ok: true });
  });

  it('lets nobody in before it has come in whole', async () => {
    const rig = new AppRig();
    let go = (): void => {};
    rig.identity.gate = () =>
      new Promise((resolve) => {
        go = resolve;
      });
    const importing = rig.app.handlers.importIdentity({ text, passphrase: 'passphrase' });
    await settle();
    const { answer } = await rig.begin();
    expect(rig.lanes).toEqual([]);
    rig.identity.gate = () => Promise.resolve();
    go();
    expect(await importing).toEqual({ ok: true });
    await settle();
    await rig.greet();
    expect(await answer).toEqual({ ok: true });
    expect(rig.take('hello')[0]?.identity).toBe(simIdentity(5));
  });
});
