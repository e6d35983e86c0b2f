/** Ways of a stream to a player (RFC 2326, section 12.39). */
export type Transport =
  | { readonly kind: 'interleaved'; readonly rtpChannel: number; readonly rtcpChannel: number }
  | {
      readonly kind: 'datagrams';
      readonly rtpPort: number;
      readonly rtcpPort: number;
      /** As the player wrote it: `RTP/AVP` or `RTP/AVP/UDP`. */
      readonly protocol: string;
    };

/** Ports below it belong to services of the system: no player listens there, and they must not be sent sound. */
const FIRST_PORT = 1_024;
const LAST_PORT = 65_535;
const LAST_CHANNEL = 255;

/** Most alternatives of one header that are looked at: players offer two or three. */
export const MAX_ALTERNATIVES = 8;

/** Longest header that is looked at. */
const MAX_HEADER_LENGTH = 2_048;

export type TransportFailure = 'transportMissing' | 'transportUnsupported';

export type TransportChoice =
  | { readonly ok: true; readonly transport: Transport }
  | { readonly ok: false; readonly reason: TransportFailure };

export interface TransportOffer {
  /** Datagrams can be sent. */
  readonly datagrams: boolean;
  /** Channels of the connection that carry another stream already. */
  readonly usedChannels: ReadonlySet<number>;
}

type Range = readonly [first: number, second: number];

/** `a-b`, or `a` alone, which stands for `a` and the next. */
function rangeOf(text: string, first: number, last: number): Range | null {
  const [, one = '', other = ''] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (one === '') return null;
  const from = Number(one);
  const to = other === '' ? from + 1 : Number(other);
  return Math.min(from, to) >= first && Math.max(from, to) <= last ? [from, to] : null;
}

function parametersOf(parts: readonly string[]): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of parts) {
    const at = part.indexOf('=');
    const name = (at === -1 ? part : part.slice(0, at)).trim().toLowerCase();
    const value = at === -1 ? '' : part.slice(at + 1).trim();
    if (!parameters.has(name)) parameters.set(name, value.replace(/^"(.*)"$/, '$1'));
  }
  return parameters;
}

function freeChannels(used: ReadonlySet<number>): Range | null {
  for (let channel = 0; channel < LAST_CHANNEL; channel += 2)
    if (!used.has(channel) && !used.has(channel + 1)) return [channel, channel + 1];
  return null;
}

function interleaved(parameters: ReadonlyMap<string, string>, used: ReadonlySet<number>): Transport | null {
  const text = parameters.get('interleaved');
  const wanted = text === undefined ? null : rangeOf(text, 0, LAST_CHANNEL);
  if (text !== undefined && (wanted === null || wanted[0] === wanted[1])) return null;
  const isFree = wanted !== null && !wanted.some((channel) => used.has(channel));
  // The server may choose others: the player goes by the answer.
  const channels = isFree ? wanted : freeChannels(used);
  if (channels === null) return null;
  return { kind: 'interleaved', rtpChannel: channels[0], rtcpChannel: channels[1] };
}

function transportOf(specification: string, offer: TransportOffer): Transport | null {
  const [protocol = '', ...parts] = specification.split(';');
  const parameters = parametersOf(parts);
  const mode = parameters.get('mode') ?? 'play';
  if (parameters.has('multicast') || mode.toLowerCase() !== 'play') return null;
  const name = protocol.trim().toUpperCase();
  if (name === 'RTP/AVP/TCP') return interleaved(parameters, offer.usedChannels);
  if ((name !== 'RTP/AVP' && name !== 'RTP/AVP/UDP') || !offer.datagrams) return null;
  // Where nothing else is said, multicast is meant; `destination` is not looked at: sound goes to whoever asked.
  const ports = rangeOf(parameters.get('client_port') ?? '', FIRST_PORT, LAST_PORT);
  if (ports === null) return null;
  return { kind: 'datagrams', rtpPort: ports[0], rtcpPort: ports[1], protocol: name };
}

/** Takes the first alternative of a `Transport` header that can be had. */
export function chooseTransport(header: string | undefined, offer: TransportOffer): TransportChoice {
  if (header === undefined || header.trim() === '') return { ok: false, reason: 'transportMissing' };
  if (header.length > MAX_HEADER_LENGTH) return { ok: false, reason: 'transportUnsupported' };
  for (const specification of header.split(',', MAX_ALTERNATIVES)) {
    const transport = transportOf(specification, offer);
    if (transport !== null) return { ok: true, transport };
  }
  return { ok: false, reason: 'transportUnsupported' };
}

/** Ports that a server sends from. */
export interface PortPair {
  readonly rtp: number;
  readonly rtcp: number;
}

/** The `Transport` header of the answer. */
export function transportText(transport: Transport, ssrc: number, serverPorts: PortPair | null): string {
  const source = `ssrc=${ssrc.toString(16).toUpperCase().padStart(8, '0')}`;
  if (transport.kind === 'interleaved') {
    const { rtpChannel, rtcpChannel } = transport;
    return `RTP/AVP/TCP;unicast;interleaved=${rtpChannel}-${rtcpChannel};${source}`;
  }
  const { protocol, rtpPort, rtcpPort } = transport;
  const server = serverPorts === null ? '' : `server_port=${serverPorts.rtp}-${serverPorts.rtcp};`;
  return `${protocol};unicast;client_port=${rtpPort}-${rtcpPort};${server}${source}`;
}
