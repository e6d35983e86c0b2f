import { writeCandidate } from './ice-candidate.ts';
import type { PeerDescription, SectionName, Transport } from './peer-description.ts';

/** Who we are in a description; sessions are told apart by what carries them. */
const ORIGIN = 'o=- 1 1 IN IP4 127.0.0.1';

/** Name of the stream and of its track, for those who show them. */
const STREAM = 'sidetone';
const TRACK = 'program';

/** What we offer when it is us who offer: numbers browsers use too. */
export const OFFERED_MID = '0';
export const OFFERED_PAYLOAD_TYPE = 111;

/** What a decoder should be ready for (RFC 7587, section 6.1): both sides of stereo, and frames of 10 ms on. */
const OPUS_PARAMETERS = 'minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1';

export type Direction = 'sendonly' | 'recvonly';

/** A section with Opus. */
export interface AudioSection {
  readonly mid: string;
  readonly payloadType: number;
  readonly direction: Direction;
  /** The source that we send; null: we do not. */
  readonly ssrc: number | null;
  /** Canonical name of it. */
  readonly cname: string;
}

function head(mid: string): string[] {
  return ['v=0', ORIGIN, 's=-', 't=0 0', `a=group:BUNDLE ${mid}`, `a=msid-semantic: WMS ${STREAM}`];
}

function transportLines({ ice, fingerprint, setup, candidates }: Transport): string[] {
  return [
    `a=ice-ufrag:${ice.ufrag}`,
    `a=ice-pwd:${ice.pwd}`,
    `a=fingerprint:${fingerprint.algorithm} ${fingerprint.value}`,
    `a=setup:${setup}`,
    ...candidates.map((candidate) => `a=${writeCandidate(candidate)}`),
  ];
}

function audioLines(audio: AudioSection, transport: Transport, protocol: string): string[] {
  const { mid, payloadType, direction, ssrc, cname } = audio;
  const source =
    ssrc === null
      ? []
      : [
          `a=msid:${STREAM} ${TRACK}`,
          `a=ssrc:${ssrc} cname:${cname}`,
          `a=ssrc:${ssrc} msid:${STREAM} ${TRACK}`,
        ];
  return [
    `m=audio 9 ${protocol} ${payloadType}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    `a=${direction}`,
    'a=rtcp-mux',
    `a=rtpmap:${payloadType} opus/48000/2`,
    `a=fmtp:${payloadType} ${OPUS_PARAMETERS}`,
    ...source,
    ...transportLines(transport),
    'a=end-of-candidates',
  ];
}

/** A section that we do not take keeps its place (RFC 3264, section 6), with a port of zero. */
function refusedLines({ kind, protocol, format, mid }: SectionName): string[] {
  return [
    `m=${kind} 0 ${protocol} ${format}`,
    'c=IN IP4 0.0.0.0',
    ...(mid === null ? [] : [`a=mid:${mid}`]),
    'a=inactive',
  ];
}

function text(lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n`;
}

/** Our answer: the offer's sections in its order, with its sound taken and everything else refused. */
export function writeAnswer(
  offer: PeerDescription,
  own: Transport,
  audio: Omit<AudioSection, 'mid' | 'payloadType'>,
): string {
  const { mid, payloadType } = offer;
  const sections = offer.sections.flatMap((section, index) =>
    index === offer.audioIndex
      ? audioLines({ ...audio, mid, payloadType }, own, section.protocol)
      : refusedLines(section),
  );
  const [version = '', origin = '', ...rest] = head(mid);
  const lines = offer.bundled ? rest : rest.filter((line) => !line.startsWith('a=group:'));
  return text([version, origin, ...lines, 'a=ice-options:trickle', ...sections]);
}

/** Our own offer: sound that we send. */
export function writeOffer(own: Transport, ssrc: number, cname: string): string {
  const audio: AudioSection = {
    mid: OFFERED_MID,
    payloadType: OFFERED_PAYLOAD_TYPE,
    direction: 'sendonly',
    ssrc,
    cname,
  };
  return text([
    ...head(OFFERED_MID),
    'a=ice-options:trickle',
    ...audioLines(audio, { ...own, setup: 'actpass' }, 'UDP/TLS/RTP/SAVPF'),
  ]);
}

/**
 * A peer's description with nothing in it but what was read and checked: what a library is given instead of the text
 * that came from outside.
 *
 * @param direction what the peer does
 */
export function writeCheckedPeer(peer: PeerDescription, direction: Direction): string {
  const { mid, payloadType, ssrc } = peer;
  const audio: AudioSection = { mid, payloadType, direction, ssrc, cname: 'peer' };
  return text([
    ...head(mid),
    'a=ice-options:trickle',
    ...audioLines(audio, peer, 'UDP/TLS/RTP/SAVPF').filter((line) => line !== 'a=end-of-candidates'),
  ]);
}
