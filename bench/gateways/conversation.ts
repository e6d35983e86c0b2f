import { setTimeout as sleep } from 'node:timers/promises';
import { Scene } from '../../e2e/gateways/check.ts';
import type { RoomMember } from '../../e2e/gateways/room-member.ts';
import { WebSocketClient } from '../../e2e/gateways/websocket-client.ts';
import { LOBBY, WholeRoom } from '../../e2e/gateways/whole-room.ts';
import { watchLoad } from '../../e2e/rig/machine-load.ts';
import { align } from '../../e2e/sound/align.ts';
import { intelligibility } from '../../e2e/sound/stoi.ts';
import { assert } from '../../src/core/base/assert.ts';
import { readWhoTalkieFrame } from '../../src/core/framing/whotalkie-frame.ts';
import { VoiceDecoder } from '../../src/main/voice/opus.ts';
import { spreadOf } from '../relay/statistics.ts';
import type { Row } from '../report.ts';
import { Listeners } from './listeners.ts';
import { timesOf, workerThreads } from './thread-times.ts';

const RATE_HZ = 48_000;
const FRAME_SAMPLES = 960;

/** What is compared and timed at a time, in samples: the mix moves its delay between pieces, if at all. */
const PIECE_SAMPLES = 38_400;

/** How far the delay of a piece may be from that of the whole, in samples. */
const SLACK_SAMPLES = 7_200;

/** Before anything is said the mix runs, and whatever it has to learn of the talker's clock it learns, in ms. */
const SETTLE_MS = 1_500;

/** What is on its way when the last word was said, in ms. */
const REST_MS = 1_000;

/** Listeners besides the one that is measured: a conversation is mixed once, however many there are. */
const CROWDS = [0, 200] as const;

/** Sound as one listener got it: samples, and when the packet that holds them came. */
interface Heard {
  readonly samples: Float32Array;
  /** By frame of 20 ms. */
  readonly arrivedMs: readonly number[];
}

/**
 * How long a voice takes to listeners of a conversation: from its datagram's leaving, through the relay, the mix and
 * the gateway, to their socket. The 20 ms in which a frame is spoken, and a player's own buffer, come on top.
 */
export async function measureConversation(
  root: string,
  programPath: string,
  rounds: number,
  progress: (text: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const crowd of round % 2 === 1 ? CROWDS : CROWDS.toReversed()) {
      progress(`round ${round}: a conversation, ${crowd + 1} listening`);
      rows.push({
        check: `conversation, ${crowd + 1} WebSocket, round ${round}`,
        ...(await measureOnce(root, programPath, crowd)),
      });
    }
  }
  return rows;
}

async function measureOnce(root: string, programPath: string, crowd: number): Promise<Row> {
  const scene = new Scene(root, root);
  try {
    const room = await WholeRoom.open(scene, {
      NODE_OPTIONS: '',
      SIDETONE_RELAY_LISTENERS_PER_ADDRESS: '5000',
    });
    const talker = await room.enter('Talker');
    await room.openChannel(LOBBY, { access: 'public', maxListeners: crowd + 1 });
    await talker.settle();
    const entrance = { port: room.listenPort, path: '/ws?channel=lobby' };
    if (crowd > 0) {
      const others = await Listeners.join(programPath, { kind: 'ws', count: crowd, stalled: 0, ...entrance });
      scene.defer(() => others.stop());
    }
    const listener = await WebSocketClient.open(`ws://127.0.0.1:${entrance.port}${entrance.path}`, {
      type: 'hello',
    });
    scene.defer(() => listener.close());
    await sleep(SETTLE_MS);
    return await listenTo(talker, await scene.speech(), listener, room.relay.child.pid);
  } finally {
    await scene.close();
  }
}

async function listenTo(
  talker: RoomMember,
  speech: Float32Array,
  listener: WebSocketClient,
  pid: number,
): Promise<Row> {
  const [, , mix] = workerThreads(pid);
  assert(mix !== undefined, 'the members of the gateways have a thread of their own');
  const load = watchLoad();
  const [startMs, before] = [performance.now(), timesOf(pid, mix)];
  const leftMs = await talker.say(speech);
  const [tookMs, after] = [performance.now() - startMs, timesOf(pid, mix)];
  await sleep(REST_MS);
  const { delaysMs, stois } = compare(speech, leftMs, soundOf(listener));
  const sorted = delaysMs.toSorted((one, other) => one - other);
  const at = (part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN;
  return {
    frames: sorted.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    stoiMedian: spreadOf(stois).median,
    mixCpuPercent: ((after.ranMs - before.ranMs) / tookMs) * 100,
    mixWaitedPercent: ((after.waitedMs - before.waitedMs) / tookMs) * 100,
    busyPercent: load().busyPercent,
  };
}

function soundOf({ messages, arrivedMs }: WebSocketClient): Heard {
  const decoder = new VoiceDecoder();
  const samples = new Float32Array(messages.length * FRAME_SAMPLES);
  messages.forEach((message, index) => {
    const reading = readWhoTalkieFrame(message);
    if (!reading.ok) throw new Error(`a frame that is none: ${reading.reason}`);
    const count = decoder.decode(
      reading.frame.payload,
      samples.subarray(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES),
    );
    if (count !== FRAME_SAMPLES) throw new Error(`a frame of ${count} samples`);
  });
  return { samples, arrivedMs };
}

/** Where each frame that was said is in what was heard, and when the last of it came. Pauses are left out. */
function compare(
  speech: Float32Array,
  leftMs: readonly number[],
  heard: Heard,
): { readonly delaysMs: readonly number[]; readonly stois: readonly number[] } {
  const whole = align(speech, heard.samples);
  if (whole === null) throw new Error('nothing was heard');
  const delaysMs: number[] = [];
  const stois: number[] = [];
  for (let at = 0; at + PIECE_SAMPLES <= speech.length; at += PIECE_SAMPLES) {
    const piece = speech.subarray(at, at + PIECE_SAMPLES);
    // Words are like one another: only where the whole lies is looked for its pieces.
    const nearest = Math.max(0, Math.round(whole.delaySamples) + at - SLACK_SAMPLES);
    const near = heard.samples.subarray(nearest, nearest + PIECE_SAMPLES + 2 * SLACK_SAMPLES);
    const place = align(piece, near, { minLag: 0, maxLag: 2 * SLACK_SAMPLES });
    const from = nearest + Math.round(place?.delaySamples ?? 0);
    const score = intelligibility(piece, heard.samples.subarray(from, from + PIECE_SAMPLES), RATE_HZ);
    if (place === null || score === null) continue;
    stois.push(score.stoi);
    for (let sample = 0; sample + FRAME_SAMPLES <= PIECE_SAMPLES; sample += FRAME_SAMPLES) {
      const left = leftMs[(at + sample) / FRAME_SAMPLES];
      const arrived = heard.arrivedMs[Math.floor((from + sample + FRAME_SAMPLES - 1) / FRAME_SAMPLES)];
      if (left !== undefined && arrived !== undefined) delaysMs.push(arrived - left);
    }
  }
  return { delaysMs, stois };
}
