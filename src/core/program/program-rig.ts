import type { FanOutLimits, Outlet } from './fan-out.ts';
import type { ListeningChannel } from './listening.ts';
import type { BroadcastRequest } from './program.ts';

const LIMITS: FanOutLimits = { maxBacklogBytes: 1_000, maxStallMs: 1_000 };
export const TEST_LIMITS = { frames: LIMITS, pages: LIMITS, units: LIMITS };

export const PUBLISHER: BroadcastRequest = {
  kind: 'publisher',
  source: 'LiveRadio',
  channels: 2,
  bitrate: 96_000,
  preSkipSamples: 312,
  container: 'ogg',
};

/** A packet of 20 ms CELT in mono or stereo (RFC 6716, section 3.1), told apart by `mark`. */
export function packetOf(mark: number, stereo = false): Uint8Array {
  return Uint8Array.of(0xf8 | (stereo ? 4 : 0), mark & 0xff, mark >> 8);
}

export function collecting<Item>(): Outlet<Item> & { readonly got: Item[]; ended: string | null } {
  const got: Item[] = [];
  return {
    got,
    ended: null,
    send: (item) => got.push(item),
    backlogBytes: () => 0,
    end(reason) {
      this.ended = reason;
    },
  };
}

export function channelOf(changes: Partial<ListeningChannel> = {}): ListeningChannel {
  return {
    id: 1,
    name: 'Music',
    slug: 'music',
    source: 'publisher',
    access: 'public',
    linkKey: 'link-key',
    password: null,
    publishKey: 'publish-key',
    talk: false,
    maxListeners: 2,
    bitrate: 64_000,
    ...changes,
  };
}
