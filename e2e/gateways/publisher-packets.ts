import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { resampleAll } from '../../src/main/audio/resampler.ts';
import { readWave } from '../../src/main/audio/wave-file.ts';
import { align } from '../sound/align.ts';
import { intelligibility } from '../sound/stoi.ts';

export const RATE_HZ = 48_000;
const SAMPLES_PER_MS = 48;
const SPEECH = join(import.meta.dirname, '../../resources/bots/speech.wav');

/** `OPUS_SET_BITRATE` of opus_defines.h. */
const SET_BITRATE = 4002;

/** What is scored at a time, and how far the delay may have moved by then: 800 and 150 ms. */
const PIECE_SAMPLES = 38_400;
const SLACK_SAMPLES = 7_200;

interface NativeOpus {
  encode(pcm: Buffer): Buffer;
  applyEncoderCTL(request: number, value: number): void;
}

/** An encoder as a publisher has it: one or two channels, frames of any length. */
function publisherEncoder(channels: 1 | 2, bitrate: number): NativeOpus {
  const requireHere = createRequire(import.meta.url);
  const folder = join(dirname(requireHere.resolve('@discordjs/opus/package.json')), 'prebuild');
  const built = readdirSync(folder).filter((name) => name.includes(`-${process.platform}-${process.arch}`));
  const { OpusEncoder } = requireHere(join(folder, built.at(-1) ?? '', 'opus.node')) as {
    OpusEncoder: new (rateHz: number, channels: number) => NativeOpus;
  };
  const encoder = new OpusEncoder(RATE_HZ, channels);
  encoder.applyEncoderCTL(SET_BITRATE, bitrate);
  return encoder;
}

export interface PublisherOptions {
  readonly frameMs: number;
  readonly channels: 1 | 2;
  /** bit/s. */
  readonly bitrate: number;
}

/** The packets that a publisher makes of mono sound at 48 kHz, both its channels alike. */
export function publisherPackets(samples: Float32Array, options: PublisherOptions): Uint8Array[] {
  const { frameMs, channels, bitrate } = options;
  const encoder = publisherEncoder(channels, bitrate);
  const frameSamples = frameMs * SAMPLES_PER_MS;
  const packets: Uint8Array[] = [];
  for (let at = 0; at + frameSamples <= samples.length; at += frameSamples) {
    const pcm = new Int16Array(frameSamples * channels);
    for (let index = 0; index < pcm.length; index += 1)
      pcm[index] = Math.round((samples[at + Math.floor(index / channels)] ?? 0) * 32_767);
    packets.push(new Uint8Array(encoder.encode(Buffer.from(pcm.buffer))));
  }
  return packets;
}

/** Speech, mono at 48 kHz. */
export async function readSpeech(seconds: number): Promise<Float32Array> {
  const wave = readWave(SPEECH);
  if (!wave.ok) throw new Error(wave.reason);
  const samples = await resampleAll(wave.samples, wave.rateHz, RATE_HZ);
  return samples.subarray(0, seconds * RATE_HZ);
}

/**
 * Mean intelligibility (STOI) of what was heard, piece by piece: a jitter buffer stretches what it plays.
 *
 * @throws Error when the one is not in the other
 */
export function scoreSpeech(source: Float32Array, heard: Float32Array): number {
  const whole = align(source, heard);
  if (whole === null) throw new Error('nothing was heard');
  const scores: number[] = [];
  for (let at = 0; at + PIECE_SAMPLES <= source.length; at += PIECE_SAMPLES) {
    const said = source.subarray(at, at + PIECE_SAMPLES);
    const from = Math.max(0, Math.round(at + whole.delaySamples) - SLACK_SAMPLES);
    const near = heard.slice(from, from + PIECE_SAMPLES + 2 * SLACK_SAMPLES);
    const start = Math.round(align(said, near, { minLag: 0, maxLag: 2 * SLACK_SAMPLES })?.delaySamples ?? 0);
    const score = intelligibility(said, near.subarray(start, start + PIECE_SAMPLES), RATE_HZ);
    if (score !== null) scores.push(score.stoi);
  }
  if (scores.length === 0) throw new Error('there was no speech to be scored');
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}
