#ifndef BENCH_RELAY_MEMBER_H
#define BENCH_RELAY_MEMBER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocb2.h"

#define MAX_MEMBERS 512

/* 32 kbit/s of Opus in frames of 20 ms. */
#define PAYLOAD_BYTES 80

/* Longest datagram that is sent or received here. */
#define MAX_DATAGRAM_BYTES 256

/* Sequence numbers that somebody has used, from the first of a run on, tell when a packet was sent. */
typedef struct {
  /* Index of who spoke. */
  int speaker;
  uint64_t sequence;
} Spoken;

typedef enum { PROTOCOL_PLAIN, PROTOCOL_MUMBLE } Protocol;

typedef struct {
  int fd;
  /* In PROTOCOL_PLAIN what stands at the head of a datagram, in PROTOCOL_MUMBLE the number of the session. */
  uint32_t token;
  /* The rest is Mumble's. */
  Ocb2Key key;
  uint8_t send_nonce[OCB2_BLOCK_BYTES];
  uint8_t receive_nonce[OCB2_BLOCK_BYTES];
  bool answered;
  uint32_t opened;
} Member;

typedef struct {
  Protocol protocol;
  struct sockaddr_in relay;
  Member members[MAX_MEMBERS];
  int count;
  /* Datagrams that were none of ours, or whose tag was wrong. */
  uint64_t garbled;
} Crowd;

/* Opens the socket of one more member, on a port of the loopback address (0: any). Returns its port, or -1. */
int crowd_add(Crowd *crowd, uint32_t token, int port);

/* Gives the newest member its keys. */
bool crowd_set_keys(Crowd *crowd, const uint8_t *secret, const uint8_t *send_nonce, const uint8_t *receive_nonce);

/* Writes one packet of voice. Returns its length. */
size_t crowd_write(Crowd *crowd, int speaker, uint64_t sequence, uint8_t into[MAX_DATAGRAM_BYTES]);

/* Reads whose packet `receiver` got. False (and counted) when it is none. */
bool crowd_read(Crowd *crowd, int receiver, const uint8_t *bytes, size_t length, Spoken *spoken);

/* Makes Mumble's server learn every member's address: pings until each has been answered. False after `limit_ms`. */
bool crowd_greet(Crowd *crowd, int limit_ms);

#endif
