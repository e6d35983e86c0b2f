import type { DelayStage, Diagnostics, SpeakerDiagnostics } from '../../contract/diagnostics.ts';
import type { Connection, Stats } from '../../contract/dto.ts';
import type { StageReport } from '../../core/processing/processing-chain.ts';
import { SAMPLES_PER_MS } from '../../core/voice/sample-rate.ts';
import type { DeviceLatency, Side } from './ports.ts';
import type { RateMeter } from './rate-meter.ts';

/** What goes out, as it was last decided. */
export interface Sending {
  readonly encoderBitrate: number;
  readonly frameSamples: number;
  readonly copies: number;
  readonly copySpacing: number;
  /** As listeners report it; null: nobody has. */
  readonly heardLostPermille: number | null;
}

export interface DiagnosticsFacts {
  readonly stats: Stats;
  readonly connection: Connection;
  readonly members: readonly { readonly token: number; readonly nickname: string }[];
  readonly sending: Sending;
  readonly latency: Readonly<Record<Side, DeviceLatency | null>>;
  readonly stages: readonly StageReport[];
  readonly rates: RateMeter;
  readonly nowMs: number;
}

/** Opus looks this far ahead in its mode for speech, in ms (measured; opus_encoder's OPUS_GET_LOOKAHEAD). */
const OPUS_LOOKAHEAD_MS = 6.5;

/** Groups of counters that are a voice: `speaker.<token>`, `speaker.<token>.whisper.<target>`. */
const SPEAKER_GROUP = /^speaker\.(\d+)(\.whisper\.\d+)?$/;

type Group = Readonly<Record<string, number>>;
const NO_GROUP: Group = {};

/** What the F3 overlay shows, out of what the threads count. */
export function viewDiagnostics(facts: DiagnosticsFacts): Diagnostics {
  const { stats, connection, sending, rates, nowMs } = facts;
  const encoder = stats['encoder'] ?? NO_GROUP;
  const audio = stats['audio'] ?? NO_GROUP;
  const playback = stats['playback'] ?? NO_GROUP;
  const times = stats['times'] ?? NO_GROUP;
  const session = stats['session'] ?? NO_GROUP;
  const connected = connection.phase === 'connected' ? connection : null;
  const tcpPingMs = session['tcpPingMs'] ?? -1;
  const sentBytes = stats['seal']?.['bytesSent'] ?? 0;
  const speakers = viewSpeakers(facts);
  return {
    pingTcpMs: tcpPingMs < 0 ? null : tcpPingMs,
    pingUdpMs: connected?.pingMs ?? null,
    route: connected === null ? 'none' : connected.voiceRoute,
    sending: {
      encoderKbps: sending.encoderBitrate / 1_000,
      copies: sending.copies,
      copySpacing: sending.copySpacing,
      sentKbps: kilobits(rates.perSecond('sent', sentBytes, nowMs)),
      heardLostPercent: sending.heardLostPermille === null ? null : sending.heardLostPermille / 10,
      frameMs: sending.frameSamples / SAMPLES_PER_MS,
    },
    rings: {
      captureMs: milliseconds(encoder['captureFillSamples']),
      playbackMs: milliseconds(playback['fillSamples']),
      referenceMs: milliseconds(encoder['referenceFillSamples']),
      captureOverruns: audio['captureOverrunSamples'] ?? 0,
      playbackUnderruns: audio['playbackUnderrunSamples'] ?? 0,
    },
    times: {
      processMeanUs: encoder['processMeanUs'] ?? 0,
      processMaxUs: encoder['processMaxUs'] ?? 0,
      encodeMeanUs: encoder['encodeMeanUs'] ?? 0,
      encodeMaxUs: encoder['encodeMaxUs'] ?? 0,
      decodeMeanUs: times['decodeMeanUs'] ?? 0,
      decodeMaxUs: times['decodeMaxUs'] ?? 0,
      mixMeanUs: times['mixMeanUs'] ?? 0,
      mixMaxUs: times['mixMaxUs'] ?? 0,
    },
    processing: facts.stages.map(({ stage, state, sentence, meanUs, maxUs, inDb, outDb }) => ({
      stage,
      state,
      sentence,
      meanUs,
      maxUs,
      inDb,
      outDb,
    })),
    mouthToEar: viewDelay(facts, speakers),
    speakers,
  };
}

function viewSpeakers({ stats, members, rates, nowMs }: DiagnosticsFacts): SpeakerDiagnostics[] {
  const speakers: SpeakerDiagnostics[] = [];
  for (const [name, group] of Object.entries(stats)) {
    const found = SPEAKER_GROUP.exec(name);
    if (found === null) continue;
    const token = Number(found[1]);
    const count = (key: string): number => group[key] ?? 0;
    const emitted = count('jitterBufferEmittedCount');
    const lost = rates.growth(`${name} lost`, count('lostFrames'), nowMs).amount;
    const due = rates.growth(`${name} due`, count('lostFrames') + count('received'), nowMs).amount;
    speakers.push({
      token,
      nickname: members.find((member) => member.token === token)?.nickname ?? '',
      whisper: found[2] !== undefined,
      talking: count('talking') === 1,
      jitterBufferTargetDelayMs: count('targetDelayMs'),
      jitterBufferCurrentDelayMs: count('currentDelayMs'),
      jitterBufferMeanDelayMs: emitted === 0 ? 0 : count('jitterBufferDelayMs') / emitted,
      jitterMs: count('arrivalJitterMs'),
      packetsReceived: count('received'),
      packetsLost: count('lostFrames'),
      packetsRecovered: count('recovered'),
      packetsLate: count('late'),
      packetsDuplicated: count('duplicates'),
      lostPercent: due === 0 ? 0 : (lost * 100) / due,
      concealedSamples: count('concealedSamples'),
      silentConcealedSamples: count('silentConcealedSamples'),
      concealmentEvents: count('concealmentEvents'),
      insertedSamplesForDeceleration: count('insertedSamplesForDeceleration'),
      removedSamplesForAcceleration: count('removedSamplesForAcceleration'),
      bitrateKbps: kilobits(rates.perSecond(`${name} bytes`, count('bytesReceived'), nowMs)),
    });
  }
  return speakers.sort((a, b) => a.token - b.token || Number(a.whisper) - Number(b.whisper));
}

/**
 * The way from our mouth to the ear of somebody like us: our own sending side, and our own receiving side in place of
 * theirs. The voice that talks stands for all; without one there is nothing to say of the jitter buffer.
 */
function viewDelay(facts: DiagnosticsFacts, speakers: readonly SpeakerDiagnostics[]): DelayStage[] {
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
  add('capture ring', milliseconds(encoder['captureFillSamples']), true);
  add('processing', milliseconds(encoder['processingDelaySamples']), true);
  // Whatever part of a frame a sample waits for its end, it waits for the rest when it is played.
  add('frame', sending.frameSamples / SAMPLES_PER_MS, false);
  add('encoder', OPUS_LOOKAHEAD_MS + (encoder['encodeMeanUs'] ?? 0) / 1_000, false);
  const pingMs = connection.phase === 'connected' ? connection.pingMs : null;
  // A listener is as far from the relay as we are, until we know better.
  if (pingMs !== null) add('network', pingMs, true);
  const loudest = speakers.find(({ talking }) => talking) ?? speakers[0];
  if (loudest !== undefined) add('jitter buffer', recentDelayMs(facts, loudest), true);
  add('decoding and mixing', ((times['decodeMeanUs'] ?? 0) + (times['mixMeanUs'] ?? 0)) / 1_000, true);
  add('playback ring', milliseconds(playback['fillSamples']), true);
  addDevice('speaker', latency.output);
  return stages;
}

/** Mean time from reception to emission over the last seconds. */
function recentDelayMs(
  { stats, rates, nowMs }: DiagnosticsFacts,
  { token, whisper }: SpeakerDiagnostics,
): number {
  const [name, group] =
    Object.entries(stats).find(([key]) => {
      const found = SPEAKER_GROUP.exec(key);
      return found !== null && Number(found[1]) === token && (found[2] !== undefined) === whisper;
    }) ?? [];
  const delay = rates.growth(`${name} delay`, group?.['jitterBufferDelayMs'] ?? 0, nowMs).amount;
  const emitted = rates.growth(`${name} emitted`, group?.['jitterBufferEmittedCount'] ?? 0, nowMs).amount;
  return emitted === 0 ? 0 : delay / emitted;
}

function milliseconds(samples: number | undefined): number {
  return (samples ?? 0) / SAMPLES_PER_MS;
}

function kilobits(bytesPerSecond: number): number {
  return (bytesPerSecond * 8) / 1_000;
}
