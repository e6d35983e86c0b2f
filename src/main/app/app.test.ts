import { describe, expect, it } from 'vitest';
import { createRng } from '../../core/base/rng.ts';
import type { LaneFailure } from '../../core/session/session-engine.ts';
import type { RelayMessage } from '../../core/wire/control.ts';
import { App, type AppOptions } from './app.ts';
import type { LaneRequest, SettingsValues } from './ports.ts';

const CERTIFICATE = 'C'.repeat(43);
const welcome: RelayMessage = {
  type: 'welcome',
  token: 7,
  pathKey: 'A'.repeat(43),
  roomName: 'Room',
  channels: [{ id: 1, name: 'Lobby', config: { bitrate: 24_000, frameSamples: 960, redundancyCopies: 0 } }],
  members: [
    { token: 7, nickname: 'Ada', channel: 1, muted: false, deafened: false },
    { token: 8, nickname: 'Bob', channel: 1, muted: false, deafened: false },
  ],
};

/** An app whose relay is played by the test. */
function setUp(options: Partial<AppOptions> = {}) {
  let settings: SettingsValues = {
    nickname: '',
    activation: 'pushToTalk',
    gateThresholdDb: -45,
    pushToTalk: null,
    inputId: '',
    outputId: '',
    inviteAddress: null,
    knownRelays: {},
  };
  const lanes: LaneRequest[] = [];
  const heard: string[] = [];
  const note =
    (name: string) =>
    (...values: unknown[]): void => {
      heard.push([name, ...values.map(String)].join(' '));
    };
  const app = new App({
    version: '0',
    shell: 'browser',
    debug: false,
    defaultNickname: 'user',
    rng: createRng(1),
    settings: {
      get current() {
        return settings;
      },
      update: (change) => {
        settings = { ...settings, ...change };
      },
      rememberRelay: (name, sha256) => {
        settings = { ...settings, knownRelays: { ...settings.knownRelays, [name]: sha256 } };
      },
    },
    voice: {
      setActivation: note('activation'),
      setPushToTalk: note('held'),
      setMuted: note('muted'),
      setInRoom: note('inRoom'),
      setSelfTest: note('selfTest'),
      setCodec: note('codec'),
      setDeafened: note('deafened'),
      setVolume: note('volume'),
      forget: note('forget'),
      connect: note('connect'),
      disconnect: note('disconnect'),
    },
    openLane: (request) => {
      lanes.push(request);
      return { send: note('send'), close: note('close') };
    },
    startHosting: async () => ({ ok: false, sentence: 'No room here.' }),
    ...options,
  });
  const join = (target: string) => app.handlers.join({ target, nickname: 'Ada' });
  const lane = (): LaneRequest => {
    const last = lanes.at(-1);
    if (last === undefined) throw new Error('no lane was opened');
    return last;
  };
  /** Lets the app into the room, the relay's certificate included. */
  const enter = async (): Promise<void> => {
    const joined = join('room.example');
    expect(lane().acceptCertificate(CERTIFICATE)).toBe(true);
    lane().onDidOpen('192.0.2.1');
    lane().onMessage(JSON.stringify(welcome));
    expect(await joined).toEqual({ ok: true });
  };
  return { app, join, lane, lanes, heard, enter };
}

describe('App', () => {
  it('refuses what is no link with a sentence and counts it, without opening anything', async () => {
    const { app, join, lanes } = setUp();
    const answer = await join('https://example.org');
    expect(answer).toMatchObject({ ok: false, sentence: expect.stringContaining('sidetone://') });
    expect(lanes).toEqual([]);
    expect(Object.values(app.getStats().refused ?? {})).toEqual([1]);
  });

  it.each<[LaneFailure, RegExp]>([
    ['refused', /hosting/],
    ['nameNotFound', /name/],
    ['timeout', /./],
  ])('says why nobody answered (%s)', async (failure, sentence) => {
    const { join, lane } = setUp();
    const joined = join('room.example');
    lane().onDidClose(failure);
    expect(await joined).toMatchObject({ ok: false, sentence: expect.stringMatching(sentence) });
  });

  it('trusts a relay on first use, remembers it, and refuses another certificate later', async () => {
    const { app, join, lane, enter } = setUp();
    await enter();
    await app.handlers.leave(null);
    const again = join('room.example');
    expect(lane().acceptCertificate('D'.repeat(43))).toBe(false);
    lane().onDidClose('certificate');
    expect(await again).toMatchObject({ ok: false, sentence: expect.stringMatching(/CCCC.*DDDD/) });
    expect(app.getStats().session).toMatchObject({ certificatesRefused: 1 });
  });

  it('shows the room and has voice follow what the channel dictates', async () => {
    const { app, heard, enter } = setUp();
    await enter();
    expect(app.getState()).toMatchObject({
      connection: { phase: 'connected', roomName: 'Room', channelName: 'Lobby', bitrate: 24_000 },
      members: [
        { nickname: 'Ada', self: true },
        { nickname: 'Bob', self: false },
      ],
    });
    expect(heard).toContain('codec 24000 960');
    expect(heard.some((order) => order.startsWith('connect 192.0.2.1 48480 7'))).toBe(true);
    expect(heard.at(-1)).not.toBe('inRoom false');
  });

  it('forgets a member who left, volume included, and says that a stranger has none', async () => {
    const { app, lane, heard, enter } = setUp();
    await enter();
    expect(await app.handlers.setMemberVolume({ token: 8, volume: 0.5 })).toEqual({ ok: true });
    lane().onMessage(JSON.stringify({ type: 'memberLeft', token: 8 }));
    expect(heard).toContain('forget 8');
    expect(await app.handlers.setMemberVolume({ token: 8, volume: 1 })).toMatchObject({ ok: false });
  });

  it('passes on why a room could not be opened, and counts it', async () => {
    const { app } = setUp();
    const answer = await app.handlers.host({ roomName: 'R', nickname: 'Ada', address: null, port: 1 });
    expect(answer).toEqual({ ok: false, sentence: 'No room here.' });
    expect(app.getStats().refused).toEqual({ host: 1 });
    expect(app.getState().hosting).toEqual({ phase: 'off' });
  });

  it('releases the talk button when the window is gone', async () => {
    const { app, heard } = setUp();
    await app.handlers.setTalkButton({ down: true });
    expect(heard.at(-1)).toBe('held true');
    app.handleWindowGone();
    expect(heard.at(-1)).toBe('held false');
  });

  it('closes the microphone when the key hook has a problem', () => {
    const { app, heard } = setUp();
    app.handleKey(true);
    app.handleHotkeyProblem('It broke.');
    expect(heard.at(-1)).toBe('held false');
    expect(app.getState().hotkeyProblem).toBe('It broke.');
  });

  it('blocks its thread for nobody but a debugger', async () => {
    const { app } = setUp();
    expect(await app.handlers.blockMainThread({ milliseconds: 1 })).toMatchObject({ ok: false });
  });
});
