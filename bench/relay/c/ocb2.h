#ifndef BENCH_RELAY_OCB2_H
#define BENCH_RELAY_OCB2_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* OCB2 over AES-128 (Rogaway, "Efficient Instantiations of Tweakable Blockciphers", 2004), as Mumble uses it: without
 * associated data. Written from the published algorithm; bench/relay/ocb2.ts is the same for tests to compare with. */

#define OCB2_BLOCK_BYTES 16

/* Longest text, in bytes: nothing that Mumble carries by UDP is longer. */
#define OCB2_MAX_TEXT_BYTES 1024

typedef struct {
  EVP_CIPHER_CTX *encrypt;
  EVP_CIPHER_CTX *decrypt;
} Ocb2Key;

/* False when the library has no memory. */
bool ocb2_start(Ocb2Key *key, const uint8_t secret[OCB2_BLOCK_BYTES]);

/* Seals text[0, length) into sealed[0, length). The two may be the same. */
void ocb2_seal(const Ocb2Key *key, const uint8_t nonce[OCB2_BLOCK_BYTES], const uint8_t *text, size_t length,
               uint8_t *sealed, uint8_t tag[OCB2_BLOCK_BYTES]);

/* Opens sealed[0, length) into text[0, length) and gives the tag that it ought to have. */
void ocb2_open(const Ocb2Key *key, const uint8_t nonce[OCB2_BLOCK_BYTES], const uint8_t *sealed, size_t length,
               uint8_t *text, uint8_t tag[OCB2_BLOCK_BYTES]);

/* Opens only the first block of a text that is longer than one, without its tag: what tells packets apart lies there,
 * and the load generator shares the machine with what it measures. */
void ocb2_open_first(const Ocb2Key *key, const uint8_t nonce[OCB2_BLOCK_BYTES],
                     const uint8_t sealed[OCB2_BLOCK_BYTES], uint8_t text[OCB2_BLOCK_BYTES]);

#endif
