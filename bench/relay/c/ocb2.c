#include "ocb2.h"

#include <stdlib.h>
#include <string.h>

static void add(uint8_t *into, const uint8_t *other) {
  for (size_t i = 0; i < OCB2_BLOCK_BYTES; i += 1) into[i] ^= other[i];
}

/* Multiplies by x in GF(2^128) modulo x^128 + x^7 + x^2 + x + 1, the first bit being the highest power. */
static void twice(uint8_t block[OCB2_BLOCK_BYTES]) {
  uint8_t carry = block[0] >> 7;
  for (size_t i = 0; i + 1 < OCB2_BLOCK_BYTES; i += 1) block[i] = (uint8_t)(block[i] << 1 | block[i + 1] >> 7);
  block[OCB2_BLOCK_BYTES - 1] = (uint8_t)(block[OCB2_BLOCK_BYTES - 1] << 1) ^ (carry ? 0x87 : 0);
}

static void encrypt(const Ocb2Key *key, const uint8_t *from, uint8_t *into, size_t length) {
  int written = 0;
  if (EVP_EncryptUpdate(key->encrypt, into, &written, from, (int)length) != 1 || written != (int)length) abort();
}

static void decrypt(const Ocb2Key *key, const uint8_t *from, uint8_t *into, size_t length) {
  int written = 0;
  if (EVP_DecryptUpdate(key->decrypt, into, &written, from, (int)length) != 1 || written != (int)length) abort();
}

bool ocb2_start(Ocb2Key *key, const uint8_t secret[OCB2_BLOCK_BYTES]) {
  key->encrypt = EVP_CIPHER_CTX_new();
  key->decrypt = EVP_CIPHER_CTX_new();
  return key->encrypt != NULL && key->decrypt != NULL &&
         EVP_EncryptInit_ex(key->encrypt, EVP_aes_128_ecb(), NULL, secret, NULL) == 1 &&
         EVP_DecryptInit_ex(key->decrypt, EVP_aes_128_ecb(), NULL, secret, NULL) == 1 &&
         EVP_CIPHER_CTX_set_padding(key->encrypt, 0) == 1 && EVP_CIPHER_CTX_set_padding(key->decrypt, 0) == 1;
}

/* Bytes before the last block, which is the only one that may be short, or empty. */
static size_t full_bytes(size_t length) {
  return length == 0 ? 0 : (length - 1) / OCB2_BLOCK_BYTES * OCB2_BLOCK_BYTES;
}

/* The key stream for the last block, and its offset. */
static void last_pad(const Ocb2Key *key, uint8_t offset[OCB2_BLOCK_BYTES], size_t last_bytes,
                     uint8_t pad[OCB2_BLOCK_BYTES]) {
  uint8_t bits[OCB2_BLOCK_BYTES] = {0};
  bits[OCB2_BLOCK_BYTES - 1] = (uint8_t)(last_bytes * 8);
  twice(offset);
  add(bits, offset);
  encrypt(key, bits, pad, OCB2_BLOCK_BYTES);
}

static void finish(const Ocb2Key *key, const uint8_t offset[OCB2_BLOCK_BYTES], uint8_t checksum[OCB2_BLOCK_BYTES],
                   uint8_t tag[OCB2_BLOCK_BYTES]) {
  uint8_t thrice[OCB2_BLOCK_BYTES];
  memcpy(thrice, offset, OCB2_BLOCK_BYTES);
  twice(thrice);
  add(thrice, offset);
  add(checksum, thrice);
  encrypt(key, checksum, tag, OCB2_BLOCK_BYTES);
}

/* The last block: text and sealed differ by the pad; the checksum takes the sealed bytes, filled up with zeros, and the
 * pad, which is the text followed by what is left of the pad. */
static void handle_last(const uint8_t *from, size_t last_bytes, const uint8_t pad[OCB2_BLOCK_BYTES], bool seals,
                        uint8_t *into, uint8_t checksum[OCB2_BLOCK_BYTES]) {
  for (size_t i = 0; i < last_bytes; i += 1) {
    uint8_t other = from[i] ^ pad[i];
    checksum[i] ^= seals ? from[i] : other;
    into[i] = other;
  }
  for (size_t i = last_bytes; i < OCB2_BLOCK_BYTES; i += 1) checksum[i] ^= pad[i];
}

void ocb2_seal(const Ocb2Key *key, const uint8_t nonce[OCB2_BLOCK_BYTES], const uint8_t *text, size_t length,
               uint8_t *sealed, uint8_t tag[OCB2_BLOCK_BYTES]) {
  uint8_t offset[OCB2_BLOCK_BYTES], pad[OCB2_BLOCK_BYTES], checksum[OCB2_BLOCK_BYTES] = {0};
  uint8_t work[OCB2_MAX_TEXT_BYTES], offsets[OCB2_MAX_TEXT_BYTES];
  size_t full = full_bytes(length);
  encrypt(key, nonce, offset, OCB2_BLOCK_BYTES);
  for (size_t at = 0; at < full; at += OCB2_BLOCK_BYTES) {
    twice(offset);
    memcpy(offsets + at, offset, OCB2_BLOCK_BYTES);
    memcpy(work + at, text + at, OCB2_BLOCK_BYTES);
    add(checksum, text + at);
    add(work + at, offset);
  }
  if (full > 0) encrypt(key, work, work, full);
  for (size_t at = 0; at < full; at += OCB2_BLOCK_BYTES) add(work + at, offsets + at);
  last_pad(key, offset, length - full, pad);
  handle_last(text + full, length - full, pad, true, work + full, checksum);
  memcpy(sealed, work, length);
  finish(key, offset, checksum, tag);
}

void ocb2_open(const Ocb2Key *key, const uint8_t nonce[OCB2_BLOCK_BYTES], const uint8_t *sealed, size_t length,
               uint8_t *text, uint8_t tag[OCB2_BLOCK_BYTES]) {
  uint8_t offset[OCB2_BLOCK_BYTES], pad[OCB2_BLOCK_BYTES], checksum[OCB2_BLOCK_BYTES] = {0};
  uint8_t work[OCB2_MAX_TEXT_BYTES], offsets[OCB2_MAX_TEXT_BYTES];
  size_t full = full_bytes(length);
  encrypt(key, nonce, offset, OCB2_BLOCK_BYTES);
  for (size_t at = 0; at < full; at += OCB2_BLOCK_BYTES) {
    twice(offset);
    memcpy(offsets + at, offset, OCB2_BLOCK_BYTES);
    memcpy(work + at, sealed + at, OCB2_BLOCK_BYTES);
    add(work + at, offset);
  }
  if (full > 0) decrypt(key, work, work, full);
  for (size_t at = 0; at < full; at += OCB2_BLOCK_BYTES) {
    add(work + at, offsets + at);
    add(checksum, work + at);
  }
  last_pad(key, offset, length - full, pad);
  handle_last(sealed + full, length - full, pad, false, work + full, checksum);
  memcpy(text, work, length);
  finish(key, offset, checksum, tag);
}

void ocb2_open_first(const Ocb2Key *key, const uint8_t nonce[OCB2_BLOCK_BYTES],
                     const uint8_t sealed[OCB2_BLOCK_BYTES], uint8_t text[OCB2_BLOCK_BYTES]) {
  uint8_t offset[OCB2_BLOCK_BYTES];
  encrypt(key, nonce, offset, OCB2_BLOCK_BYTES);
  twice(offset);
  memcpy(text, sealed, OCB2_BLOCK_BYTES);
  add(text, offset);
  decrypt(key, text, text, OCB2_BLOCK_BYTES);
  add(text, offset);
}
