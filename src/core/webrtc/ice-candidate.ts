import { packAddress, unpackAddress } from '../relay/packed-address.ts';

/** An address that a peer may be reached at (RFC 8839, section 5.1): UDP, numeric, for RTP and RTCP together. */
export interface IceCandidate {
  readonly foundation: string;
  /** 32 bits. */
  readonly priority: number;
  /** IPv4 or IPv6, without a zone. */
  readonly address: string;
  readonly port: number;
  readonly type: 'host' | 'srflx' | 'prflx' | 'relay';
}

/** Longest candidate line that is looked at: the fields known are a third of it. */
export const MAX_CANDIDATE_LENGTH = 512;

const MAX_PRIORITY = 2 ** 32 - 1;

const PATTERN =
  /^(?:a=)?candidate:([A-Za-z0-9+/]{1,32}) 1 udp (\d{1,10}) ([0-9A-Fa-f.:]{3,45}) (\d{1,5}) typ (host|srflx|prflx|relay)(?: |$)/i;

/** The spelling of a numeric address; null: it is none, or one that nobody can be reached at. */
function numericAddress(text: string): string | null {
  if (!text.includes(':')) return isIpv4(text) ? text : null;
  return isIpv6(text) ? text.toLowerCase() : null;
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return false;
  const first = Number(parts[0]);
  // "This network", multicast and what was never given out.
  return first > 0 && first < 224;
}

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2 || text.includes('.')) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  if (halves.length === 1 ? groups.length !== 8 : groups.length > 7) return false;
  const plain = unpackAddress(packAddress(text, 0)).address;
  return plain !== '::' && !plain.toLowerCase().startsWith('ff');
}

/**
 * Reads a candidate, as it stands in an attribute or in a message.
 *
 * Names are left out on purpose: browsers put random mDNS names where they hide an address, which reach us anyway
 * (RFC 8445, section 7.3.1.3), and whoever sends an offer must not make this machine look up names of their choice.
 *
 * @returns null for anything else: TCP, a second component, names, addresses of nobody
 */
export function readCandidate(line: string): IceCandidate | null {
  if (line.length > MAX_CANDIDATE_LENGTH) return null;
  const [, foundation = '', priorityText = '', addressText = '', portText = '', type = ''] =
    PATTERN.exec(line.trim()) ?? [];
  const address = numericAddress(addressText);
  const priority = Number(priorityText);
  const port = Number(portText);
  if (address === null || port < 1 || port > 65_535 || priority > MAX_PRIORITY) return null;
  return { foundation, priority, address, port, type: type.toLowerCase() as IceCandidate['type'] };
}

/** The value behind `a=`. What it was reflected at is not told: nobody needs it. */
export function writeCandidate({ foundation, priority, address, port, type }: IceCandidate): string {
  const end = type === 'host' ? '' : ` raddr ${address.includes(':') ? '::' : '0.0.0.0'} rport 0`;
  return `candidate:${foundation} 1 UDP ${priority} ${address} ${port} typ ${type}${end}`;
}

/** Priority of a host candidate with local preference `preference` (RFC 8445, section 5.1.2.1). */
function hostPriority(preference: number): number {
  return 126 * 2 ** 24 + preference * 2 ** 8 + 255;
}

/** Behind every address the machine itself knows. */
const FIRST_PUBLIC_PREFERENCE = 1_000;

/**
 * The machine's own candidates, and those by which others reach it: what stands before it hands the same port on.
 *
 * @param publicAddresses numeric
 */
export function withPublicAddresses(
  own: readonly IceCandidate[],
  publicAddresses: readonly string[],
): readonly IceCandidate[] {
  const all = [...own];
  const ports = new Set(own.filter(({ type }) => type === 'host').map(({ port }) => port));
  publicAddresses.forEach((text, at) => {
    const address = numericAddress(text);
    if (address === null) return;
    for (const port of ports) {
      if (all.some((other) => other.address === address && other.port === port)) continue;
      const priority = hostPriority(FIRST_PUBLIC_PREFERENCE - at);
      all.push({ foundation: `p${at}`, priority, address, port, type: 'host' });
    }
  });
  return all;
}
