import { type IceCandidate, readCandidate } from './ice-candidate.ts';
import {
  type Attribute,
  attributeOf,
  attributesOf,
  type MediaSection,
  readSdp,
  type SdpFailure,
  type SessionDescription,
} from './session-description.ts';

/** Most candidates of one peer that are tried: a machine with many addresses has a dozen. */
export const MAX_CANDIDATES = 24;

export interface IceCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

export interface Fingerprint {
  readonly algorithm: 'sha-256' | 'sha-384' | 'sha-512';
  /** Bytes in capital hexadecimal, with colons. */
  readonly value: string;
}

/** What is said about a connection under DTLS and ICE, by either side. */
export interface Transport {
  readonly ice: IceCredentials;
  readonly fingerprint: Fingerprint;
  /** Who begins the handshake (RFC 8842, section 5.3). */
  readonly setup: 'actpass' | 'active' | 'passive';
  readonly candidates: readonly IceCandidate[];
}

/** A section as it must be named again in the answer. */
export interface SectionName {
  readonly kind: string;
  readonly protocol: string;
  readonly format: string;
  readonly mid: string | null;
}

/** What we need of a peer's offer or answer. Everything in it was checked, and may be handed to a library. */
export interface PeerDescription extends Transport {
  readonly sections: readonly SectionName[];
  /** Which section the sound is in. */
  readonly audioIndex: number;
  readonly mid: string;
  /** Of Opus. */
  readonly payloadType: number;
  /** The source that the peer names for its sound; null: none. */
  readonly ssrc: number | null;
  readonly bundled: boolean;
}

export type PeerRefusal =
  | SdpFailure
  | 'sdpNoAudio'
  | 'sdpNoOpus'
  | 'sdpWrongDirection'
  | 'sdpNoRtcpMux'
  | 'sdpNoMid'
  | 'sdpNoIce'
  | 'sdpNoFingerprint'
  | 'sdpBadSetup';

export const PEER_REFUSALS = [
  'sdpTooLong',
  'sdpMalformed',
  'sdpTooManySections',
  'sdpNoAudio',
  'sdpNoOpus',
  'sdpWrongDirection',
  'sdpNoRtcpMux',
  'sdpNoMid',
  'sdpNoIce',
  'sdpNoFingerprint',
  'sdpBadSetup',
] as const satisfies readonly PeerRefusal[];

export type PeerReading =
  | { readonly ok: true; readonly peer: PeerDescription }
  | { readonly ok: false; readonly reason: PeerRefusal };

/** What the peer does with sound: it hears ours, or we hear its. */
export type PeerRole = 'hears' | 'speaks';

const DIRECTIONS = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const;
const FITTING: Readonly<Record<PeerRole, readonly string[]>> = {
  hears: ['recvonly', 'sendrecv'],
  speaks: ['sendonly', 'sendrecv'],
};

const PROTOCOLS = new Set(['UDP/TLS/RTP/SAVPF', 'UDP/TLS/RTP/SAVP', 'RTP/SAVPF', 'TCP/TLS/RTP/SAVPF']);
const MID = /^[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,64}$/;
const ICE_UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
const ICE_PWD = /^[A-Za-z0-9+/]{22,256}$/;
const OPUS = /^(\d{1,3}) opus\/48000\/2$/i;

/** Bytes of a hash. */
const HASH_BYTES: ReadonlyMap<string, number> = new Map([
  ['sha-256', 32],
  ['sha-384', 48],
  ['sha-512', 64],
]);

function midOf({ attributes }: MediaSection): string | null {
  const mid = attributeOf(attributes, 'mid');
  return mid !== null && MID.test(mid) ? mid : null;
}

function directionOf({ attributes }: MediaSection, session: SessionDescription): string {
  const said = (list: readonly Attribute[]): string | undefined =>
    DIRECTIONS.find((direction) => attributeOf(list, direction) !== null);
  return said(attributes) ?? said(session.attributes) ?? 'sendrecv';
}

function opusOf({ attributes, formats }: MediaSection): number | null {
  for (const value of attributesOf(attributes, 'rtpmap')) {
    const [, type = ''] = OPUS.exec(value) ?? [];
    // Types that RTCP's kinds fall on when both share a port cannot be told apart (RFC 5761, section 4).
    const number = Number(type);
    if (type !== '' && number <= 127 && (number < 64 || number > 95) && formats.includes(type)) return number;
  }
  return null;
}

/** The attribute of a section, or that of the whole session, which stands for all. */
function inherited(section: MediaSection, session: SessionDescription, name: string): string | null {
  return attributeOf(section.attributes, name) ?? attributeOf(session.attributes, name);
}

function fingerprintOf(section: MediaSection, session: SessionDescription): Fingerprint | null {
  const inSection = attributesOf(section.attributes, 'fingerprint');
  const all = inSection.length > 0 ? inSection : attributesOf(session.attributes, 'fingerprint');
  for (const value of all) {
    const [, algorithm = '', hex = ''] = /^(\S{1,16}) +([0-9A-Fa-f:]{2,191})$/.exec(value) ?? [];
    const bytes = HASH_BYTES.get(algorithm.toLowerCase());
    if (bytes === undefined || !new RegExp(`^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){${bytes - 1}}$`).test(hex))
      continue;
    return { algorithm: algorithm.toLowerCase() as Fingerprint['algorithm'], value: hex.toUpperCase() };
  }
  return null;
}

/** Usable candidates out of attributes; the rest is left out. */
export function candidatesOf(attributes: readonly Attribute[]): readonly IceCandidate[] {
  const candidates: IceCandidate[] = [];
  for (const value of attributesOf(attributes, 'candidate')) {
    const candidate = readCandidate(`candidate:${value}`);
    if (candidate !== null && candidates.length < MAX_CANDIDATES) candidates.push(candidate);
  }
  return candidates;
}

/** Credentials out of attributes; null: there are none, or none that may be. */
export function credentialsOf(ufrag: string | null, pwd: string | null): IceCredentials | null {
  return ufrag !== null && pwd !== null && ICE_UFRAG.test(ufrag) && ICE_PWD.test(pwd) ? { ufrag, pwd } : null;
}

function transportOf(
  section: MediaSection,
  session: SessionDescription,
):
  | { readonly ok: true; readonly transport: Transport }
  | { readonly ok: false; readonly reason: PeerRefusal } {
  const ice = credentialsOf(inherited(section, session, 'ice-ufrag'), inherited(section, session, 'ice-pwd'));
  if (ice === null) return { ok: false, reason: 'sdpNoIce' };
  const fingerprint = fingerprintOf(section, session);
  if (fingerprint === null) return { ok: false, reason: 'sdpNoFingerprint' };
  const setup = inherited(section, session, 'setup');
  if (setup !== 'actpass' && setup !== 'active' && setup !== 'passive')
    return { ok: false, reason: 'sdpBadSetup' };
  return {
    ok: true,
    transport: { ice, fingerprint, setup, candidates: candidatesOf(section.attributes) },
  };
}

/** Index of the first section that has sound we can take; else why there is none. */
function findAudio(session: SessionDescription, role: PeerRole): number | PeerRefusal {
  let reason: PeerRefusal = 'sdpNoAudio';
  for (const [index, section] of session.sections.entries()) {
    const isBundleOnly = attributeOf(section.attributes, 'bundle-only') !== null;
    if (section.kind !== 'audio' || (section.port === 0 && !isBundleOnly)) continue;
    if (!PROTOCOLS.has(section.protocol) || opusOf(section) === null) reason = 'sdpNoOpus';
    else if (!FITTING[role].includes(directionOf(section, session))) reason = 'sdpWrongDirection';
    else return index;
  }
  return reason;
}

function isBundled(session: SessionDescription, mid: string): boolean {
  return attributesOf(session.attributes, 'group').some((group) => {
    const [semantics, ...mids] = group.split(' ');
    return semantics === 'BUNDLE' && mids.includes(mid);
  });
}

/** What we need of an offer or an answer; the first section with Opus in the fitting direction is the one. */
export function readPeer(text: string, role: PeerRole): PeerReading {
  const read = readSdp(text);
  if (!read.ok) return read;
  const { session } = read;
  const audioIndex = findAudio(session, role);
  if (typeof audioIndex === 'string') return { ok: false, reason: audioIndex };
  const section = session.sections[audioIndex];
  const payloadType = section === undefined ? null : opusOf(section);
  if (section === undefined || payloadType === null) return { ok: false, reason: 'sdpNoOpus' };
  const mid = midOf(section);
  if (mid === null) return { ok: false, reason: 'sdpNoMid' };
  if (inherited(section, session, 'rtcp-mux') === null) return { ok: false, reason: 'sdpNoRtcpMux' };
  const transport = transportOf(section, session);
  if (!transport.ok) return transport;
  const ssrc = Number(/^(\d{1,10}) /.exec(attributeOf(section.attributes, 'ssrc') ?? '')?.[1] ?? Number.NaN);
  return {
    ok: true,
    peer: {
      ...transport.transport,
      sections: session.sections.map((other) => ({
        kind: other.kind,
        protocol: other.protocol,
        format: other.formats[0] ?? '0',
        mid: midOf(other),
      })),
      audioIndex,
      mid,
      payloadType,
      ssrc: Number.isInteger(ssrc) && ssrc < 2 ** 32 ? ssrc : null,
      bundled: isBundled(session, mid),
    },
  };
}

/** What our own library says of its end of a connection. */
export function readOwnTransport(text: string): Transport | null {
  const read = readSdp(text);
  const section = read.ok ? read.session.sections[0] : undefined;
  if (!read.ok || section === undefined) return null;
  const transport = transportOf(section, read.session);
  return transport.ok ? transport.transport : null;
}
