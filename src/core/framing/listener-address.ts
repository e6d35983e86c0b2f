import type { ListeningChannel } from '../program/listening.ts';

/** The channel that is meant by who names none: the only one, else the first that is public. */
export function unnamedChannel(channels: readonly ListeningChannel[]): ListeningChannel | null {
  const [only] = channels;
  if (channels.length === 1 && only !== undefined) return only;
  return channels.find(({ access }) => access === 'public') ?? null;
}
