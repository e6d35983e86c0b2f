import { type Counters, createCounters } from '../base/counters.ts';
import { GuessLimit } from '../relay/guess-limit.ts';
import { networkOf } from '../relay/network-of.ts';
import type { FanOutLimits } from './fan-out.ts';
import type { ListeningChannel, PasswordHashes } from './listening.ts';
import { Program } from './program.ts';

/** Most visits of one address (one IPv6 /64) at a time, unless somebody says otherwise: a household, or a small office. */
export const DEFAULT_VISITS_PER_NETWORK = 32;

/** Most visits at a time, all channels together. */
export const MAX_VISITS = 10_000;

/** What somebody wants of a channel. */
export type VisitPurpose = 'listen' | 'publish' | 'talk';

/** What shows that somebody may. `verified`: a digest over the password's hashes was found to be right. */
export type Proof =
  | { readonly kind: 'none' }
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'verified' };

export interface VisitRequest {
  /** Slug, name or id of the channel, as it stood in an address. */
  readonly channel: string;
  readonly purpose: VisitPurpose;
  readonly proof: Proof;
  /** Numeric address of the peer. */
  readonly address: string;
  /** Over TLS, or from this machine. */
  readonly private: boolean;
  /** The visit is over because the channel is gone, or may no longer be heard with that proof. At most once. */
  readonly onDidRevoke: () => void;
}

/** Why a visit was refused. */
export const VISIT_REFUSALS = [
  'unknownChannel',
  'proofMissing',
  'proofWrong',
  'proofInTheClear',
  'tooManyTries',
  'notOffered',
  'channelFull',
  'networkFull',
  'relayFull',
  'publisherBusy',
] as const;
export type VisitRefusal = (typeof VISIT_REFUSALS)[number];

/** A stay of somebody in a channel's program, from admission until `leave`. */
export interface Visit {
  readonly channel: ListeningChannel;
  readonly program: Program;
  /** Must be called when it is over; calling it again does nothing. */
  leave(): void;
}

export type VisitAnswer = { readonly ok: true; readonly visit: Visit } | VisitRefused;

export interface VisitRefused {
  readonly ok: false;
  readonly reason: VisitRefusal;
  readonly retryAfterSeconds: number | null;
}

export type PublisherAnswer = { readonly ok: true; readonly channel: ListeningChannel } | VisitRefused;

/** The HTTP status, and the RTSP status (RFC 2326 took over its numbers), that tells a refusal. */
export function statusOf(reason: VisitRefusal): 401 | 403 | 404 | 409 | 429 | 503 {
  switch (reason) {
    case 'unknownChannel':
      return 404;
    case 'proofMissing':
    case 'proofWrong':
      return 401;
    case 'proofInTheClear':
    case 'notOffered':
      return 403;
    case 'tooManyTries':
    case 'networkFull':
      return 429;
    case 'channelFull':
    case 'relayFull':
      return 503;
    case 'publisherBusy':
      return 409;
  }
}

/** A refusal in a person's words. */
export function visitSentence(reason: VisitRefusal): string {
  switch (reason) {
    case 'unknownChannel':
      return 'There is nothing to listen to at this address.';
    case 'proofMissing':
      return 'This channel asks for a password, or for the link that its host gives out.';
    case 'proofWrong':
      return 'That is not the password or the link of this channel.';
    case 'proofInTheClear':
      return 'A password is taken over an encrypted connection only: use https, wss or rtsps.';
    case 'tooManyTries':
      return 'There were too many wrong passwords from your address. Wait a little.';
    case 'notOffered':
      return 'Nobody may do that in this channel.';
    case 'channelFull':
      return 'This channel has as many listeners as it admits.';
    case 'networkFull':
      return 'There are too many listeners from your address.';
    case 'relayFull':
      return 'This relay has as many listeners as it admits.';
    case 'publisherBusy':
      return 'Somebody else is publishing to this channel.';
  }
}

export interface ProgramsOptions {
  readonly limits: {
    readonly frames: FanOutLimits;
    readonly pages: FanOutLimits;
    readonly units: FanOutLimits;
  };
  readonly visitsPerNetwork?: number;
  /** Secrets are taken from anywhere, though somebody on the way could read them. */
  readonly secretsInTheClear: boolean;
  /** Both take the same time whatever they find. */
  readonly equalSecrets: (one: string, other: string) => boolean;
  readonly fitsPassword: (password: string, hashes: PasswordHashes) => boolean;
  readonly onDidChangeListeners?: (channel: number, listeners: number) => void;
}

interface Stay {
  readonly visit: Visit;
  readonly request: VisitRequest;
  readonly network: string;
}

const COUNTED = ['admitted', 'left', 'revoked', ...VISIT_REFUSALS] as const;
export type ProgramsCounter = (typeof COUNTED)[number];

/** The programs of all channels that may be listened to, and who is let in to them. */
export class Programs {
  readonly #options: ProgramsOptions;
  readonly #channels = new Map<number, { channel: ListeningChannel; readonly program: Program }>();
  readonly #stays = new Set<Stay>();
  readonly #perNetwork = new Map<string, number>();
  readonly #perPurpose = new Map<string, number>();
  readonly #guesses = new GuessLimit();
  readonly counters: Counters<ProgramsCounter> = createCounters(COUNTED);

  constructor(options: ProgramsOptions) {
    this.#options = options;
  }

  get visits(): number {
    return this.#stays.size;
  }

  all(): readonly { readonly channel: ListeningChannel; readonly program: Program }[] {
    return [...this.#channels.values()];
  }

  /** By slug, by name or by id, as it stands in an address (percent-decoded). */
  find(reference: string): { readonly channel: ListeningChannel; readonly program: Program } | null {
    const lower = reference.normalize('NFC').toLowerCase();
    const all = this.all();
    return (
      all.find(({ channel }) => channel.slug === lower) ??
      all.find(({ channel }) => channel.name.normalize('NFC').toLowerCase() === lower) ??
      all.find(({ channel }) => String(channel.id) === reference) ??
      null
    );
  }

  program(channel: number): Program | null {
    return this.#channels.get(channel)?.program ?? null;
  }

  /** All channels that may be listened to from now on. Visits that would be refused now are over. */
  setChannels(channels: readonly ListeningChannel[]): void {
    const wanted = new Map(channels.map((channel) => [channel.id, channel]));
    for (const [id, entry] of this.#channels) {
      const next = wanted.get(id);
      if (next === undefined) {
        this.#channels.delete(id);
        this.#revoke(({ visit }) => visit.channel.id === id);
        entry.program.close();
      } else {
        const before = entry.channel;
        entry.channel = next;
        this.#revoke((stay) => stay.visit.channel.id === id && !this.#mayStay(stay, before, next));
      }
    }
    for (const channel of channels) {
      if (this.#channels.has(channel.id)) continue;
      const { limits, onDidChangeListeners } = this.#options;
      const program = new Program({
        channel: channel.id,
        limits,
        onDidChangeListeners: () => onDidChangeListeners?.(channel.id, program.listeners),
      });
      this.#channels.set(channel.id, { channel, program });
    }
  }

  admit(request: VisitRequest, nowMs: number): VisitAnswer {
    const found = this.find(request.channel);
    if (found === null) return this.#refuse('unknownChannel');
    const network = networkOf(request.address);
    if (!isOffered(found.channel, request.purpose)) return this.#refuse('notOffered');
    // Who may not hear a channel is not told either how full it is, or that somebody publishes.
    const proven = this.#prove(found.channel, request, network, nowMs);
    if (proven !== null) return proven;
    const full = this.#fullness(found, request, network);
    if (full !== null) return this.#refuse(full);
    const stay: Stay = { request, network, visit: this.#visit(found, () => this.#leave(stay)) };
    this.#stays.add(stay);
    this.#count(stay, 1);
    this.counters.admitted += 1;
    return { ok: true, visit: stay.visit };
  }

  /**
   * Whether somebody has the publisher's key of a channel, without letting them in: for those who steer a publisher
   * that is there already. Counted, and limited in tries, as an admission is.
   */
  provePublisher(request: Omit<VisitRequest, 'purpose' | 'onDidRevoke'>, nowMs: number): PublisherAnswer {
    const found = this.find(request.channel);
    if (found === null) return this.#refuse('unknownChannel');
    const { channel } = found;
    if (!isOffered(channel, 'publish')) return this.#refuse('notOffered');
    const asked: VisitRequest = { ...request, purpose: 'publish', onDidRevoke: () => undefined };
    return this.#prove(channel, asked, networkOf(request.address), nowMs) ?? { ok: true, channel };
  }

  /** Visits of one kind to a channel. */
  visitsTo(channel: number, purpose: VisitPurpose): number {
    return this.#perPurpose.get(`${purpose} ${channel}`) ?? 0;
  }

  close(): void {
    this.setChannels([]);
  }

  #visit(found: { readonly channel: ListeningChannel; readonly program: Program }, leave: () => void): Visit {
    const { channel, program } = found;
    return { channel, program, leave };
  }

  #fullness(
    { channel, program }: { readonly channel: ListeningChannel; readonly program: Program },
    { purpose }: VisitRequest,
    network: string,
  ): VisitRefusal | null {
    if (purpose === 'publish') {
      const isBusy = program.broadcast !== null || this.visitsTo(channel.id, 'publish') > 0;
      return isBusy ? 'publisherBusy' : null;
    }
    const { visitsPerNetwork = DEFAULT_VISITS_PER_NETWORK } = this.#options;
    if ((this.#perNetwork.get(network) ?? 0) >= visitsPerNetwork) return 'networkFull';
    if (this.#stays.size >= MAX_VISITS) return 'relayFull';
    return this.visitsTo(channel.id, 'listen') >= channel.maxListeners ? 'channelFull' : null;
  }

  /** @returns null: it may be */
  #prove(
    channel: ListeningChannel,
    request: VisitRequest,
    network: string,
    nowMs: number,
  ): VisitRefused | null {
    const { proof, purpose } = request;
    if (purpose !== 'publish' && channel.access === 'public') return null;
    if (proof.kind === 'verified') return purpose === 'publish' ? this.#refuse('proofWrong') : null;
    if (proof.kind === 'none') return this.#refuse('proofMissing');
    const isLink = this.#isLink(channel, request);
    // A link is handed around, and travels in the clear by its nature; passwords and publishers' keys do not.
    const isKeptSecret = purpose === 'publish' || channel.access === 'password';
    if (isKeptSecret && !isLink && !request.private && !this.#options.secretsInTheClear)
      return this.#refuse('proofInTheClear');
    const keys = [`network ${network}`];
    const waitSeconds = this.#guesses.begin(keys, nowMs);
    if (waitSeconds > 0) return this.#refuse('tooManyTries', waitSeconds);
    if (!isLink && !this.#fits(channel, purpose, proof.secret)) return this.#refuse('proofWrong');
    this.#guesses.takeBack(keys);
    return null;
  }

  #isLink(channel: ListeningChannel, { proof, purpose }: VisitRequest): boolean {
    return (
      purpose !== 'publish' &&
      proof.kind === 'secret' &&
      this.#options.equalSecrets(proof.secret, channel.linkKey)
    );
  }

  #fits(channel: ListeningChannel, purpose: VisitPurpose, secret: string): boolean {
    const { equalSecrets, fitsPassword } = this.#options;
    if (purpose === 'publish') return channel.publishKey !== null && equalSecrets(secret, channel.publishKey);
    return (
      channel.access === 'password' && channel.password !== null && fitsPassword(secret, channel.password)
    );
  }

  /** What let it in still would. */
  #mayStay({ request }: Stay, before: ListeningChannel, next: ListeningChannel): boolean {
    const { proof, purpose } = request;
    if (purpose === 'publish') return next.source === 'publisher' && next.publishKey === before.publishKey;
    if (purpose === 'talk' && !next.talk) return false;
    if (next.access === 'public') return true;
    if (next.access !== before.access || next.linkKey !== before.linkKey) return false;
    return proof.kind !== 'none' && samePassword(next.password, before.password);
  }

  #revoke(isOver: (stay: Stay) => boolean): void {
    for (const stay of [...this.#stays]) {
      if (!isOver(stay)) continue;
      this.counters.revoked += 1;
      this.#leave(stay);
      stay.request.onDidRevoke();
    }
  }

  #leave(stay: Stay): void {
    if (!this.#stays.delete(stay)) return;
    this.counters.left += 1;
    this.#count(stay, -1);
  }

  #count({ network, request, visit }: Stay, change: 1 | -1): void {
    for (const [counts, key] of [
      [this.#perNetwork, network],
      [this.#perPurpose, `${request.purpose} ${visit.channel.id}`],
    ] as const) {
      const count = (counts.get(key) ?? 0) + change;
      if (count === 0) counts.delete(key);
      else counts.set(key, count);
    }
  }

  #refuse(reason: VisitRefusal, retryAfterSeconds: number | null = null): VisitRefused {
    this.counters[reason] += 1;
    return { ok: false, reason, retryAfterSeconds };
  }
}

function isOffered({ publishKey, source, talk }: ListeningChannel, purpose: VisitPurpose): boolean {
  if (purpose === 'publish') return publishKey !== null && source === 'publisher';
  return purpose === 'listen' || talk;
}

function samePassword(one: PasswordHashes | null, other: PasswordHashes | null): boolean {
  return one?.sha256 === other?.sha256 && one?.md5 === other?.md5;
}
