/** Most Vorbis comments of one stream that are shown and passed on; the original bytes keep all of them. */
export const MAX_TAGS = 64;

/** Longest name and value of a tag, in UTF-16 units: a title is shorter, an embedded picture is not shown. */
export const MAX_TAG_NAME_LENGTH = 64;
export const MAX_TAG_VALUE_LENGTH = 1_024;

/** What a publisher says about what is heard: name in lower case, value as given; a name may come more than once. */
export type Tags = readonly (readonly [name: string, value: string])[];

/** One stretch of a program, from a publisher's coming to its going, or while a conversation is mixed. */
export interface Broadcast {
  /** Counts up within a program. */
  readonly id: number;
  readonly kind: 'publisher' | 'mix';
  /** Who publishes, as shown to listeners: 1 to 64 characters. */
  readonly source: string;
  readonly channels: 1 | 2;
  /** bit/s, as announced; null: not known. */
  readonly bitrate: number | null;
  /** Samples at 48 kHz that a decoder leaves out at the beginning (RFC 7845, section 4.2). */
  readonly preSkipSamples: number;
  /**
   * The publisher's own container. With `ogg` its pages are in `Program.pages` and `headerPages`; otherwise whoever
   * wants a container writes one.
   */
  readonly container: 'ogg' | null;
}

/** The value of a tag, the first of them; null: there is none. */
export function tagOf(tags: Tags, name: string): string | null {
  return tags.find(([candidate]) => candidate === name)?.[1] ?? null;
}

export function sameTags(one: Tags, other: Tags): boolean {
  return (
    one.length === other.length &&
    one.every(([name, value], at) => other[at]?.[0] === name && other[at]?.[1] === value)
  );
}
