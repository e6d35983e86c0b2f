import { assert } from '../base/assert.ts';

/** Label under which both ends take 32 bytes from the TLS connection (RFC 5705, RFC 8446 section 7.5). */
export const LOGIN_EXPORTER_LABEL = 'EXPORTER-sidetone-login-1';

/** Bytes taken from the exporter, and of the relay's challenge. */
export const LOGIN_SECRET_BYTES = 32;

const LABEL = 'sidetone login 1';

/**
 * What an identity signs to log in: the label, a zero byte, the value of the TLS exporter (no context), the relay's
 * challenge and the session's whisper key. A signature made for one connection is worth nothing on another, so a
 * relay cannot pass on the login of its own member to a second relay.
 *
 * @param exporter LOGIN_SECRET_BYTES
 * @param nonce LOGIN_SECRET_BYTES
 * @param whisperKey 32 bytes, X25519
 */
export function loginStatement(exporter: Uint8Array, nonce: Uint8Array, whisperKey: Uint8Array): Uint8Array {
  assert(exporter.length === LOGIN_SECRET_BYTES, 'the exporter gives 32 bytes');
  assert(nonce.length === LOGIN_SECRET_BYTES && whisperKey.length === 32, 'nonce and key have 32 bytes');
  const statement = new Uint8Array(LABEL.length + 1 + exporter.length + nonce.length + whisperKey.length);
  for (let at = 0; at < LABEL.length; at += 1) statement[at] = LABEL.charCodeAt(at);
  let at = LABEL.length + 1;
  for (const part of [exporter, nonce, whisperKey]) {
    statement.set(part, at);
    at += part.length;
  }
  return statement;
}
