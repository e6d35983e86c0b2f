/** Longest description that is read, in UTF-16 units: a browser's with all its codecs has about 8,000. */
export const MAX_SDP_LENGTH = 49_152;

/** Most media sections: a conference's description has dozens, a publisher's two. */
export const MAX_SECTIONS = 16;

/** Most lines; the longest line: each is looked at a few times. */
export const MAX_SDP_LINES = 2_048;
export const MAX_SDP_LINE_LENGTH = 2_048;

export type Attribute = readonly [name: string, value: string];

/** One `m=` line and what belongs to it (RFC 8866, section 5.14). */
export interface MediaSection {
  /** Such as `audio`. */
  readonly kind: string;
  readonly port: number;
  /** Such as `UDP/TLS/RTP/SAVPF`. */
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly attributes: readonly Attribute[];
}

export interface SessionDescription {
  readonly attributes: readonly Attribute[];
  readonly sections: readonly MediaSection[];
}

/** Why a text is no description. */
export type SdpFailure = 'sdpTooLong' | 'sdpMalformed' | 'sdpTooManySections';

export type SdpReading =
  | { readonly ok: true; readonly session: SessionDescription }
  | { readonly ok: false; readonly reason: SdpFailure };

const LINE = /^([a-z])=([\x20-\x7e\u0080-\uffff\t]*)$/;
const MEDIA =
  /^([A-Za-z]{1,16}) (\d{1,5})(?:\/\d{1,5})? ([A-Za-z0-9/]{1,32})((?: [A-Za-z0-9._-]{1,32}){1,256})$/;
const ATTRIBUTE = /^([A-Za-z0-9-]{1,64})(?::(.*))?$/;

/** The lines of a text, or null when there are too many or one is too long. Line ends may lack their return. */
function linesOf(text: string): readonly string[] | null {
  const lines = text.split('\n', MAX_SDP_LINES + 1).map((line) => line.replace(/\r$/, ''));
  while (lines.at(-1) === '') lines.pop();
  const fits = lines.length <= MAX_SDP_LINES && lines.every((line) => line.length <= MAX_SDP_LINE_LENGTH);
  return fits ? lines : null;
}

/**
 * Reads the attributes and media sections of a description, or of a fragment of one (RFC 8840): everything else in it
 * says nothing to us. Attributes that are none are left out.
 *
 * @param isFragment it does not begin with a version
 */
export function readSdp(text: string, isFragment = false): SdpReading {
  if (text.length > MAX_SDP_LENGTH) return { ok: false, reason: 'sdpTooLong' };
  const lines = linesOf(text);
  if (lines === null) return { ok: false, reason: 'sdpTooLong' };
  if (!isFragment && lines[0] !== 'v=0') return { ok: false, reason: 'sdpMalformed' };
  const attributes: Attribute[] = [];
  const sections: (MediaSection & { attributes: Attribute[] })[] = [];
  for (const line of lines) {
    const [, letter, value = ''] = LINE.exec(line) ?? [];
    if (letter === undefined) return { ok: false, reason: 'sdpMalformed' };
    if (letter === 'm') {
      const section = readMedia(value);
      if (section === null) return { ok: false, reason: 'sdpMalformed' };
      if (sections.length === MAX_SECTIONS) return { ok: false, reason: 'sdpTooManySections' };
      sections.push(section);
    } else if (letter === 'a') {
      const [, name, content = ''] = ATTRIBUTE.exec(value) ?? [];
      if (name !== undefined) (sections.at(-1)?.attributes ?? attributes).push([name.toLowerCase(), content]);
    }
  }
  return { ok: true, session: { attributes, sections } };
}

function readMedia(value: string): (MediaSection & { attributes: Attribute[] }) | null {
  const [, kind, portText = '', protocol = '', formats = ''] = MEDIA.exec(value) ?? [];
  const port = Number(portText);
  if (kind === undefined || port > 65_535) return null;
  return { kind: kind.toLowerCase(), port, protocol, formats: formats.trim().split(' '), attributes: [] };
}

/** The first value of an attribute; null: there is none. */
export function attributeOf(attributes: readonly Attribute[], name: string): string | null {
  return attributes.find(([candidate]) => candidate === name)?.[1] ?? null;
}

export function attributesOf(attributes: readonly Attribute[], name: string): readonly string[] {
  return attributes.filter(([candidate]) => candidate === name).map(([, value]) => value);
}
