import type { Diagnostics, SpeakerDiagnostics } from '../../contract/diagnostics.ts';
import type { StageReport } from '../../core/processing/processing-chain.ts';
import { SAMPLES_PER_MS } from '../../core/voice/sample-rate.ts';
import { type DelayFacts, NO_GROUP, viewDelay } from './diagnostics-view-delay.ts';

/** What goes out, as it was last decided. */
export interface Sending {
  readonly encoderBitrate: number;
  readonly frameSamples: number;
  readonly copies: number;
  readonly copySpacing: number;
  /** As listeners report it; null: nobody has. */
  readonly heardLostPermille: number | null;
}

export interface DiagnosticsFacts extends DelayFacts {
  readonly members: readonly { readonly token: number; readonly nickname: string }[];
  readonly sending: Sending;
  readonly stages: readonly StageReport[];
}

/** Groups of counters that are a voice: `speaker.<token>`, `speaker.<token>.whisper.<target>`. */
const SPEAKER_GROUP = /^speaker\.(\d+)(\.whisper\.\d+)?$/;

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
  const voices = Object.keys(stats).filter((name) => SPEAKER_GROUP.test(name));
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
    mouthToEar: viewDelay(facts, voices),
    speakers: viewSpeakers(facts),
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

function milliseconds(samples: number | undefined): number {
  return (samples ?? 0) / SAMPLES_PER_MS;
}

function kilobits(bytesPerSecond: number): number {
  return (bytesPerSecond * 8) / 1_000;
}
