const REPLACEMENT = '\u{fffd}';

/** By the first byte of a sequence: how many follow, and the least that so long a one may say. */
function leadOf(
  byte: number,
): { readonly following: number; readonly least: number; readonly bits: number } | null {
  if (byte >= 0xc2 && byte < 0xe0) return { following: 1, least: 0x80, bits: byte & 0x1f };
  if (byte >= 0xe0 && byte < 0xf0) return { following: 2, least: 0x800, bits: byte & 0x0f };
  if (byte >= 0xf0 && byte < 0xf5) return { following: 3, least: 0x1_0000, bits: byte & 0x07 };
  return null;
}

function isText(code: number, least: number): boolean {
  return code >= least && code <= 0x10_ffff && (code < 0xd800 || code > 0xdfff);
}

/** Text of UTF-8 bytes (RFC 3629); each byte that is none becomes U+FFFD. The core has no TextDecoder. */
export function utf8Text(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x80) {
      parts.push(String.fromCharCode(byte));
      continue;
    }
    const lead = leadOf(byte);
    let code = lead?.bits ?? 0;
    let following = 0;
    while (following < (lead?.following ?? 0) && ((bytes[at + following + 1] ?? 0) & 0xc0) === 0x80) {
      following += 1;
      code = (code << 6) | ((bytes[at + following] ?? 0) & 0x3f);
    }
    if (lead === null || following < lead.following || !isText(code, lead.least)) {
      parts.push(REPLACEMENT);
      continue;
    }
    parts.push(String.fromCodePoint(code));
    at += following;
  }
  return parts.join('');
}
