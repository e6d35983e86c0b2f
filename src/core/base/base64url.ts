const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** base64url without padding (RFC 4648 section 5). */
export function bytesToBase64Url(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const present = Math.min(3, bytes.length - at);
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let digit = 0; digit <= present; digit += 1)
      text += ALPHABET.charAt((group >>> (18 - 6 * digit)) & 63);
  }
  return text;
}

/**
 * Reads base64url without padding. Exactly one text stands for each byte string: padding, other characters, and
 * digits with left-over bits set are refused.
 *
 * @returns null when `text` is not the base64url of anything
 */
export function base64UrlToBytes(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let held = 0;
  let heldBits = 0;
  let written = 0;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return null;
    held = ((held << 6) | digit) & 0xfff;
    heldBits += 6;
    if (heldBits >= 8) {
      heldBits -= 8;
      bytes[written] = held >>> heldBits;
      written += 1;
    }
  }
  return (held & ((1 << heldBits) - 1)) === 0 ? bytes : null;
}
