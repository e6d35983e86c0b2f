import type { ChatEntry } from '../../src/contract/chat.ts';
import type { ChatMessage } from '../../src/core/wire/chat.ts';

/** A message that was written. Its text is like no other's. */
interface Written {
  readonly number: number;
  readonly from: string;
  /** Identities of those it must reach. */
  readonly to: readonly string[];
  /** It was said in a channel that keeps its history. */
  readonly kept: boolean;
  fate: 'open' | 'acknowledged' | 'failed';
  /** How often it was shown, by identity. */
  readonly shown: Map<string, number>;
}

/** Every message of a run: who wrote it, whether the relay took it, who was shown it how often. */
export class ChatBook {
  readonly #written = new Map<string, Written>();
  /** Identities that had to begin a new session, and the number of the newest message before it. */
  readonly #reborn = new Map<string, number>();
  acknowledged = 0;
  failed = 0;
  shown = 0;
  /** Messages shown twice, or twice in the history. */
  readonly doubled = new Set<string>();
  /** Messages shown that nobody wrote, or to somebody else than the one they were for. */
  strays = 0;

  /** @returns its text */
  write(from: string, to: readonly string[], kept: boolean, filling: string): string {
    const number = this.#written.size + 1;
    const text = `${number} ${filling}.`;
    this.#written.set(text, { number, from, to, kept, fate: 'open', shown: new Map() });
    return text;
  }

  /** Messages by `from` that the relay has neither taken nor refused. */
  open(from: string): number {
    return this.#where((message) => message.fate === 'open' && message.from === from).length;
  }

  /** Something was shown to `identity`, not out of the history. */
  handleShown(identity: string, entry: ChatEntry): void {
    const message = this.#written.get(entry.text);
    if (message === undefined) {
      this.strays += 1;
    } else if (entry.own) {
      if (message.fate === 'open') this.#settle(message, entry.state);
    } else {
      this.shown += 1;
      const times = (message.shown.get(identity) ?? 0) + 1;
      message.shown.set(identity, times);
      if (times > 1) this.doubled.add(entry.text);
      // Whoever happens to be in the channel is told what is said there.
      if (!message.kept && !message.to.includes(identity)) this.strays += 1;
    }
  }

  /** A new session begins with nothing that was on its way to the old one. */
  handleNewSession(identity: string): void {
    this.#reborn.set(identity, this.#written.size);
  }

  /** Texts that were acknowledged, and that `identity` has not been shown yet. */
  awaitedBy(identity: string): string[] {
    const since = this.#reborn.get(identity) ?? 0;
    return this.#where(
      (message) =>
        message.fate === 'acknowledged' &&
        message.number > since &&
        message.to.includes(identity) &&
        !message.shown.has(identity),
    );
  }

  /** Texts that were acknowledged, said where history is kept, after the message of that number. */
  keptAfter(number: number): string[] {
    return this.#where(
      (message) => message.kept && message.fate === 'acknowledged' && message.number > number,
    );
  }

  /** What became of every message up to this number is known. */
  get settledUpTo(): number {
    let number = 0;
    for (const message of this.#written.values()) {
      if (message.fate === 'open') break;
      number = message.number;
    }
    return number;
  }

  /**
   * Looks for messages in a history, oldest first: each is there once, and what one member wrote in its order.
   *
   * @returns how many are not there, or stand in the wrong place
   */
  missingIn(history: readonly ChatMessage[], texts: readonly string[]): number {
    const found = new Set<string>();
    const newest = new Map<string, number>();
    let wrong = 0;
    let lastId = 0;
    for (const { id, from, text } of history) {
      if (found.has(text)) this.doubled.add(text);
      found.add(text);
      const number = this.#written.get(text)?.number ?? 0;
      if (number <= (newest.get(from.identity) ?? 0) || id <= lastId || !Number.isSafeInteger(id)) wrong += 1;
      newest.set(from.identity, number);
      lastId = id;
    }
    return wrong + texts.filter((text) => !found.has(text)).length;
  }

  #settle(message: Written, state: ChatEntry['state']): void {
    if (state === 'delivered') {
      message.fate = 'acknowledged';
      this.acknowledged += 1;
    } else if (state === 'failed') {
      message.fate = 'failed';
      this.failed += 1;
    }
  }

  #where(isMeant: (message: Written) => boolean): string[] {
    return Array.from(this.#written)
      .filter(([, message]) => isMeant(message))
      .map(([text]) => text);
  }
}
