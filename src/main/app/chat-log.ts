import type { ChatEntry, ChatEvent, ChatTarget, Conversation } from '../../contract/chat.ts';
import { MAX_SHOWN_CHATS } from '../../contract/limits.ts';
import type { ChatOutcome } from '../../core/session/session-engine.ts';
import type { ChatMessage } from '../../core/wire/chat.ts';

/** Conversations kept at once: every channel of a room, and as many people again; the one silent longest goes. */
const MAX_CONVERSATIONS = 128;

/** Own messages that are recognized when history brings them again: as many as can be shown. */
const MAX_OWN_MESSAGES = MAX_CONVERSATIONS * MAX_SHOWN_CHATS;

/** Spaces the messages that wait behind the newest one the relay has numbered. */
const PENDING_STEP = 1e-6;

interface Kept {
  readonly target: ChatTarget;
  title: string;
  /** In order. */
  entries: ChatEntry[];
  more: boolean;
}

export interface ChatLogOptions {
  readonly onDidChange: (event: ChatEvent) => void;
  /** Name of a channel, or of a person who is or was here. */
  readonly title: (target: ChatTarget) => string;
  readonly ownIdentity: () => { readonly identity: string; readonly nickname: string };
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
}

function keyOf(target: ChatTarget): string {
  return target.kind === 'channel' ? `channel.${target.channel}` : `member.${target.identity}`;
}

/** What was said in the room as this program saw it; lives as long as the room is not left. */
export class ChatLog {
  readonly #options: ChatLogOptions;
  readonly #conversations = new Map<string, Kept>();
  /** Where a message of ours that waits stands, by the session engine's number. */
  readonly #waiting = new Map<number, { readonly target: ChatTarget; readonly key: string }>();
  /** Own messages by the relay's number: history brings them again. */
  readonly #ownKeys = new Map<number, string>();
  #newest = 0;
  #serial = 0;

  constructor(options: ChatLogOptions) {
    this.#options = options;
  }

  /** Another room. */
  clear(): void {
    this.#conversations.clear();
    this.#waiting.clear();
    this.#ownKeys.clear();
    this.#newest = 0;
  }

  conversations(): Conversation[] {
    return Array.from(this.#conversations.values(), ({ target, title, entries, more }) => ({
      target,
      title,
      entries: [...entries],
      more,
    }));
  }

  /** A channel whose relay keeps history has something older to show. */
  setMore(channel: number, more: boolean): void {
    this.#open({ kind: 'channel', channel }).more = more;
  }

  /** The relay's number of the oldest message shown of a channel; null: none. */
  oldestOf(channel: number): number | null {
    for (const entry of this.#open({ kind: 'channel', channel }).entries) {
      if (entry.state === 'delivered' && Number.isInteger(entry.order)) return entry.order;
    }
    return null;
  }

  /** A message of ours was given to the session engine under number `id`. */
  handleSent(id: number, target: ChatTarget, text: string): void {
    const { identity, nickname } = this.#options.ownIdentity();
    this.#serial += 1;
    const key = `own.${this.#serial}`;
    this.#waiting.set(id, { target, key });
    this.#put(target, {
      key,
      order: this.#newest + this.#serial * PENDING_STEP,
      own: true,
      nickname,
      identity,
      text,
      sentMs: this.#options.wallMs(),
      state: 'pending',
      problem: '',
    });
  }

  handleSettled(id: number, outcome: ChatOutcome): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    const entry = waiting && this.#find(waiting.target, waiting.key);
    if (waiting === undefined || entry === undefined) return;
    if (outcome.kind === 'failed') {
      this.#put(waiting.target, { ...entry, state: 'failed', problem: outcome.sentence });
      return;
    }
    if (outcome.message !== null) this.#rememberOwn(outcome.message, entry.key);
    this.#put(waiting.target, {
      ...entry,
      state: 'delivered',
      order: this.#numbered(outcome.message) ?? entry.order,
      sentMs: outcome.sentMs ?? entry.sentMs,
    });
  }

  /** A message of somebody else, or an older one out of the history. */
  handleMessage(message: ChatMessage, own: boolean): void {
    // To one person: the conversation is with whoever the other one is.
    const target: ChatTarget =
      message.to.kind === 'member' && !own ? { kind: 'member', identity: message.from.identity } : message.to;
    this.#put(target, {
      key: this.#ownKeys.get(message.id) ?? `message.${message.id}`,
      order: this.#numbered(message.id) ?? message.id,
      own,
      nickname: message.from.nickname,
      identity: message.from.identity,
      text: message.text,
      sentMs: message.sentMs,
      state: 'delivered',
      problem: '',
    });
  }

  #rememberOwn(message: number, key: string): void {
    this.#ownKeys.set(message, key);
    const [oldest] = this.#ownKeys.keys();
    if (this.#ownKeys.size > MAX_OWN_MESSAGES && oldest !== undefined) this.#ownKeys.delete(oldest);
  }

  #numbered(message: number | null): number | null {
    if (message !== null) this.#newest = Math.max(this.#newest, message);
    return message;
  }

  #find(target: ChatTarget, key: string): ChatEntry | undefined {
    return this.#conversations.get(keyOf(target))?.entries.find((entry) => entry.key === key);
  }

  #open(target: ChatTarget): Kept {
    const name = keyOf(target);
    const known = this.#conversations.get(name);
    if (known !== undefined) return known;
    if (this.#conversations.size >= MAX_CONVERSATIONS) {
      const [oldest] = this.#conversations.keys();
      if (oldest !== undefined) this.#conversations.delete(oldest);
    }
    const opened: Kept = { target, title: this.#options.title(target), entries: [], more: false };
    this.#conversations.set(name, opened);
    return opened;
  }

  #put(target: ChatTarget, entry: ChatEntry): void {
    const kept = this.#open(target);
    // Most recently used last, so that the one silent longest is the first to go.
    this.#conversations.delete(keyOf(target));
    this.#conversations.set(keyOf(target), kept);
    const title = this.#options.title(target);
    if (title !== '') kept.title = title;
    const others = kept.entries.filter((other) => other.key !== entry.key);
    const after = others.findIndex((other) => other.order > entry.order);
    others.splice(after < 0 ? others.length : after, 0, entry);
    // Older pages may be looked at; what arrives newly pushes the oldest out.
    kept.entries = others.slice(-MAX_SHOWN_CHATS);
    this.#options.onDidChange({ target: kept.target, title: kept.title, entry });
  }
}
