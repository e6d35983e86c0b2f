import type { Row } from '../../bench/report.ts';
import { VoiceEncoder } from '../../src/main/voice/opus.ts';
import { align } from '../sound/align.ts';
import { intelligibility } from '../sound/stoi.ts';
import { MissedLimit } from './check.ts';

const FRAME_SAMPLES = 960;
const FRAME_MS = 20;
const BITRATE = 64_000;

/** What comes out of a browser was decoded, stretched a little by its jitter buffer, and played. */
const MIN_STOI = 0.85;
const MIN_SIMILARITY = 0.6;

/**
 * A browser's jitter buffer stretches now and then, at the start above all, which moves the sound by some ms: pieces
 * of this length are compared, in samples, so that such a moment spoils one of them and not a third of all.
 */
const PIECE_SAMPLES = 38_400;

/** How far a piece may be from where the clearest one puts it, in samples: what a jitter buffer holds at most. */
const SLACK_SAMPLES = 14_400;

/** With fewer pieces that hold speech, a recording says too little. */
const MIN_PIECES = 5;

/** Speech as Opus packets of 20 ms. */
export function encodeSpeech(speech: Float32Array): Uint8Array[] {
  const encoder = new VoiceEncoder(BITRATE);
  const packets: Uint8Array[] = [];
  for (let at = 0; at + FRAME_SAMPLES <= speech.length; at += FRAME_SAMPLES)
    packets.push(Uint8Array.from(encoder.encode(speech.subarray(at, at + FRAME_SAMPLES))));
  return packets;
}

/** Hands out packets as they would be spoken, again and again. @returns stops it */
export function speakAgain(packets: readonly Uint8Array[], hand: (packet: Uint8Array) => void): () => void {
  const startMs = performance.now();
  let next = 0;
  const timer = setInterval(() => {
    while (next * FRAME_MS <= performance.now() - startMs) {
      const packet = packets[next % packets.length];
      if (packet !== undefined) hand(packet);
      next += 1;
    }
  }, FRAME_MS / 4);
  return () => clearInterval(timer);
}

/** Pieces of a recording, and where each begins, in samples. */
function piecesOf(recording: Float32Array): readonly { readonly at: number; readonly piece: Float32Array }[] {
  const count = Math.floor(recording.length / PIECE_SAMPLES);
  return Array.from({ length: count }, (_, number) => {
    const at = number * PIECE_SAMPLES;
    return { at, piece: recording.subarray(at, at + PIECE_SAMPLES) };
  });
}

/**
 * By how much a recording lies behind the beginning of a speech that goes round and round, in samples: as its clearest
 * piece says, for a word may be like a louder one elsewhere.
 *
 * @throws MissedLimit when it is silent
 */
function placeOf(recording: Float32Array, round: Float32Array): number {
  let clearest = { similarity: 0, from: 0 };
  for (const { at, piece } of piecesOf(recording)) {
    const found = align(piece, round, { minLag: 0, maxLag: round.length - PIECE_SAMPLES });
    if (found !== null && found.similarity > clearest.similarity)
      clearest = { similarity: found.similarity, from: Math.round(found.delaySamples) - at };
  }
  if (clearest.similarity === 0) throw new MissedLimit('the recording is silent');
  return clearest.from;
}

/** Compares a recording with speech that goes round and round. @throws MissedLimit when it was not that speech */
export function judgeSpeech(speech: Float32Array, recording: Float32Array): Row {
  const twice = new Float32Array(2 * speech.length);
  twice.set(speech);
  twice.set(speech, speech.length);
  const place = placeOf(recording, twice);
  const stois: number[] = [];
  const similarities: number[] = [];
  for (const { at, piece } of piecesOf(recording)) {
    const from = (place + at - SLACK_SAMPLES + 2 * speech.length) % speech.length;
    const near = twice.subarray(from, from + PIECE_SAMPLES + 2 * SLACK_SAMPLES);
    const found = align(piece, near, { minLag: 0, maxLag: 2 * SLACK_SAMPLES });
    const begin = Math.round(found?.delaySamples ?? 0);
    const measured = intelligibility(near.subarray(begin, begin + PIECE_SAMPLES), piece, 48_000);
    // A pause as long as a whole piece says nothing.
    if (measured === null) continue;
    stois.push(measured.stoi);
    similarities.push(found?.similarity ?? 0);
  }
  const middle = (list: readonly number[]): number =>
    [...list].sort((one, other) => one - other)[Math.floor(list.length / 2)] ?? 0;
  const figures = {
    pieces: stois.length,
    stoiMedian: middle(stois),
    stoiMin: Math.min(...stois),
    similarityMedian: middle(similarities),
  };
  if (
    figures.pieces < MIN_PIECES ||
    figures.stoiMedian < MIN_STOI ||
    figures.similarityMedian < MIN_SIMILARITY
  )
    throw new MissedLimit(`the recording is not what was published: ${JSON.stringify(figures)}`);
  return figures;
}
