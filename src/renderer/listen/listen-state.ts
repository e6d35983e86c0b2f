import { create } from 'zustand';

/** Between the page and the relay. */
export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  /** Lost; tried again at that time of performance.now(). */
  | { readonly kind: 'waiting'; readonly retryAtMs: number }
  /** Not let in, and asking again would not help. */
  | { readonly kind: 'refused' };

/** Refusals that the right password or link would change. */
const SECRET_CODES = ['proofMissing', 'proofWrong'];

export interface ListenState {
  readonly link: Link;
  /** What the relay refused last; null: nothing. */
  readonly refusal: { readonly code: string; readonly sentence: string } | null;
  /** Name of the channel; empty: not known yet. */
  readonly channelName: string;
  /** What is on; null: nothing. */
  readonly onAir: {
    readonly source: string;
    readonly title: string;
    readonly artist: string;
    /** bit/s; null: not known. */
    readonly bitrate: number | null;
    readonly channels: number;
  } | null;
  readonly listening: 'off' | 'starting' | 'on';
  /** What keeps sound from being heard; empty: nothing. */
  readonly soundTrouble: string;
  readonly decoder: 'webcodecs' | 'wasm' | null;
  /** Sound that waits in this page and its sound card, in ms; null: nothing is heard. */
  readonly delayMs: number | null;
  /** Times the sound broke off because the network did not keep up. */
  readonly breaks: number;
  /** 0 to 1. */
  readonly volume: number;
  readonly muted: boolean;
  readonly talk: 'none' | 'offered' | 'opening' | 'talking';
  readonly talkTrouble: string;
}

export const useListenState = create<ListenState>()(() => ({
  link: { kind: 'connecting' },
  refusal: null,
  channelName: '',
  onAir: null,
  listening: 'off',
  soundTrouble: '',
  decoder: null,
  delayMs: null,
  breaks: 0,
  volume: 1,
  muted: false,
  talk: 'none',
  talkTrouble: '',
}));

/** Whether a password would help. */
export function asksForSecret({ refusal }: Pick<ListenState, 'refusal'>): boolean {
  return refusal !== null && SECRET_CODES.includes(refusal.code);
}

/** What is so, in a sentence. */
export function statusSentence(state: ListenState): string {
  const { link, refusal, onAir, listening, soundTrouble } = state;
  if (refusal !== null) return refusal.sentence;
  if (link.kind === 'connecting') return 'Connecting …';
  if (link.kind === 'waiting') return 'The connection is lost. Trying again …';
  if (soundTrouble !== '') return soundTrouble;
  if (onAir === null)
    return listening === 'off' ? 'Nothing is on air.' : 'Nothing is on air. You will hear it when it begins.';
  if (listening === 'on') return 'Live';
  return listening === 'starting' ? 'Starting …' : 'On air. Press Play to listen.';
}
