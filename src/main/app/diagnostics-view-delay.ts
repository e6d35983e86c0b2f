import type { DelayStage } from '../../contract/diagnostics.ts';
import type { Connection, Stats } from '../../contract/dto.ts';
import { PATH_BLOCK_SAMPLES } from '../../core/voice/microphone-path.ts';
import { SAMPLES_PER_MS } from '../../core/voice/sample-rate.ts';
import type { DeviceLatency, Side } from './ports.ts';
import type { RateMeter } from './rate-meter.ts';

export interface DelayFacts {
  readonly stats: Stats;
  readonly connection: Connection;
  readonly sending: { readonly frameSamples: number };
  readonly latency: Readonly<Record<Side, DeviceLatency | null>>;
  readonly rates: RateMeter;
  readonly nowMs: number;
}

/** Counters of one thread, or of one voice. */
export type Group = Readonly<Record<string, number>>;
export const NO_GROUP: Group = {};

/** Opus looks this far ahead in its mode for speech, in ms (measured; opus_encoder's OPUS_GET_LOOKAHEAD). */
const OPUS_LOOKAHEAD_MS = 6.5;

/**
 * The way from our mouth to the ear of somebody like us: our own sending side, and our own receiving side in place of
 * theirs. The voice that talks stands for all; without one there is nothing to say of the jitter buffer.
 *
 * Samples of a frame of F, counted from 0 at its first, take equally long on the whole way, but not through a stage:
 * the first waits for the end of its frame here, the last for its turn there. So each stage tells the mean over
 * samples 0 to F - 1, beginning where the stage before it ends, and the means add up to the delay of every sample:
 *
 * - `microphone`: from the mouth until the device's block that the sample is in lies in the capture ring;
 * - `capture ring`: until the processing takes it, in blocks of PATH_BLOCK_SAMPLES;
 * - `processing`: until it comes out again, with the work for it;
 * - `frame`: until sample F - 1 comes out too. Sample 0 waits for F - PATH_BLOCK_SAMPLES, those in the last block for
 *   nothing: half of it in the mean; and all for what comes out together with the end of the frame, but behind it;
 * - `encoder`: the sound that Opus looks ahead to, and its work;
 * - `network`: until the packet is here;
 * - `jitter buffer`: until the mixer is asked for the device's block that the sample will be in. Sample n comes n
 *   samples later than sample 0, so that this holds F / 2 of the frame;
 * - `decoding and mixing`: the work, until the block lies in the playback ring;
 * - `playback ring`: until the device takes it;
 * - `speaker`: until the sample is heard.
 *
 * @param voices names of the groups in `stats` that are a voice
 */
export function viewDelay(facts: DelayFacts, voices: readonly string[]): DelayStage[] {
  const { stats, latency, sending, connection } = facts;
  const encoder = stats['encoder'] ?? NO_GROUP;
  const playback = stats['playback'] ?? NO_GROUP;
  const times = stats['times'] ?? NO_GROUP;
  const stages: DelayStage[] = [];
  const add = (name: string, ms: number, measured: boolean): void => {
    stages.push({ name, milliseconds: ms, measured });
  };
  const addDevice = (name: string, device: DeviceLatency | null): void => {
    if (device !== null) add(name, (device.deviceMs ?? 0) + device.bufferMs, device.deviceMs !== null);
  };
  addDevice('microphone', latency.input);
  add('capture ring', inMs(encoder['captureWaitSamples']), true);
  add('processing', inMs(encoder['processingDelaySamples']) + workMs(encoder['processMeanUs']), true);
  const frameWaitSamples = (sending.frameSamples - PATH_BLOCK_SAMPLES) / 2;
  add('frame', inMs(frameWaitSamples + (encoder['frameSurplusSamples'] ?? 0)), false);
  add('encoder', OPUS_LOOKAHEAD_MS + workMs(encoder['encodeMeanUs']), false);
  const pingMs = connection.phase === 'connected' ? connection.pingMs : null;
  // A listener is as far from the relay as we are, until we know better.
  if (pingMs !== null) add('network', pingMs, true);
  const voice = voices.find((name) => stats[name]?.['talking'] === 1) ?? voices[0];
  if (voice !== undefined) add('jitter buffer', recentDelayMs(facts, voice), true);
  // Frames are decoded while their block is mixed.
  add('decoding and mixing', workMs(times['mixMeanUs']), true);
  add('playback ring', inMs(playback['fillSamples']), true);
  addDevice('speaker', latency.output);
  return stages;
}

/** Mean time from reception until a sample is handed on, over the last seconds. */
function recentDelayMs({ stats, rates, nowMs }: DelayFacts, voice: string): number {
  const group = stats[voice] ?? NO_GROUP;
  const delay = rates.growth(`${voice} delay`, group['handedOnDelayMs'] ?? 0, nowMs).amount;
  const emitted = rates.growth(`${voice} emitted`, group['jitterBufferEmittedCount'] ?? 0, nowMs).amount;
  return emitted === 0 ? 0 : delay / emitted;
}

function inMs(samples: number | undefined): number {
  return (samples ?? 0) / SAMPLES_PER_MS;
}

function workMs(us: number | undefined): number {
  return (us ?? 0) / 1_000;
}
