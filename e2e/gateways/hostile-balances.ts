import { VISIT_REFUSALS } from '../../src/core/program/programs.ts';

type Counted = Readonly<Record<string, number>>;

/** Two sums that must be the same; names without a prefix of their own stand under `group`. */
interface Balance {
  readonly group: string;
  readonly whole: string;
  readonly parts: readonly string[];
}

const SEATS = ['left', 'endedTooSlow', 'endedClosed', 'endedDefect'];
const DOOR = ['refusedFull', 'refusedNetwork', 'closed'];

/** When nobody is there any more: everybody who came is counted as gone, or as refused, once. */
const BALANCES: readonly Balance[] = [
  { group: 'visit', whole: 'admitted', parts: ['left'] },
  { group: 'frames', whole: 'joined', parts: SEATS },
  { group: 'pages', whole: 'joined', parts: SEATS },
  { group: 'units', whole: 'joined', parts: SEATS },
  { group: 'web', whole: 'connections', parts: DOOR },
  { group: 'rtsp', whole: 'connections', parts: DOOR },
  {
    group: 'ogg',
    whole: 'requests',
    parts: ['preflights', 'heads', 'playlists', 'listens', 'pipelined', ...VISIT_REFUSALS],
  },
  {
    group: 'ogg',
    whole: 'listens',
    parts: ['nothingOn', 'silent', 'tooSlow', 'closed', 'revoked', 'defect', 'away'],
  },
  { group: 'publish', whole: 'requests', parts: ['published', 'wrongType', ...VISIT_REFUSALS] },
  {
    group: 'publish',
    whole: 'published',
    parts: [
      'publisherLate',
      'finished',
      'aborted',
      'revoked',
      'stopped',
      'defect',
      'headMalformed',
      'headVersionUnknown',
      'tooManyChannels',
      'noOpus',
      'commentsTooLong',
      'noOgg',
      'publisherSilent',
      'programOver',
    ],
  },
  { group: 'rtsp', whole: 'requests', parts: ['answered', 'refused'] },
  { group: 'rtsp', whole: 'packets', parts: ['packetsRead', 'packetsDropped'] },
  { group: 'rtsp', whole: 'sessions', parts: ['sessionsTornDown', 'sessionsExpired', 'sessionsEnded'] },
  {
    group: 'signalling',
    whole: 'received',
    parts: [
      'forwarded',
      'held',
      'otherSideAway',
      'notForwarded',
      'tooFast',
      'messageTooLong',
      'messageNotJson',
      'messageUnknown',
    ],
  },
];

/** What is zero when nobody is there: places taken, and what must never happen at all. */
const ZEROS = [
  'visits',
  'listeners',
  'websocket.open',
  'audio_socket.open',
  'ogg.listening',
  'publish.publishing',
  'rtsp.connected',
  'webrtc.sessions',
  'http.defects',
  'websocket.defects',
  'audio_socket.defects',
  'signalling.defects',
  'rtsp.defects',
  'webrtc.defects',
  'publish.defect',
  'frames.endedDefect',
  'pages.endedDefect',
];

/** @returns what does not balance, in words; empty: everything does */
export function imbalances(counters: Counted): readonly string[] {
  const at = (name: string): number => {
    const count = counters[name];
    if (count === undefined) throw new Error(`nobody counts ${name}`);
    return count;
  };
  const wrong = ZEROS.filter((name) => at(name) !== 0).map((name) => `${name} is ${at(name)}`);
  for (const { group, whole, parts } of BALANCES) {
    const sum = parts.reduce((total, part) => total + at(`${group}.${part}`), 0);
    if (sum !== at(`${group}.${whole}`))
      wrong.push(`${group}.${whole} is ${at(`${group}.${whole}`)}, and its parts are ${sum}`);
  }
  return wrong;
}
