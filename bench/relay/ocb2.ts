import { createCipheriv, createDecipheriv } from 'node:crypto';

const BLOCK_BYTES = 16;

/** What x^128 leaves modulo the polynomial of GF(2^128): x^7 + x^2 + x + 1. */
const REDUCTION = 0x87;

function encryptBlock(key: Buffer, block: Buffer): Buffer {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

function decryptBlock(key: Buffer, block: Buffer): Buffer {
  const cipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

function sum(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ (b[at] ?? 0)));
}

function twice(block: Buffer): Buffer {
  const carry = ((block[0] ?? 0) & 0x80) === 0 ? 0 : REDUCTION;
  const shifted = block.map((byte, at) => (byte << 1) | ((block[at + 1] ?? 0) >>> 7));
  shifted[BLOCK_BYTES - 1] = (shifted[BLOCK_BYTES - 1] ?? 0) ^ carry;
  return Buffer.from(shifted);
}

/** All blocks but the last, and the last, which alone may be short or empty. */
function split(text: Buffer): { full: Buffer[]; last: Buffer } {
  const count = Math.max(0, Math.ceil(text.length / BLOCK_BYTES) - 1);
  const full = Array.from({ length: count }, (_, at) =>
    text.subarray(at * BLOCK_BYTES, (at + 1) * BLOCK_BYTES),
  );
  return { full, last: text.subarray(count * BLOCK_BYTES) };
}

function lengthBlock(lengthBytes: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block[BLOCK_BYTES - 1] = lengthBytes * 8;
  return block;
}

function crypt(key: Buffer, nonce: Buffer, from: Buffer, seals: boolean): { into: Buffer; tag: Buffer } {
  const { full, last } = split(from);
  let offset = encryptBlock(key, nonce);
  let checksum: Buffer = Buffer.alloc(BLOCK_BYTES);
  const parts: Buffer[] = [];
  for (const block of full) {
    offset = twice(offset);
    const masked = sum(block, offset);
    const other = sum(seals ? encryptBlock(key, masked) : decryptBlock(key, masked), offset);
    checksum = sum(checksum, seals ? block : other);
    parts.push(other);
  }
  offset = twice(offset);
  const pad = encryptBlock(key, sum(lengthBlock(last.length), offset));
  const other = sum(last, pad);
  parts.push(other);
  // The sealed bytes filled up with zeros, and the pad: the text, and what is left of the pad.
  const text = seals ? last : other;
  checksum = sum(checksum, Buffer.concat([text, pad.subarray(last.length)]));
  const thrice = sum(twice(offset), offset);
  return { into: Buffer.concat(parts), tag: encryptBlock(key, sum(checksum, thrice)) };
}

/**
 * Seals a text with OCB2 over AES-128 (Rogaway, "Efficient Instantiations of Tweakable Blockciphers", 2004), without
 * associated data: block by block as it is written there, for the load generator's to be compared with.
 *
 * @param key 16 bytes
 * @param nonce 16 bytes
 */
export function sealOcb2(key: Buffer, nonce: Buffer, text: Buffer): { sealed: Buffer; tag: Buffer } {
  const { into, tag } = crypt(key, nonce, text, true);
  return { sealed: into, tag };
}

/** Opens what was sealed. @returns null when the tag is another: it was changed on its way */
export function openOcb2(key: Buffer, nonce: Buffer, sealed: Buffer, tag: Buffer): Buffer | null {
  const opened = crypt(key, nonce, sealed, false);
  return opened.tag.equals(tag) ? opened.into : null;
}
