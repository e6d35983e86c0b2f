/** UTF-8 of a text; half a surrogate pair becomes U+FFFD. */
export function utf8Bytes(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), tail(code, 0));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), tail(code, 6), tail(code, 0));
    else bytes.push(0xf0 | (code >> 18), tail(code, 12), tail(code, 6), tail(code, 0));
  }
  return Uint8Array.from(bytes);
}

function tail(code: number, shift: number): number {
  return 0x80 | ((code >> shift) & 0x3f);
}

/** Each byte as the character of the same number: what the text means is found out later, if it is anything. */
export function latin1Text(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/**
 * What stands percent-encoded, or as plain UTF-8, in a part of an address.
 *
 * @param text characters up to U+00FF, as `latin1Text` gives them
 * @returns null: it is no UTF-8
 */
export function decodedPart(text: string): string | null {
  const encoded = text.replace(/[\u0080-\u00ff]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16)}`;
  });
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}
