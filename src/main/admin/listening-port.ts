import type { ListeningLinks, ListeningState, SaveListening } from '../../contract/admin.ts';

/** A channel's settings and what is on in it, with everything that is secret. */
export type ChannelListening = Omit<ListeningState, 'channel' | 'listeners' | 'mayManage' | 'links'> & {
  /** Null: it is not open. */
  readonly links: ListeningLinks | null;
};

/** What is to change; what is left out stays as it is. */
export type ListeningChange = Omit<SaveListening, 'listeners'>;

/** `storageFailed`: nothing was changed. `sentence` is for people. */
export type ListeningOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'badRequest' | 'storageFailed'; readonly sentence: string };

/**
 * Listening, as the admin API steers it. It decides nothing about who may: the routes have asked. The switch of a
 * channel is the relay's; what is kept here holds while it is on. Methods never throw.
 */
export interface ListeningPort {
  /** `failing`: a channel should be heard and cannot. */
  readonly status: 'closed' | 'open' | 'failing';
  /** What a channel that was never opened would be opened with, where nothing is kept. */
  describe(channel: number): ChannelListening;
  save(channel: number, change: ListeningChange): ListeningOutcome;
  /** A new key for the channel's link. */
  renewLink(channel: number): ListeningOutcome;
  renewPublishKey(channel: number): ListeningOutcome;
  /** Since the start, by name. */
  counters(): Readonly<Record<string, number>>;
  /** Something that `describe` tells has changed. @returns stops it */
  onDidChange(listener: () => void): () => void;
}

/** How channels stand where there is no listening. */
export const NO_LISTENING: ChannelListening = Object.freeze({
  source: 'conversation',
  access: 'link',
  hasPassword: false,
  publish: false,
  publishKey: null,
  talk: false,
  maxListeners: 200,
  links: null,
  now: Object.freeze({ listeners: 0, source: null, title: '' }),
  sentence: 'Listening is switched off in the settings of this relay.',
});

/** Stands where listening could not be prepared. @param sentence why, for people */
export function unavailableListening(sentence: string): ListeningPort {
  const shown: ChannelListening = { ...NO_LISTENING, sentence };
  const refused: ListeningOutcome = { ok: false, reason: 'storageFailed', sentence };
  return {
    status: 'failing',
    describe: () => shown,
    save: () => refused,
    renewLink: () => refused,
    renewPublishKey: () => refused,
    counters: () => ({}),
    onDidChange: () => () => undefined,
  };
}
