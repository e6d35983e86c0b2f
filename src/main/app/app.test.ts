import { describe, expect, it } from 'vitest';
import { appStateSchema } from '../../contract/dto.ts';
import { base64UrlToBytes, bytesToBase64Url } from '../../core/base/base64url.ts';
import type { LaneFailure } from '../../core/session/session-engine.ts';
import { simIdentity } from '../../core/sim/sim-room.ts';
import { PROTOCOL_VERSION } from '../../core/wire/control.ts';
import { loginStatement } from '../../core/wire/login.ts';
import {
  AppRig,
  CERTIFICATE,
  EXPORTER,
  NONCE,
  OTHER_CERTIFICATE,
  settle,
  welcomeMessage,
} from './app-rig.ts';
import { toySignature } from './toy-identity.ts';

describe('App at the door', () => {
  it('refuses what is no link with a sentence and counts it, without opening anything', async () => {
    const rig = new AppRig();
    const { answer } = await rig.begin('https://example.org');
    expect(await answer).toMatchObject({ ok: false, sentence: expect.stringContaining('sidetone://') });
    expect(rig.lanes).toEqual([]);
    expect(Object.values(rig.refused)).toEqual([1]);
  });

  it.each([
    ['a nickname that shows nothing', { nickname: ' ', password: null }, 'nickname'],
    ['a password of no characters', { nickname: 'Ada', password: '' }, 'password'],
    ['a password no relay reads', { nickname: 'Ada', password: 'x'.repeat(129) }, 'password'],
  ])('refuses %s', async (_, given, reason) => {
    const rig = new AppRig();
    const answer = await rig.app.handlers.join({ target: 'room.example', ...given });
    expect(answer).toMatchObject({ ok: false, sentence: expect.stringMatching(/\.$/) });
    expect(rig.lanes).toEqual([]);
    expect(rig.refused).toEqual({ [reason]: 1 });
  });

  it.each<[LaneFailure, RegExp]>([
    ['refused', /hosting/],
    ['nameNotFound', /name/],
    ['timeout', /./],
  ])('says why nobody answered (%s)', async (failure, sentence) => {
    const rig = new AppRig();
    const { answer } = await rig.begin();
    rig.lane.request.onDidClose(failure);
    expect(await answer).toMatchObject({ ok: false, sentence: expect.stringMatching(sentence) });
    expect(rig.app.getState().connection).toEqual({ phase: 'idle' });
  });

  it('says hello with its identity and the password, and signs for this connection and its whisper key', async () => {
    const rig = new AppRig();
    const { answer } = await rig.begin('room.example', 'open sesame');
    expect(rig.app.getState().connection).toEqual({ phase: 'connecting', relay: 'room.example:48480' });
    await rig.greet();
    expect(await answer).toEqual({ ok: true });
    expect(rig.take('hello')).toEqual([
      {
        type: 'hello',
        protocol: PROTOCOL_VERSION,
        nickname: 'Ada',
        identity: simIdentity(1),
        password: 'open sesame',
      },
    ]);
    const [login] = rig.take('login');
    const whisperKey = base64UrlToBytes(login?.whisperKey.key ?? '') ?? new Uint8Array();
    const statement = loginStatement(EXPORTER, NONCE, whisperKey);
    expect(login?.signature).toBe(bytesToBase64Url(toySignature(simIdentity(1), statement)));
    expect(rig.settings.current.nickname).toBe('Ada');
  });

  it('says what the relay said when it does not let us in', async () => {
    const rig = new AppRig();
    const { answer } = await rig.begin();
    rig.lane.request.onDidOpen({ remoteAddress: '192.0.2.1', exporter: EXPORTER });
    const rule = { kind: 'banned', untilMs: null, reason: 'Noise.' } as const;
    await rig.say({ type: 'refused', code: 'banned', rule, request: null, chat: null });
    expect(await answer).toEqual({
      ok: false,
      sentence: 'You are banned from this room for good. The reason given: Noise.',
    });
  });

  it('trusts a relay on first use, remembers it, and refuses another certificate later', async () => {
    const rig = new AppRig();
    await rig.enter();
    expect(rig.people.relays.get('room.example:48480')).toBe(CERTIFICATE);
    await rig.app.handlers.leave(null);
    const { answer } = await rig.begin();
    expect(rig.lane.request.acceptCertificate(OTHER_CERTIFICATE)).toBe(false);
    rig.lane.request.onDidClose('certificate');
    expect(await answer).toMatchObject({ ok: false, sentence: expect.stringMatching(/cccc.*dddd/) });
    expect(rig.app.getStats().session).toMatchObject({ certificatesRefused: 1 });
    expect(rig.people.relays.get('room.example:48480')).toBe(CERTIFICATE);
  });

  it('enters although the certificate cannot be saved, and says so', async () => {
    const rig = new AppRig();
    rig.people.failing = true;
    await rig.enter();
    expect(rig.notices).toEqual([expect.stringContaining('room.example:48480 could not be saved')]);
    expect(rig.connected.roomName).toBe('Room');
  });

  it('lets the later of two attempts count, and tells the earlier', async () => {
    const rig = new AppRig();
    const first = rig.app.handlers.join({ target: 'first.example', nickname: 'Ada', password: null });
    const second = await rig.begin('second.example');
    expect(await first).toEqual({ ok: false, sentence: 'You left.' });
    expect(rig.lanes.map(({ request }) => request.host)).toEqual(['second.example']);
    await rig.greet();
    expect(await second.answer).toEqual({ ok: true });
    const third = await rig.begin('third.example');
    const fourth = await rig.begin('fourth.example');
    expect(await third.answer).toEqual({ ok: false, sentence: 'You left.' });
    await rig.greet();
    expect(await fourth.answer).toEqual({ ok: true });
  });

  it('goes nowhere when the person leaves while the whisper key is made', async () => {
    const rig = new AppRig();
    let go = (): void => {};
    rig.identity.gate = () =>
      new Promise((resolve) => {
        go = resolve;
      });
    const { answer } = await rig.begin();
    await rig.app.handlers.leave(null);
    go();
    expect(await answer).toEqual({ ok: false, sentence: 'You left.' });
    expect(rig.lanes).toEqual([]);
    expect(rig.app.getState().connection).toEqual({ phase: 'idle' });
  });

  it('can enter again after the identity refused to make a whisper key', async () => {
    const rig = new AppRig();
    rig.identity.gate = () => Promise.reject(new Error('no entropy'));
    await expect(
      rig.app.handlers.join({ target: 'room.example', nickname: 'Ada', password: null }),
    ).rejects.toThrow('no entropy');
    rig.identity.gate = () => Promise.resolve();
    const text = `${simIdentity(5)} passphrase`;
    expect(await rig.app.handlers.importIdentity({ text, passphrase: 'passphrase' })).toEqual({ ok: true });
    await rig.enter(welcomeMessage());
    expect(rig.take('hello')[0]?.identity).toBe(simIdentity(5));
  });
});

describe('App in a room', () => {
  it('shows the room as the contract says, and has voice follow what the channel dictates', async () => {
    const rig = new AppRig();
    await rig.enter();
    const state = rig.app.getState();
    expect(appStateSchema.safeParse(state).error).toBeUndefined();
    expect(state).toMatchObject({
      connection: {
        phase: 'connected',
        roomName: 'Room',
        channel: 1,
        channelName: 'Lobby',
        bitrate: 32_000,
        voicePath: false,
        voiceRoute: 'udp',
        sealing: { state: 'waiting' },
      },
      members: [
        { nickname: 'Ada', self: true },
        { nickname: 'Bob', self: false, keys: 'waiting' },
      ],
    });
    expect(rig.orders).toContain('codec 32000 960');
    expect(rig.orders).toContain('connect 192.0.2.1 48480 7');
    expect(rig.orders.filter((order) => order.startsWith('inRoom')).at(-1)).toBe('inRoom true');
  });

  it('shows how voice gets through, and for how long it has not', async () => {
    const rig = new AppRig();
    await rig.enter();
    rig.app.handleVoiceFact({ kind: 'path', alive: false, pingMs: null, deafForMs: 4_000 });
    rig.app.handleVoiceFact({ kind: 'voicePath', path: 'lane' });
    expect(rig.connected).toMatchObject({ voicePath: false, deafForMs: 4_000, voiceRoute: 'lane' });
    expect(rig.take('voicePath').at(-1)).toEqual({ type: 'voicePath', path: 'lane' });
    rig.app.handleVoiceFact({ kind: 'laneDatagram', bytes: Uint8Array.of(1, 2) });
    expect(rig.lane.datagrams).toEqual([Uint8Array.of(1, 2)]);
    rig.app.handleVoiceFact({ kind: 'path', alive: true, pingMs: 20, deafForMs: null });
    expect(rig.connected).toMatchObject({ voicePath: true, pingMs: 20, deafForMs: null });
  });

  it('forgets a member who left, and says so to whoever still turns a knob', async () => {
    const rig = new AppRig();
    await rig.enter();
    await rig.say({ type: 'memberLeft', token: 8 });
    expect(rig.orders).toContain('forget 8');
    expect(await rig.app.handlers.setMemberVolume({ token: 8, volume: 1 })).toMatchObject({ ok: false });
  });

  it('leaves nothing of a room behind', async () => {
    const rig = new AppRig();
    await rig.enter(welcomeMessage(), 'room.example', 'open sesame');
    rig.app.handleVoiceFact({ kind: 'meters', outputDb: -20, talkingTokens: [8], whisperingTokens: [8] });
    rig.app.handleVoiceFact({ kind: 'voicePath', path: 'lane' });
    await rig.app.handlers.setWhisperButton({ target: { kind: 'member', token: 8 }, down: true });
    await rig.app.handlers.sendChat({ target: { kind: 'channel', channel: 1 }, text: 'hello' });
    const spoken = rig.orders.length;
    await rig.app.handlers.leave(null);
    expect(rig.lane.sent.at(-1)).toEqual({ type: 'bye' });
    expect(rig.lane.closed).toBe(true);
    expect(rig.orders.slice(spoken)).toEqual(
      expect.arrayContaining([
        'inRoom false',
        'disconnect',
        'forget 8',
        'whisperTarget 1 null',
        'whisper null',
      ]),
    );
    const state = rig.app.getState();
    expect(state).toMatchObject({ connection: { phase: 'idle' }, members: [], channels: [], roles: [] });
    expect(state.whispers).toMatchObject({ activeTo: '', lastFrom: '' });
    expect(await rig.app.handlers.getConversations(null)).toEqual([]);
    expect(await rig.app.handlers.bookmarkThisRoom(null)).toMatchObject({ ok: false });
  });

  it('says when the room is over without having been left', async () => {
    const rig = new AppRig();
    await rig.enter();
    await rig.say({ type: 'refused', code: 'relayClosing', rule: null, request: null, chat: null });
    expect(rig.app.getState().connection).toEqual({ phase: 'idle' });
    expect(rig.notices).toEqual(['The host closed this room.']);
  });
});

describe('App', () => {
  it('passes on why a room could not be opened, and counts it', async () => {
    const rig = new AppRig();
    const room = { roomName: 'R', nickname: 'Ada', address: null, port: 1 };
    expect(await rig.app.handlers.host(room)).toEqual({ ok: false, sentence: 'No room here.' });
    expect(await rig.app.handlers.host({ ...room, roomName: '\u202e' })).toMatchObject({
      ok: false,
      sentence: expect.stringContaining('the room'),
    });
    expect(rig.refused).toEqual({ host: 1, name: 1 });
    expect(rig.app.getState().hosting).toEqual({ phase: 'off' });
  });

  it('releases talk and whisper buttons when the window is gone', async () => {
    const rig = new AppRig();
    await rig.enter();
    await rig.app.handlers.setTalkButton({ down: true });
    await rig.app.handlers.setWhisperButton({ target: { kind: 'member', token: 8 }, down: true });
    expect(rig.app.getState().whispers.activeTo).toBe('Bob');
    rig.app.handleWindowGone();
    expect(rig.orders.slice(-2)).toEqual(['held false', 'whisper null']);
    expect(rig.app.getState().whispers.activeTo).toBe('');
  });

  it('closes what keys hold open when the key hook has a problem, and not what the window holds', async () => {
    const rig = new AppRig();
    await rig.enter();
    rig.app.handleKey('pushToTalk', true);
    rig.app.handleKey('reply', true);
    await rig.app.handlers.setWhisperButton({ target: { kind: 'member', token: 8 }, down: true });
    rig.app.handleHotkeyProblem('It broke.');
    expect(rig.orders).toContain('held false');
    expect(rig.app.getState()).toMatchObject({ hotkeyProblem: 'It broke.', whispers: { activeTo: 'Bob' } });
    await rig.app.handlers.setWhisperButton({ target: { kind: 'member', token: 8 }, down: false });
    expect(rig.orders.at(-1)).toBe('whisper null');
  });

  it('announces several changes of one turn once', async () => {
    const rig = new AppRig();
    let announced = 0;
    rig.app.onStateChanged(() => {
      announced += 1;
    });
    await rig.app.handlers.setMuted({ muted: true });
    await rig.app.handlers.setMuted({ muted: false });
    await new Promise((resolve) => setImmediate(resolve));
    expect(announced).toBe(1);
  });

  it('blocks its thread for nobody but a debugger', async () => {
    const rig = new AppRig();
    expect(await rig.app.handlers.blockMainThread({ milliseconds: 1 })).toMatchObject({ ok: false });
  });

  it('leaves the room and the lane when it closes', async () => {
    const rig = new AppRig();
    await rig.enter();
    await rig.app.close();
    await settle();
    expect(rig.lane.closed).toBe(true);
  });
});
