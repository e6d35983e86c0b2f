import type { Diagnostics, SpeakerDiagnostics } from '../../../contract/diagnostics.ts';
import {
  bitrateText,
  countText,
  millisecondsText,
  shareText,
  soundText,
  tenthsText,
  UNKNOWN,
} from './figure-text.ts';

/** One figure: what people call it, what the contract calls it, what it means, how it reads. */
export interface Term<Source> {
  readonly label: string;
  readonly field: string;
  readonly meaning: string;
  readonly read: (source: Source) => string;
}

/** Figures that belong together. */
export interface TermGroup {
  readonly id: string;
  readonly title: string;
  readonly terms: readonly Term<Diagnostics>[];
}

const routeTexts: Record<Diagnostics['route'], string> = {
  none: UNKNOWN,
  udp: 'UDP',
  lane: 'Control connection',
};

const network: readonly Term<Diagnostics>[] = [
  {
    label: 'Ping TCP',
    field: 'pingTcpMs',
    meaning: 'Round trip to the relay over the control connection.',
    read: (figures) => millisecondsText(figures.pingTcpMs),
  },
  {
    label: 'Ping UDP',
    field: 'pingUdpMs',
    meaning: 'Round trip to the relay over the voice path.',
    read: (figures) => millisecondsText(figures.pingUdpMs),
  },
  {
    label: 'Route',
    field: 'route',
    meaning: 'What carries voice: UDP, or the control connection where UDP does not get through.',
    read: (figures) => routeTexts[figures.route],
  },
];

const sending: readonly Term<Diagnostics>[] = [
  {
    label: 'Encoder',
    field: 'sending.encoderKbps',
    meaning: 'Bitrate that the encoder was told to keep to.',
    read: ({ sending: { encoderKbps } }) => bitrateText(encoderKbps),
  },
  {
    label: 'Sent',
    field: 'sending.sentKbps',
    meaning: 'Sound and copies sent lately, headers not counted.',
    read: ({ sending: { sentKbps } }) => bitrateText(sentKbps),
  },
  {
    label: 'Copies',
    field: 'sending.copies',
    meaning: 'Earlier frames that go along in every packet (RFC 2198), so that a lost one is still there.',
    read: ({ sending: { copies } }) => countText(copies),
  },
  {
    label: 'Spacing',
    field: 'sending.copySpacing',
    meaning: 'How many packets a copy comes after its frame: wider helps against longer bursts.',
    read: ({ sending: { copySpacing } }) => countText(copySpacing),
  },
  {
    label: 'Lost on the way',
    field: 'sending.heardLostPercent',
    meaning: 'Loss of your voice as the listeners report it; a dash while nobody has.',
    read: ({ sending: { heardLostPercent } }) => shareText(heardLostPercent),
  },
  {
    label: 'Frame',
    field: 'sending.frameMs',
    meaning: 'Sound in one packet.',
    read: ({ sending: { frameMs } }) => millisecondsText(frameMs),
  },
];

const rings: readonly Term<Diagnostics>[] = [
  {
    label: 'Capture',
    field: 'rings.captureMs',
    meaning: 'Sound of the microphone that waits to be encoded.',
    read: (figures) => millisecondsText(figures.rings.captureMs),
  },
  {
    label: 'Playback',
    field: 'rings.playbackMs',
    meaning: 'Mixed sound that waits for the speaker.',
    read: (figures) => millisecondsText(figures.rings.playbackMs),
  },
  {
    label: 'Reference',
    field: 'rings.referenceMs',
    meaning: 'What the speaker plays, on its way to the echo canceller.',
    read: (figures) => millisecondsText(figures.rings.referenceMs),
  },
  {
    label: 'Overruns',
    field: 'rings.captureOverruns',
    meaning: 'Times that sound of the microphone found no room and was dropped.',
    read: (figures) => countText(figures.rings.captureOverruns),
  },
  {
    label: 'Underruns',
    field: 'rings.playbackUnderruns',
    meaning: 'Times that the speaker asked for sound and there was none.',
    read: (figures) => countText(figures.rings.playbackUnderruns),
  },
];

/** Everything that is one figure of the whole program. */
export const termGroups: readonly TermGroup[] = [
  { id: 'network', title: 'Network', terms: network },
  { id: 'sending', title: 'Sending', terms: sending },
  { id: 'rings', title: 'Rings', terms: rings },
];

/** The work done per frame: name, and where its mean and its longest stand. */
export const workTerms: readonly {
  readonly label: string;
  readonly meaning: string;
  readonly mean: keyof Diagnostics['times'];
  readonly longest: keyof Diagnostics['times'];
}[] = [
  {
    label: 'Process',
    meaning: 'Echo, noise, gain and the rest, for one frame of your microphone.',
    mean: 'processMeanUs',
    longest: 'processMaxUs',
  },
  {
    label: 'Encode',
    meaning: 'Opus, for one frame of your voice.',
    mean: 'encodeMeanUs',
    longest: 'encodeMaxUs',
  },
  {
    label: 'Decode',
    meaning: 'Opus, for one frame of one speaker.',
    mean: 'decodeMeanUs',
    longest: 'decodeMaxUs',
  },
  { label: 'Mix', meaning: 'All speakers into one, for one frame.', mean: 'mixMeanUs', longest: 'mixMaxUs' },
];

/** Columns of the list of speakers; short heads, the meaning on each. */
export const speakerColumns: readonly Term<SpeakerDiagnostics>[] = [
  {
    label: 'Delay',
    field: 'jitterBufferCurrentDelayMs / jitterBufferTargetDelayMs',
    meaning: 'What the jitter buffer holds, and what it aims at, in ms.',
    read: (one) => `${countText(one.jitterBufferCurrentDelayMs)}/${countText(one.jitterBufferTargetDelayMs)}`,
  },
  {
    label: 'Lost %',
    field: 'lostPercent',
    meaning: 'Of what was due lately, before copies help.',
    read: (one) => tenthsText(one.lostPercent),
  },
  {
    label: 'Recov.',
    field: 'packetsRecovered',
    meaning: 'Lost packets whose sound came as a copy in a later one.',
    read: (one) => countText(one.packetsRecovered),
  },
  {
    label: 'Conc.',
    field: 'concealedSamples',
    meaning: 'Sound that was made up where none had come, as time.',
    read: (one) => soundText(one.concealedSamples),
  },
  {
    label: 'Late',
    field: 'packetsLate',
    meaning: 'Packets that came after their turn to be played.',
    read: (one) => countText(one.packetsLate),
  },
  {
    label: 'Dupl.',
    field: 'packetsDuplicated',
    meaning: 'Packets that came more than once.',
    read: (one) => countText(one.packetsDuplicated),
  },
  {
    label: 'kbit/s',
    field: 'bitrateKbps',
    meaning: 'Sound that arrives, headers not counted.',
    read: (one) => countText(one.bitrateKbps),
  },
];

/** A figure of one speaker under its own name (W3C webrtc-stats, where NetEQ's figures stand). */
function detail(
  field: Exclude<keyof SpeakerDiagnostics, 'token' | 'nickname' | 'whisper' | 'talking'>,
  text: (value: number) => string,
  meaning: string,
): Term<SpeakerDiagnostics> {
  return { label: field, field, meaning, read: (one) => text(one[field]) };
}

/** Everything about one speaker. */
export const speakerDetails: readonly Term<SpeakerDiagnostics>[] = [
  detail('jitterBufferCurrentDelayMs', millisecondsText, 'Delay that the jitter buffer has now.'),
  detail('jitterBufferTargetDelayMs', millisecondsText, 'Delay that the jitter buffer aims at.'),
  detail('jitterBufferMeanDelayMs', millisecondsText, 'Mean time from reception to emission.'),
  detail('jitterMs', millisecondsText, 'How unevenly packets arrive (RFC 3550 section 6.4.1).'),
  detail('packetsReceived', countText, 'Packets that arrived.'),
  detail('packetsLost', countText, 'Packets that never came, copies not counted as coming.'),
  detail('lostPercent', shareText, 'Share lost of what was due lately.'),
  detail('packetsRecovered', countText, 'Lost packets whose sound came as a copy in a later one.'),
  detail('packetsLate', countText, 'Packets that came after their turn to be played.'),
  detail('packetsDuplicated', countText, 'Packets that came more than once.'),
  detail('concealedSamples', countText, 'Samples made up where none had come (NetEQ: expand).'),
  detail('silentConcealedSamples', countText, 'Of those, the ones that were silence or comfort noise.'),
  detail('concealmentEvents', countText, 'Times that making up began.'),
  detail(
    'insertedSamplesForDeceleration',
    countText,
    'Samples put in to play slower and gain delay (NetEQ: preemptive expand).',
  ),
  detail(
    'removedSamplesForAcceleration',
    countText,
    'Samples taken out to play faster and lose delay (NetEQ: accelerate).',
  ),
  detail('bitrateKbps', bitrateText, 'Sound that arrives, headers not counted.'),
];

/** The meaning of a figure, with its name in the contract for whoever looks for it there. */
export function termTip(term: Pick<Term<never>, 'label' | 'field' | 'meaning'>): string {
  return term.label === term.field ? term.meaning : `${term.meaning} (${term.field})`;
}

/** Names of the stages of the processing in one or two words. */
export const stageLabels: Record<Diagnostics['processing'][number]['stage'], string> = {
  highPass: 'High-pass',
  echoCancellation: 'Echo',
  noiseSuppression: 'Noise',
  gainControl: 'Gain',
  limiter: 'Limiter',
  voiceActivity: 'Voice activity',
};

/** The whole way from mouth to ear, and how much of it was measured, in ms. */
export function mouthToEarSums(parts: Diagnostics['mouthToEar']): {
  readonly totalMs: number;
  readonly measuredMs: number;
} {
  const sum = (list: Diagnostics['mouthToEar']): number =>
    list.reduce((total, part) => total + part.milliseconds, 0);
  return { totalMs: sum(parts), measuredMs: sum(parts.filter((part) => part.measured)) };
}

/** The sum in a sentence; a dash while there is no way to sum up. */
export function mouthToEarText(parts: Diagnostics['mouthToEar']): string {
  if (parts.length === 0) return UNKNOWN;
  const { totalMs, measuredMs } = mouthToEarSums(parts);
  return `${millisecondsText(totalMs)}, ${millisecondsText(measuredMs)} of it measured`;
}
