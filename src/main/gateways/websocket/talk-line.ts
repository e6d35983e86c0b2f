import { errorText } from '../../../core/framing/listener-messages.ts';
import { TALK_PAUSE_MS, Talker, type TalkFault } from '../../../core/framing/talker.ts';
import type { WebSocketLine } from '../front/web-socket-line.ts';
import type { TalkPort } from '../gateway.ts';

export interface TalkLineOptions {
  readonly channel: number;
  readonly talk: TalkPort;
  readonly line: WebSocketLine;
  readonly nowMs: () => number;
  readonly count: (counter: TalkFault | 'framesSpoken' | 'framesUnheard') => void;
}

/** A listener who may talk: its frames go into the channel while nobody else's do. */
export class TalkLine {
  readonly #options: TalkLineOptions;
  readonly #talker: Talker;
  /** It has been told that somebody else talks. */
  #told = false;
  #pause: NodeJS.Timeout | null = null;

  constructor(options: TalkLineOptions) {
    this.#options = options;
    this.#talker = new Talker(options.nowMs());
  }

  /** @returns false: it is no frame that may come here, and was counted */
  handleBytes(bytes: Buffer): boolean {
    const { channel, talk, line, nowMs, count } = this.#options;
    const read = this.#talker.handleMessage(bytes, nowMs());
    if (!read.ok) {
      count(read.reason);
      return false;
    }
    if (read.first) this.#told = false;
    // Handed to another thread or kept for a moment, while the message's memory is used again.
    if (talk.speak(channel, this, new Uint8Array(read.packet))) {
      count('framesSpoken');
      this.#expectMore();
    } else {
      count('framesUnheard');
      if (!this.#told)
        line.sendText(errorText('floorTaken', 'Somebody else is talking. Try again in a moment.'));
      this.#told = true;
    }
    return true;
  }

  end(): void {
    if (this.#pause === null) return;
    clearTimeout(this.#pause);
    this.#pause = null;
    this.#options.talk.pause(this.#options.channel, this);
  }

  #expectMore(): void {
    if (this.#pause === null) this.#pause = setTimeout(() => this.end(), TALK_PAUSE_MS).unref();
    else this.#pause.refresh();
  }
}
