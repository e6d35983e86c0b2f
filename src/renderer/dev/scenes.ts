import type { AppState, Connection, Hosting, Member } from '../../contract/dto.ts';
import {
  channels,
  manyChannels,
  manyPeople,
  people,
  roles,
  ruledChannels,
  ruledPeople,
} from './scene-room.ts';
import { someConnection } from './some-connection.ts';
import { someMember } from './some-member.ts';
import { someChaos, someProcessing, someTalkTiming, someTesting } from './some-testing.ts';

const hosting: Extract<Hosting, { phase: 'on' }> = {
  phase: 'on',
  port: 48_480,
  address: '192.168.1.20',
  addresses: ['192.168.1.20', '10.8.0.3', '2001:db8::4f2a'],
  inviteLink: 'sidetone://192.168.1.20:48480/?cert=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXU',
  listening: [],
};

const noWhispers: AppState['whispers'] = {
  lists: [],
  replyBinding: null,
  capturing: null,
  activeTo: '',
  lastFrom: '',
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
  processing: someProcessing,
  processingProblems: [],
  talkTiming: someTalkTiming,
  testing: someTesting(),
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
  identity: { publicKey: 'kV9mXw2b7TqLr4Zs0AeHc8uYdJf5nGpR1iKoQ3tWvBM', storage: 'system', problem: '' },
  bookmarks: [
    {
      id: 1,
      name: 'Sunday net',
      address: 'voice.example.org',
      port: 48_480,
      nickname: 'Ada',
      hasPassword: true,
    },
    {
      id: 2,
      name: 'Jean-Luc’s room with a long name that does not end',
      address: '2001:db8::4f2a',
      port: 50_000,
      nickname: 'Ada Lovelace',
      hasPassword: false,
    },
  ],
  channels: [],
  roles: [],
  ownRules: { roles: '', channels: '', ban: '' },
  members: [],
  whispers: noWhispers,
  notices: [],
};

const room: AppState = {
  ...idle,
  connection: someConnection(),
  members: people,
  channels,
  roles,
  whispers: {
    ...noWhispers,
    lists: [
      {
        id: 1,
        name: 'Crew',
        targets: ['identity-2', 'identity-3', 'away-1'],
        binding: { device: 'keyboard', code: 67, label: 'F9' },
      },
      { id: 2, name: 'Those who left', targets: ['away-1'], binding: null },
    ],
    lastFrom: 'Grace',
  },
};

const noRight = 'Your role, Member, does not allow you to do that.';

const few = (count: number): Member[] => people.slice(0, count);

const whisperingIn: Member[] = people.map((one) => (one.token === 2 ? { ...one, whispering: true } : one));

const troubled = (part: Parameters<typeof someConnection>[0]): Connection => someConnection(part);

const chaotic = someTesting({
  chaos: someChaos({ lossPercent: 5, latencyMs: 120, jitterMs: 30, jitterDistribution: 'pareto' }),
  chaosOn: true,
  seed: 48_480,
  trace: { phase: 'recorded', packets: 4_210 },
  taps: {
    recording: true,
    folder: '/home/ada/.local/share/Sidetone/taps/2026-11-21 10-04-31',
    seconds: 83,
    problem: '',
  },
});

const scenes: Record<string, AppState> = {
  idle,
  fresh: { ...idle, nickname: '', pushToTalk: null, bookmarks: [] },
  connecting: { ...idle, connection: { phase: 'connecting', relay: 'voice.example.org:48480' } },
  hostingIdle: { ...idle, hosting },
  identityProblem: {
    ...idle,
    identity: {
      ...idle.identity,
      storage: 'file',
      problem: 'This system has no key store, so the key lies in a file that only you may read.',
    },
  },
  room,
  roomHost: { ...room, hosting },
  room1: { ...room, members: few(1), channels: channels.slice(0, 1), hosting },
  room3: { ...room, members: few(3) },
  noRights: {
    ...room,
    members: ruledPeople,
    channels: ruledChannels,
    ownRules: { roles: noRight, channels: noRight, ban: noRight },
    connection: troubled({
      channel: 5,
      channelName: 'Stage',
      speakRule: 'To speak in Stage you need the role Speaker; yours is Member.',
    }),
  },
  big: {
    ...room,
    channels: manyChannels,
    members: manyPeople,
    connection: troubled({
      roomName: 'The long room name that a friend of long names has given to this room',
      channelName: 'A channel with a name that is long as well',
    }),
  },
  /** Heard outside: the switch is on, and the member stands there. */
  openToListeners: {
    ...room,
    members: [
      ...people,
      someMember({ token: 90, nickname: 'Listeners', identity: 'gateway', listeners: true, safetyCode: '' }),
    ],
    channels: channels.map((one) =>
      one.id === 1 ? { ...one, config: { ...one.config, listeners: true } } : one,
    ),
  },
  /** As many voices at once as the figures are made for. */
  crowd: {
    ...room,
    members: [
      ...few(1),
      ...Array.from({ length: 20 }, (_, at) =>
        someMember({
          token: 100 + at,
          identity: `crowd-${at}`,
          nickname: `Voice number ${at + 1}`,
          talking: true,
        }),
      ),
    ],
  },
  onAir: { ...room, transmitting: true },
  muted: { ...room, muted: true },
  deafened: { ...room, muted: true, deafened: true, activation: 'open' },
  voiceActivity: { ...room, activation: 'voiceActivity' },
  noVoice: { ...room, connection: troubled({ voicePath: false, pingMs: null }) },
  reconnecting: { ...room, connection: { phase: 'reconnecting', relay: '192.168.1.20:48480', attempt: 4 } },
  waiting: {
    ...room,
    connection: troubled({ sealing: { state: 'waiting', epoch: 0, groupCode: '', strangers: 0 } }),
  },
  strangers: {
    ...room,
    connection: troubled({
      sealing: {
        state: 'sealed',
        epoch: 9,
        groupCode: '20417 88503 61972 04455 91036 77218',
        strangers: 2,
      },
      deafForMs: 7_000,
      voiceRoute: 'lane',
      channel: 5,
      channelName: 'Stage',
    }),
  },
  whisperedTo: { ...room, members: whisperingIn },
  whispering: { ...room, transmitting: true, whispers: { ...room.whispers, activeTo: 'Grace' } },
  capturing: { ...idle, capturingBinding: true },
  hotkeyProblem: {
    ...room,
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
  processingTrouble: {
    ...room,
    processing: { ...someProcessing, noiseSuppression: 'strong' },
    processingProblems: [
      {
        stage: 'noiseSuppression',
        sentence:
          'The strong noise suppression is too slow for this computer. Your voice is sent without it.',
      },
      { stage: 'voiceActivity', sentence: 'Speech is told from noise by loudness alone for now.' },
    ],
  },
  testing: { ...room, testing: chaotic },
  testingIdle: { ...idle, testing: chaotic },
  replaying: {
    ...room,
    testing: someTesting({ chaosOn: true, trace: { phase: 'replaying', packets: 1_204 } }),
  },
  tapsTrouble: {
    ...idle,
    testing: someTesting({
      taps: {
        recording: false,
        folder: '/home/ada/.local/share/Sidetone/taps/2026-11-21 10-04-31',
        seconds: 3_600,
        problem: 'The recording ended because it had reached an hour, the longest there is.',
      },
    }),
  },
  notices: {
    ...room,
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
