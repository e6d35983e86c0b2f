import { base64UrlToBytes } from '../base/base64url.ts';
import { DEFAULT_PORT } from './control.ts';
import { roomNameSchema } from './fields.ts';

/** Scheme of invite links, as registered with the system. */
export const INVITE_SCHEME = 'sidetone:';

/** Longest text taken for a join target, in UTF-16 units: the longest invite has about 900, most of it a room name in escapes. */
export const MAX_JOIN_TEXT_LENGTH = 1024;

/** Longest host name, in characters (RFC 1035, section 2.3.4, less the root's dot and length byte). */
export const MAX_HOST_LENGTH = 253;

/** Longest label of a host name, in characters (RFC 1035, section 2.3.4). */
export const MAX_HOST_LABEL_LENGTH = 63;

/** SHA-256 in base64url without padding, in characters. */
export const CERTIFICATE_SHA256_LENGTH = 43;

const MAX_PORT = 65_535;

/** Where a relay is and how to know it. */
export interface Invite {
  /** Host name, IPv4 address or IPv6 address without brackets, in lower case. */
  host: string;
  port: number;
  /** base64url of the SHA-256 of the relay's certificate (DER); null: trust on first use. */
  certificateSha256: string | null;
  /** What the room calls itself, to be shown before joining; null when unknown. Nothing depends on it. */
  roomName: string | null;
}

export type JoinTargetFailure =
  | 'empty'
  | 'tooLong'
  | 'spaces'
  | 'otherScheme'
  | 'badHost'
  | 'badPort'
  | 'badCertificate'
  | 'badRoom'
  | 'badLink';

export type JoinTargetResult =
  | { readonly ok: true; readonly target: Invite }
  | { readonly ok: false; readonly reason: JoinTargetFailure; readonly sentence: string };

const sentences: Record<JoinTargetFailure, string> = {
  empty: 'Paste an invite link, or type the address of a relay.',
  tooLong: 'That is far too long to be an invite link or an address.',
  spaces: 'An invite link or an address has no spaces in it. Check that you copied only the link.',
  otherScheme: 'That is a link to something else. Invite links begin with sidetone://.',
  badHost: 'That is not the address of a computer. Check it for typing errors.',
  badPort: 'The port after the colon must be a number from 1 to 65535.',
  badCertificate:
    'The certificate in this invite link is damaged. Ask for the link again and copy all of it.',
  badRoom: 'The room name in this invite link is damaged. Ask for the link again and copy all of it.',
  badLink: 'This invite link is damaged. Ask for it again and copy all of it.',
};

/** The link that `parseJoinTarget` reads back as the same invite. */
export function formatInvite(invite: Invite): string {
  const host = invite.host.includes(':') ? `[${invite.host}]` : invite.host;
  const parameters: string[] = [];
  if (invite.certificateSha256 !== null) parameters.push(`cert=${invite.certificateSha256}`);
  if (invite.roomName !== null) parameters.push(`room=${escapeRoomName(invite.roomName)}`);
  const query = parameters.length > 0 ? `?${parameters.join('&')}` : '';
  return `${INVITE_SCHEME}//${host}:${invite.port}/${query}`;
}

/** Half of a surrogate pair has no UTF-8 and would make `encodeURIComponent` throw. */
function escapeRoomName(name: string): string {
  return encodeURIComponent(name.replace(/\p{Cs}/gu, '\ufffd'));
}

/**
 * Reads what a person typed or pasted: an invite link, `host:port`, `[v6]:port`, a bare IPv6 address or a bare
 * host name. Never throws; each refusal has a sentence for the person.
 *
 * The port is DEFAULT_PORT where none is given. Parameters of a link that this version does not know are ignored.
 */
export function parseJoinTarget(text: string): JoinTargetResult {
  if (text.length > MAX_JOIN_TEXT_LENGTH) return refuse('tooLong');
  const trimmed = text.trim();
  if (trimmed === '') return refuse('empty');
  // Also what cannot be seen: it would only make two different hosts look alike.
  if (/[\s\p{Cc}\p{Cf}]/u.test(trimmed)) return refuse('spaces');
  const scheme = /^([a-z][a-z0-9+.-]*:)\/\//i.exec(trimmed);
  if (scheme === null) return parseAddress(trimmed);
  if (scheme[1]?.toLowerCase() !== INVITE_SCHEME) return refuse('otherScheme');
  return parseLink(trimmed.slice(scheme[0].length));
}

/** What follows `sidetone://`: authority, optionally `/`, optionally `?` and parameters. */
function parseLink(rest: string): JoinTargetResult {
  const match = /^([^/?#]*)\/?(?:\?([^#]*))?$/.exec(rest);
  if (match === null) return refuse('badLink');
  const address = parseAddress(match[1] ?? '');
  if (!address.ok) return address;
  const { target } = address;
  for (const parameter of (match[2] ?? '').split('&')) {
    const equals = parameter.indexOf('=');
    const name = equals < 0 ? parameter : parameter.slice(0, equals);
    const value = equals < 0 ? '' : parameter.slice(equals + 1);
    if (name === 'cert') {
      // A second one would leave it to chance which certificate is trusted.
      if (target.certificateSha256 !== null || !isCertificateSha256(value)) return refuse('badCertificate');
      target.certificateSha256 = value;
    } else if (name === 'room') {
      const roomName = decodeRoomName(value);
      if (target.roomName !== null || roomName === null) return refuse('badRoom');
      target.roomName = roomName;
    }
  }
  return address;
}

/** `host`, `host:port`, `[v6]`, `[v6]:port` or a bare v6 address (more than one colon). */
function parseAddress(text: string): JoinTargetResult {
  const match =
    /^\[([^\][]*)\](?::(.*))?$/.exec(text) ??
    /^((?:[^:]*:){2}.*)$/.exec(text) ??
    /^([^:]*)(?::(.*))?$/.exec(text);
  const host = (match?.[1] ?? '').toLowerCase();
  const bracketed = text.startsWith('[');
  const valid = bracketed || host.includes(':') ? isIpv6(host) : isHostName(host);
  if (!valid) return refuse('badHost');
  const port = match?.[2] === undefined ? DEFAULT_PORT : parsePort(match[2]);
  if (port === null) return refuse('badPort');
  return { ok: true, target: { host, port, certificateSha256: null, roomName: null } };
}

function parsePort(text: string): number | null {
  if (!/^[0-9]{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port >= 1 && port <= MAX_PORT ? port : null;
}

/** Letters, digits, hyphens and underscores in labels; if it is all numbers and dots, it must be an IPv4 address. */
function isHostName(host: string): boolean {
  if (host.length > MAX_HOST_LENGTH) return false;
  if (/^[0-9.]+$/.test(host)) return isIpv4(host);
  return host.split('.').every((label, index, labels) => {
    // A single dot at the very end names the root and is allowed.
    if (label === '') return index === labels.length - 1 && index > 0;
    return label.length <= MAX_HOST_LABEL_LENGTH && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label);
  });
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return (
    parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)
  );
}

/** RFC 4291, section 2.2, with an optional zone (`%eth0`, RFC 4007) for link-local addresses. */
function isIpv6(text: string): boolean {
  const [address = '', zone, ...more] = text.split('%');
  if (more.length > 0 || (zone !== undefined && !/^[a-z0-9._-]{1,32}$/.test(zone))) return false;
  const halves = address.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === '') continue;
    const parts = half.split(':');
    for (const [at, part] of parts.entries()) {
      const atTheEnd = index === halves.length - 1 && at === parts.length - 1;
      if (atTheEnd && part.includes('.') && isIpv4(part)) groups += 2;
      else if (/^[0-9a-f]{1,4}$/.test(part)) groups += 1;
      else return false;
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

function isCertificateSha256(text: string): boolean {
  return text.length === CERTIFICATE_SHA256_LENGTH && base64UrlToBytes(text) !== null;
}

/** @returns null when the escapes are broken or the name is none that a relay would take */
function decodeRoomName(escaped: string): string | null {
  let name: string;
  try {
    name = decodeURIComponent(escaped);
  } catch {
    return null;
  }
  const checked = roomNameSchema.safeParse(name);
  return checked.success ? checked.data : null;
}

function refuse(reason: JoinTargetFailure): JoinTargetResult {
  return { ok: false, reason, sentence: sentences[reason] };
}
