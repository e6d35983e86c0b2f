import type { AppState, Connection, Hosting, Member } from '../../contract/dto.ts';

const NAMES = [
  'Ada Lovelace',
  'Grace',
  'Wolfeschlegelsteinhausenberge',
  'Jean-Luc',
  '李小龙',
  'محمد',
  'Zoë',
  'x',
  'The Artist Formerly Known',
  'guest 2',
  'guest 10',
  'Łukasz Żółć',
] as const;

function members(count: number): Member[] {
  return NAMES.slice(0, count).map((nickname, index) => ({
    token: index + 1,
    nickname,
    self: index === 0,
    talking: index === 1 || index === 6,
    muted: index === 2 || index === 8,
    deafened: index === 8,
    volume: index === 3 ? 0.35 : index === 2 ? 2 : 1,
  }));
}

const connected: Extract<Connection, { phase: 'connected' }> = {
  phase: 'connected',
  relay: '192.168.1.20:48480',
  roomName: 'Ada’s room',
  channelName: 'Lobby',
  bitrate: 32_000,
  voicePath: true,
  pingMs: 24.3,
};

const hosting: Extract<Hosting, { phase: 'on' }> = {
  phase: 'on',
  port: 48_480,
  address: '192.168.1.20',
  addresses: ['192.168.1.20', '10.8.0.3', '2001:db8::4f2a'],
  inviteLink: 'sidetone://192.168.1.20:48480/#fp=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXU',
};

const idle: AppState = {
  version: '0.1.0',
  shell: 'browser',
  nickname: 'Ada Lovelace',
  muted: false,
  deafened: false,
  transmitting: false,
  activation: 'pushToTalk',
  gateThresholdDb: -42,
  pushToTalk: { device: 'keyboard', code: 66, label: 'F8' },
  capturingBinding: false,
  hotkeyProblem: '',
  hearYourself: false,
  audioBackend: 'naudiodon',
  input: {
    devices: [
      { id: 'a', name: 'Built-in Audio Analogue Stereo' },
      { id: 'b', name: 'Blue Yeti USB Microphone, Analogue Stereo, Front Left' },
    ],
    selectedId: 'b',
    status: 'running',
    reason: '',
  },
  output: { devices: [{ id: 'a', name: 'Headphones' }], selectedId: '', status: 'running', reason: '' },
  connection: { phase: 'idle' },
  hosting: { phase: 'off' },
  members: [],
  notices: [],
};

const room3: AppState = { ...idle, connection: connected, members: members(3) };

const scenes: Record<string, AppState> = {
  idle,
  fresh: { ...idle, nickname: '', pushToTalk: null },
  connecting: { ...idle, connection: { phase: 'connecting', relay: 'voice.example.org:48480' } },
  hostingIdle: { ...idle, hosting },
  room1: { ...idle, connection: connected, members: members(1), hosting },
  room3: room3,
  room3host: { ...room3, hosting },
  room12: {
    ...room3,
    members: members(12),
    connection: {
      ...connected,
      roomName: 'The long room name that a friend of long names has given to this room',
      channelName: 'A channel with a name that is long as well',
    },
  },
  onAir: { ...room3, transmitting: true },
  muted: { ...room3, muted: true },
  deafened: { ...room3, muted: true, deafened: true, activation: 'open' },
  voiceActivity: { ...room3, activation: 'voiceActivity' },
  noVoice: { ...room3, connection: { ...connected, voicePath: false, pingMs: null } },
  reconnecting: { ...room3, connection: { phase: 'reconnecting', relay: '192.168.1.20:48480', attempt: 4 } },
  capturing: { ...idle, capturingBinding: true },
  hotkeyProblem: {
    ...idle,
    hotkeyProblem: 'Keys outside of this window are not seen: there is no X server to listen to.',
  },
  noSound: {
    ...idle,
    audioBackend: 'null',
    input: { devices: [], selectedId: '', status: 'absent', reason: '' },
    output: { devices: [], selectedId: '', status: 'absent', reason: '' },
  },
  deviceTrouble: {
    ...idle,
    input: { ...idle.input, status: 'failed', reason: 'Another program holds it.' },
    output: { ...idle.output, selectedId: 'gone', status: 'lost', reason: '' },
  },
  notices: {
    ...room3,
    notices: [
      { id: 1, severity: 'info', text: 'Grace joined the room.' },
      {
        id: 2,
        severity: 'warning',
        text: 'Your microphone was unplugged. It is picked up again when it comes back.',
      },
      { id: 3, severity: 'error', text: 'The host closed this room.' },
    ],
  },
};

/** A state of the program by its name; unknown names are an error that names the known ones. */
export function sceneState(name: string): AppState {
  const scene = scenes[name];
  if (scene === undefined) throw new Error(`Scenes: ${Object.keys(scenes).join(', ')}`);
  return scene;
}
