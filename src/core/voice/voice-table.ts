import type { SessionToken } from '../base/brand.ts';
import { CHANNEL_TARGET } from '../seal/key-ring.ts';
import type { Speaker } from './speaker.ts';

/** One voice that reaches us: a person in the channel, or that person's whispers to one target. */
export interface HeardVoice {
  readonly token: SessionToken;
  /** CHANNEL_TARGET, or whom the whispers are for: our own token, or a list. */
  readonly target: number;
  readonly frameSamples: number;
  readonly speaker: Speaker;
  /** In datagrams that were opened, header and all. */
  bytesReceived: number;
}

/** The voices that have a decoder, by person and target, and the totals of those that are gone. */
export class VoiceTable {
  readonly #byToken = new Map<SessionToken, HeardVoice[]>();
  readonly #retired: Record<string, number> = {};
  #all: readonly HeardVoice[] = [];

  /** In no order that means anything; iterating allocates nothing. */
  get all(): readonly HeardVoice[] {
    return this.#all;
  }

  find(token: SessionToken, target: number): HeardVoice | null {
    for (const voice of this.#byToken.get(token) ?? []) if (voice.target === target) return voice;
    return null;
  }

  /** Everything that comes from that person. */
  of(token: SessionToken): readonly HeardVoice[] {
    return this.#byToken.get(token) ?? [];
  }

  add(voice: HeardVoice): void {
    this.#byToken.set(voice.token, [...this.of(voice.token), voice]);
    this.#all = [...this.#all, voice];
  }

  /** Gives the decoders of all voices back for which `wanted` is true; their totals stay. */
  retire(wanted: (voice: HeardVoice) => boolean): void {
    const gone = this.#all.filter(wanted);
    if (gone.length === 0) return;
    for (const voice of gone) {
      const counters: Record<string, number> = { ...voice.speaker.counters() };
      // What was held is gone with the speaker; the depth is no sum over time.
      counters['depthFrames'] = 0;
      addInto(this.#retired, counters);
    }
    this.#all = this.#all.filter((voice) => !gone.includes(voice));
    this.#byToken.clear();
    for (const voice of this.#all) this.#byToken.set(voice.token, [...this.of(voice.token), voice]);
  }

  /** Tokens of those who are heard right now, in the channel or (`whispers`) whispering. */
  talkingTokens(whispers: boolean): SessionToken[] {
    const tokens: SessionToken[] = [];
    for (const { token, target, speaker } of this.#all) {
      if (!speaker.talking || (target !== CHANNEL_TARGET) !== whispers) continue;
      if (!tokens.includes(token)) tokens.push(token);
    }
    return tokens;
  }

  /** Counters of all voices, present and gone, summed. */
  counters(): Record<string, number> {
    const sum: Record<string, number> = { ...this.#retired };
    for (const { speaker } of this.#all) addInto(sum, { ...speaker.counters() });
    return sum;
  }
}

function addInto(sum: Record<string, number>, counters: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counters)) sum[name] = (sum[name] ?? 0) + value;
}
