import { assert } from '../../src/core/base/assert.ts';
import { createRng, type Rng } from '../../src/core/base/rng.ts';
import { VoiceDecoder, VoiceEncoder } from '../../src/main/voice/opus.ts';

export const FRAME_SAMPLES = 960;
const FRAMES_PER_SECOND = 50;
const BITRATE = 32_000;
const MAX_PACKET_SAMPLES = 5_760;

/** A microphone left open is never quite silent: noise of -66 dBFS. */
const ROOM_NOISE = 0.0009;

/** Speech and pauses of a person in a conversation, in frames: 3 to 7 s, and 0.8 to 2.5 s. */
const TALK_FRAMES = [150, 350] as const;
const PAUSE_FRAMES = [40, 125] as const;

/** Sound that repeats, as packets and as it is heard over a perfect line. */
interface Loop {
  readonly packets: readonly Uint8Array[];
  /** By frame. */
  readonly sent: readonly boolean[];
  readonly sound: Float32Array;
}

/** One frame of what is said. */
export interface ProgrammeFrame {
  readonly packet: Uint8Array;
  readonly last: boolean;
}

function between(rng: Rng, [low, high]: readonly [number, number]): number {
  return low + Math.floor(rng.next() * (high - low));
}

/** Talks and pauses in turn, a pause at the end. */
function pausesOf(frames: number, rng: Rng): boolean[] {
  const sent: boolean[] = [];
  while (sent.length < frames) {
    const talk = between(rng, TALK_FRAMES);
    const pause = between(rng, PAUSE_FRAMES);
    for (let frame = 0; frame < talk + pause; frame += 1) sent.push(frame < talk);
  }
  sent.length = frames;
  sent[frames - 1] = false;
  return sent;
}

/** Words end and begin within this, in samples: 50 ms. A voice that breaks off in full sound clicks by itself. */
const FADE_SAMPLES = 2_400;

/** Lets each talkspurt begin and end softly, as a gate does that waits for the end of a word. */
function soften(said: Float32Array, sent: readonly boolean[]): Float32Array {
  const soft = said.slice();
  for (const [frame, isSent] of sent.entries()) {
    if (isSent === (sent[frame + 1] ?? isSent)) continue;
    const border = (frame + 1) * FRAME_SAMPLES;
    for (let at = 0; at < FADE_SAMPLES; at += 1) {
      const place = isSent ? border - 1 - at : border + at;
      soft[place] = ((soft[place] ?? 0) * at) / FADE_SAMPLES;
    }
  }
  return soft;
}

/** Encodes what is sent, twice round: the second time the codec comes from the end of the loop, as ever after. */
function encodeLoop(said: Float32Array, sent: readonly boolean[]): Loop {
  const encoder = new VoiceEncoder(BITRATE);
  const decoder = new VoiceDecoder();
  const packets: Uint8Array[] = [];
  const sound = new Float32Array(said.length);
  const decoded = new Float32Array(MAX_PACKET_SAMPLES);
  for (let round = 0; round < 2; round += 1) {
    for (let frame = 0; frame < sent.length; frame += 1) {
      if (sent[frame] !== true) continue;
      const start = frame * FRAME_SAMPLES;
      const packet = encoder.encode(said.slice(start, start + FRAME_SAMPLES));
      packets[frame] = packet;
      assert(decoder.decode(packet, decoded) === FRAME_SAMPLES, 'a packet holds one frame');
      sound.set(decoded.subarray(0, FRAME_SAMPLES), start);
    }
  }
  return { packets, sent, sound };
}

/**
 * What one side says, for as long as is asked: a third of it with pauses, as people talk, a third without any, as with a
 * microphone that is left open, and a third with pauses again.
 */
export class Programme {
  readonly borders: readonly number[];
  readonly #paused: Loop;
  readonly #open: Loop;

  /** @param speech 48 kHz; repeated from its end on. @param offsetSamples where in it this side begins */
  constructor(speech: Float32Array, offsetSamples: number, totalFrames: number, seed: number) {
    const frames = Math.floor(speech.length / FRAME_SAMPLES);
    const rng = createRng(seed);
    const said = new Float32Array(frames * FRAME_SAMPLES);
    for (let at = 0; at < said.length; at += 1) {
      const noise = ROOM_NOISE * (2 * rng.next() - 1);
      said[at] = (speech[(at + offsetSamples) % said.length] ?? 0) + noise;
    }
    const pauses = pausesOf(frames, rng);
    this.#paused = encodeLoop(soften(said, pauses), pauses);
    this.#open = encodeLoop(said, new Array<boolean>(frames).fill(true));
    this.borders = [Math.floor(totalFrames / 3), Math.floor((2 * totalFrames) / 3)];
  }

  isOpen(frame: number): boolean {
    const [opens = 0, closes = 0] = this.borders;
    return frame >= opens && frame < closes;
  }

  /** Null: nothing is sent. */
  frame(frame: number): ProgrammeFrame | null {
    const packet = this.#packet(frame);
    return packet === null ? null : { packet, last: this.#packet(frame + 1) === null };
  }

  /** The sound of samples `[from, from + count)` over a perfect line; silence before the beginning. */
  sound(from: number, count: number): Float32Array {
    const sound = new Float32Array(count);
    for (let at = Math.max(0, -from); at < count; at += 1) {
      const frame = Math.floor((from + at) / FRAME_SAMPLES);
      const loop = this.#loopAt(frame);
      sound[at] = loop.sound[(from + at) % loop.sound.length] ?? 0;
    }
    return sound;
  }

  #packet(frame: number): Uint8Array | null {
    const loop = this.#loopAt(frame);
    const at = frame % loop.sent.length;
    return loop.sent[at] === true ? (loop.packets[at] ?? null) : null;
  }

  #loopAt(frame: number): Loop {
    return this.isOpen(frame) ? this.#open : this.#paused;
  }
}

/** Frames in so many minutes. */
export function framesOf(minutes: number): number {
  return Math.round(minutes * 60 * FRAMES_PER_SECOND);
}
