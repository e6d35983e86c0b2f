import { bytesToBase64Url } from '../base/base64url.ts';
import { NAL_PICTURE_PARAMETERS, NAL_SEQUENCE_PARAMETERS, nalType } from '../rtp/h264-nal.ts';

/** Tracks of a description, by the number in their address. */
export const AUDIO_TRACK = 0;
export const VIDEO_TRACK = 1;

/** Payload types out of the dynamic range (RFC 3551, section 3). */
export const AUDIO_PAYLOAD_TYPE = 97;
export const VIDEO_PAYLOAD_TYPE = 96;

/** Longest name that is shown, in UTF-16 units. */
const MAX_NAME_LENGTH = 128;

export interface DescribedSession {
  /** A number that no other description has. */
  readonly id: number;
  readonly name: string;
  /** The player came by IPv6: some take the kind of address that they open for datagrams from here. */
  readonly ipv6: boolean;
  /** Empty: none. */
  readonly title: string;
  readonly stereo: boolean;
  /** Of a usual packet; null: not known. */
  readonly packetMs: number | null;
  /** NAL units of an access unit that a decoder can begin with; null: there are no pictures. */
  readonly picture: readonly Uint8Array[] | null;
}

/** One line of text: control characters would begin another. */
function line(text: string): string {
  return text.replace(/\p{C}/gu, ' ').trim().slice(0, MAX_NAME_LENGTH);
}

function base64(bytes: Uint8Array): string {
  const text = bytesToBase64Url(bytes).replace(/-/g, '+').replace(/_/g, '/');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

function hexByte(byte: number | undefined): string {
  return (byte ?? 0).toString(16).toUpperCase().padStart(2, '0');
}

/** RFC 6184, section 8.2.1. */
function pictureLines(picture: readonly Uint8Array[]): string[] {
  const sequence = picture.find((unit) => nalType(unit) === NAL_SEQUENCE_PARAMETERS);
  const parameters = picture.filter((unit) => nalType(unit) === NAL_PICTURE_PARAMETERS);
  const known =
    sequence === undefined
      ? ''
      : `;profile-level-id=${[1, 2, 3].map((at) => hexByte(sequence[at])).join('')}` +
        `;sprop-parameter-sets=${[sequence, ...parameters].map(base64).join(',')}`;
  return [
    `m=video 0 RTP/AVP ${VIDEO_PAYLOAD_TYPE}`,
    `a=rtpmap:${VIDEO_PAYLOAD_TYPE} H264/90000`,
    `a=fmtp:${VIDEO_PAYLOAD_TYPE} packetization-mode=1${known}`,
    `a=control:trackID=${VIDEO_TRACK}`,
  ];
}

/** Describes a program (RFC 8866): Opus as RFC 7587 wants it, always two channels at 48 kHz, and pictures if any. */
export function describeSession(session: DescribedSession): string {
  const { id, name, ipv6, title, stereo, packetMs, picture } = session;
  const lines = [
    'v=0',
    `o=- ${id} 1 IN ${ipv6 ? 'IP6 ::1' : 'IP4 127.0.0.1'}`,
    `s=${line(name) || '-'}`,
    ...(line(title) === '' ? [] : [`i=${line(title)}`]),
    `c=IN ${ipv6 ? 'IP6 ::' : 'IP4 0.0.0.0'}`,
    't=0 0',
    'a=control:*',
    'a=range:npt=now-',
    `m=audio 0 RTP/AVP ${AUDIO_PAYLOAD_TYPE}`,
    `a=rtpmap:${AUDIO_PAYLOAD_TYPE} opus/48000/2`,
    `a=fmtp:${AUDIO_PAYLOAD_TYPE} sprop-stereo=${stereo ? 1 : 0}`,
    ...(packetMs === null ? [] : [`a=ptime:${packetMs}`]),
    `a=control:trackID=${AUDIO_TRACK}`,
    ...(picture === null ? [] : pictureLines(picture)),
  ];
  return lines.map((text) => `${text}\r\n`).join('');
}
