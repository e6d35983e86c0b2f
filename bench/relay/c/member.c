#define _GNU_SOURCE
#include "member.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Holds what 48 speakers send in two seconds: what a relay sends must never be lost here. */
#define RECEIVE_BUFFER_BYTES (4 * 1024 * 1024)

/* Sidetone's header: token (4), flags (1), sequence (7), timestamp (4), big-endian. */
#define HEADER_BYTES 16
#define FLAG_SEALED 0x10

/* Mumble's: a byte of the nonce and three of the tag, before what is sealed. */
#define MUMBLE_HEADER_BYTES 4
#define MUMBLE_OPUS 0x80
#define MUMBLE_PING 0x20

/* Every so manieth packet is opened whole and its tag compared. */
#define WHOLE_EVERY 64

/* Nonces that are tried when one byte of it does not tell which it was: so many times 256 packets lost in a row. */
#define MAX_NONCE_TURNS 512

/* Packets that arrive in another order than they were sent in. */
#define MAX_LATE 32

static int set_buffers(int fd) {
  int bytes = RECEIVE_BUFFER_BYTES, on = 1;
  return setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) |
         setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

int crowd_add(Crowd *crowd, uint32_t token, int port) {
  if (crowd->count >= MAX_MEMBERS) return -1;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  socklen_t length = sizeof own;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (set_buffers(fd) != 0 || bind(fd, (struct sockaddr *)&own, sizeof own) != 0 ||
      getsockname(fd, (struct sockaddr *)&own, &length) != 0) {
    close(fd);
    return -1;
  }
  Member *member = &crowd->members[crowd->count];
  memset(member, 0, sizeof *member);
  member->fd = fd;
  member->token = token;
  crowd->count += 1;
  return ntohs(own.sin_port);
}

bool crowd_set_keys(Crowd *crowd, const uint8_t *secret, const uint8_t *send_nonce, const uint8_t *receive_nonce) {
  Member *member = &crowd->members[crowd->count - 1];
  memcpy(member->send_nonce, send_nonce, OCB2_BLOCK_BYTES);
  memcpy(member->receive_nonce, receive_nonce, OCB2_BLOCK_BYTES);
  return ocb2_start(&member->key, secret);
}

static void write_u32(uint8_t *into, uint32_t value) {
  value = htonl(value);
  memcpy(into, &value, sizeof value);
}

static uint32_t read_u32(const uint8_t *from) {
  uint32_t value;
  memcpy(&value, from, sizeof value);
  return ntohl(value);
}

/* Mumble's numbers of variable length, as far as they are needed: up to 28 bits. */
static size_t write_varint(uint8_t *into, uint32_t value) {
  if (value < 1u << 7) {
    into[0] = (uint8_t)value;
    return 1;
  }
  if (value < 1u << 14) {
    into[0] = (uint8_t)(0x80 | value >> 8);
    into[1] = (uint8_t)value;
    return 2;
  }
  if (value < 1u << 21) {
    into[0] = (uint8_t)(0xc0 | value >> 16);
    into[1] = (uint8_t)(value >> 8);
    into[2] = (uint8_t)value;
    return 3;
  }
  write_u32(into, 0xe0000000u | (value & 0x0fffffffu));
  return 4;
}

static size_t read_varint(const uint8_t *from, uint32_t *value) {
  if (from[0] < 0x80) {
    *value = from[0];
    return 1;
  }
  if (from[0] < 0xc0) {
    *value = (from[0] & 0x3fu) << 8 | from[1];
    return 2;
  }
  if (from[0] < 0xe0) {
    *value = (from[0] & 0x1fu) << 16 | (uint32_t)from[1] << 8 | from[2];
    return 3;
  }
  *value = read_u32(from) & 0x0fffffffu;
  return 4;
}

/* The payload: nobody on the way can read anything into it. */
static void fill_payload(uint8_t *into, uint64_t sequence) {
  static uint8_t noise[PAYLOAD_BYTES * 64];
  static bool ready = false;
  if (!ready && getrandom(noise, sizeof noise, 0) != (ssize_t)sizeof noise) abort();
  ready = true;
  memcpy(into, noise + PAYLOAD_BYTES * (sequence % 64), PAYLOAD_BYTES);
}

/* The nonce counts packets, lowest byte first. */
static void advance(uint8_t nonce[OCB2_BLOCK_BYTES], uint32_t by) {
  uint64_t carry = by;
  for (size_t i = 0; i < OCB2_BLOCK_BYTES && carry > 0; i += 1) {
    carry += nonce[i];
    nonce[i] = (uint8_t)carry;
    carry >>= 8;
  }
}

static size_t seal_mumble(Member *member, const uint8_t *text, size_t length, uint8_t *into) {
  uint8_t tag[OCB2_BLOCK_BYTES];
  advance(member->send_nonce, 1);
  ocb2_seal(&member->key, member->send_nonce, text, length, into + MUMBLE_HEADER_BYTES, tag);
  into[0] = member->send_nonce[0];
  memcpy(into + 1, tag, 3);
  return length + MUMBLE_HEADER_BYTES;
}

size_t crowd_write(Crowd *crowd, int speaker, uint64_t sequence, uint8_t into[MAX_DATAGRAM_BYTES]) {
  Member *member = &crowd->members[speaker];
  if (crowd->protocol == PROTOCOL_PLAIN) {
    write_u32(into, member->token);
    write_u32(into + 4, (uint32_t)(sequence >> 32) & 0xffffffu);
    into[4] = FLAG_SEALED;
    write_u32(into + 8, (uint32_t)sequence);
    write_u32(into + 12, (uint32_t)(sequence * 960));
    fill_payload(into + HEADER_BYTES, sequence);
    return HEADER_BYTES + PAYLOAD_BYTES;
  }
  uint8_t text[MAX_DATAGRAM_BYTES];
  text[0] = MUMBLE_OPUS;
  size_t at = 1 + write_varint(text + 1, (uint32_t)sequence);
  at += write_varint(text + at, PAYLOAD_BYTES);
  fill_payload(text + at, sequence);
  return seal_mumble(member, text, at + PAYLOAD_BYTES, into);
}

static int find_speaker(const Crowd *crowd, uint32_t token) {
  /* Speakers are the first members, and few. */
  for (int at = 0; at < crowd->count; at += 1) {
    if (crowd->members[at].token == token) return at;
  }
  return -1;
}

static bool read_plain(const Crowd *crowd, const uint8_t *bytes, size_t length, Spoken *spoken) {
  if (length != HEADER_BYTES + PAYLOAD_BYTES || bytes[4] != FLAG_SEALED) return false;
  spoken->sequence = (uint64_t)(read_u32(bytes + 4) & 0xffffffu) << 32 | read_u32(bytes + 8);
  spoken->speaker = find_speaker(crowd, read_u32(bytes));
  return spoken->speaker >= 0;
}

/* Opens the head of a packet under a nonce. False when it makes no sense: the nonce was another. */
static bool read_head(const Crowd *crowd, const Member *member, const uint8_t *nonce, const uint8_t *sealed,
                      Spoken *spoken) {
  uint8_t head[OCB2_BLOCK_BYTES];
  uint32_t session, sequence, opus;
  ocb2_open_first(&member->key, nonce, sealed, head);
  if (head[0] != MUMBLE_OPUS) return false;
  size_t at = 1 + read_varint(head + 1, &session);
  at += read_varint(head + at, &sequence);
  read_varint(head + at, &opus);
  spoken->sequence = sequence;
  spoken->speaker = opus == PAYLOAD_BYTES ? find_speaker(crowd, session) : -1;
  return spoken->speaker >= 0;
}

static bool has_right_tag(Member *member, const uint8_t *nonce, const uint8_t *bytes, size_t length) {
  uint8_t text[OCB2_MAX_TEXT_BYTES], tag[OCB2_BLOCK_BYTES];
  ocb2_open(&member->key, nonce, bytes + MUMBLE_HEADER_BYTES, length - MUMBLE_HEADER_BYTES, text, tag);
  return memcmp(tag, bytes + 1, 3) == 0;
}

static bool read_mumble(Crowd *crowd, int receiver, const uint8_t *bytes, size_t length, Spoken *spoken) {
  Member *member = &crowd->members[receiver];
  if (length < MUMBLE_HEADER_BYTES + OCB2_BLOCK_BYTES + 1 || length > MAX_DATAGRAM_BYTES) return false;
  uint8_t ahead = (uint8_t)(bytes[0] - member->receive_nonce[0]);
  bool late = ahead == 0 || ahead > 256 - MAX_LATE;
  for (uint32_t turn = 0; turn <= MAX_NONCE_TURNS; turn += 1) {
    uint8_t nonce[OCB2_BLOCK_BYTES];
    memcpy(nonce, member->receive_nonce, sizeof nonce);
    advance(nonce, ahead + 256 * (late && turn > 0 ? turn - 1 : turn));
    if (late && turn == 0) {
      /* 256 less, modulo 2^128: everything above the lowest byte one less. */
      for (size_t i = 1; i < OCB2_BLOCK_BYTES && ahead > 0; i += 1) {
        if (nonce[i]-- != 0) break;
      }
    }
    if (!read_head(crowd, member, nonce, bytes + MUMBLE_HEADER_BYTES, spoken)) continue;
    if (!(late && turn == 0)) memcpy(member->receive_nonce, nonce, sizeof nonce);
    member->opened += 1;
    return member->opened % WHOLE_EVERY != 0 || has_right_tag(member, nonce, bytes, length);
  }
  return false;
}

bool crowd_read(Crowd *crowd, int receiver, const uint8_t *bytes, size_t length, Spoken *spoken) {
  bool good = crowd->protocol == PROTOCOL_PLAIN ? read_plain(crowd, bytes, length, spoken)
                                                : read_mumble(crowd, receiver, bytes, length, spoken);
  if (!good) crowd->garbled += 1;
  return good;
}

static void read_answers(Member *member) {
  uint8_t bytes[MAX_DATAGRAM_BYTES], text[MAX_DATAGRAM_BYTES], tag[OCB2_BLOCK_BYTES];
  ssize_t length;
  while ((length = recv(member->fd, bytes, sizeof bytes, 0)) > MUMBLE_HEADER_BYTES) {
    uint8_t nonce[OCB2_BLOCK_BYTES];
    memcpy(nonce, member->receive_nonce, sizeof nonce);
    advance(nonce, (uint8_t)(bytes[0] - nonce[0]));
    ocb2_open(&member->key, nonce, bytes + MUMBLE_HEADER_BYTES, (size_t)length - MUMBLE_HEADER_BYTES, text, tag);
    if (memcmp(tag, bytes + 1, 3) != 0 || text[0] != MUMBLE_PING) continue;
    memcpy(member->receive_nonce, nonce, sizeof nonce);
    member->answered = true;
  }
}

bool crowd_greet(Crowd *crowd, int limit_ms) {
  const int pause_ms = 50;
  for (int passed = 0; passed <= limit_ms; passed += pause_ms) {
    int missing = 0;
    for (int at = 0; at < crowd->count; at += 1) {
      Member *member = &crowd->members[at];
      read_answers(member);
      if (member->answered) continue;
      missing += 1;
      uint8_t ping[] = {MUMBLE_PING, 1}, datagram[MAX_DATAGRAM_BYTES];
      size_t length = seal_mumble(member, ping, sizeof ping, datagram);
      sendto(member->fd, datagram, length, 0, (struct sockaddr *)&crowd->relay, sizeof crowd->relay);
    }
    if (missing == 0) return true;
    struct timespec pause = {.tv_nsec = pause_ms * 1000000L};
    nanosleep(&pause, NULL);
  }
  return false;
}
