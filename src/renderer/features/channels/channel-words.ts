import type { ChannelConfig } from '../../../contract/room.ts';

/** bit/s worth offering, with what they sound like. */
const bitrates: readonly (readonly [bitrate: number, words: string])[] = [
  [6_000, 'just understood'],
  [12_000, 'telephone'],
  [16_000, 'clear speech, least traffic'],
  [24_000, 'good speech'],
  [32_000, 'very good speech, the usual'],
  [48_000, 'speech as in the same room'],
  [64_000, 'music with small losses'],
  [96_000, 'good music'],
  [128_000, 'music, hardly told from the original'],
  [256_000, 'music as it was'],
  [510_000, 'the most there is'],
];

/** What a bitrate sounds like: the words of the nearest one below, or of the lowest. */
export function bitrateWords(bitrate: number): string {
  const [lowest] = bitrates;
  return (bitrates.findLast(([least]) => least <= bitrate) ?? lowest)?.[1] ?? '';
}

/** Bitrates to choose from; the one in force is among them, whatever it is. */
export function bitrateChoices(inForce: number): { value: string; label: string }[] {
  const offered = new Set([...bitrates.map(([bitrate]) => bitrate), inForce]);
  return [...offered]
    .sort((a, b) => a - b)
    .map((bitrate) => ({
      value: String(bitrate),
      label: `${Math.round(bitrate / 1_000)} kbit/s: ${bitrateWords(bitrate)}`,
    }));
}

/** Frame lengths in samples at 48 kHz, with what they cost. */
export const frameChoices: readonly { readonly value: string; readonly label: string }[] = [
  { value: '480', label: '10 ms: least delay, most traffic' },
  { value: '960', label: '20 ms: the usual' },
  { value: '1920', label: '40 ms: less traffic, more delay' },
  { value: '2880', label: '60 ms: least traffic, most delay' },
];

/** Reads a frame length from its choice; anything else is the usual one. */
export function readFrameSamples(value: string): ChannelConfig['frameSamples'] {
  const samples = Number(value);
  return samples === 480 || samples === 1920 || samples === 2880 ? samples : 960;
}

/** Redundant copies, with what they bridge. */
export const redundancyChoices: readonly { readonly value: string; readonly label: string }[] = [
  { value: '0', label: 'None: for good networks' },
  { value: '1', label: 'One copy: single losses are not heard' },
  { value: '2', label: 'Two copies: for bad networks, most traffic' },
];

/** The sound of a channel in a line. */
export function channelSoundText(config: ChannelConfig): string {
  const copies = ['no redundancy', 'one redundant copy', 'two redundant copies'][config.redundancyCopies];
  const kilobits = Math.round(config.bitrate / 1_000);
  return `${kilobits} kbit/s (${bitrateWords(config.bitrate)}), ${config.frameSamples / 48} ms frames, ${copies ?? ''}`;
}

/** Longest time chat can be kept, in days, as the contract's schema has it. */
export const MAX_HISTORY_DAYS = 365;

/** How long messages stay, as it is told to those who write them. */
export function retentionSentence(historyDays: number): string {
  if (historyDays === 0) return 'Messages here are not kept: only those present read them.';
  const days = historyDays === 1 ? 'a day' : `${historyDays} days`;
  return `Messages here are kept for ${days}: who comes later can read them.`;
}

/** A whole number out of a text box. */
export type WholeNumber = { readonly ok: true; readonly value: number } | { readonly ok: false };

/** Reads digits within limits; nothing else counts as a number. */
export function readWhole(text: string, least: number, most: number): WholeNumber {
  if (!/^\s*\d{1,9}\s*$/u.test(text)) return { ok: false };
  const value = Number(text);
  return value >= least && value <= most ? { ok: true, value } : { ok: false };
}
