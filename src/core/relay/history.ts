import type { ChannelConfig } from '../wire/channels.ts';

const DAY_MS = 86_400_000;

/** What was sent before this is not kept any more; a channel without history keeps nothing, whenever it was sent. */
export function historyStartMs(config: Pick<ChannelConfig, 'historyDays'>, wallMs: number): number {
  return config.historyDays === 0
    ? Number.MAX_SAFE_INTEGER
    : Math.max(0, wallMs - config.historyDays * DAY_MS);
}
