/* The load on a relay: members who speak, and count what they hear.
 *
 * It reads one command a line from stdin and answers each with one line of JSON:
 *
 *   plain <port> | mumble <port>     the relay, on 127.0.0.1, and what it speaks
 *   member <token> <port>            one more member on that port (0: any), and its token or session number
 *   keys <secret> <send> <receive>   Mumble's key and nonces of the newest member, in hex
 *   greet                            makes Mumble's server learn all addresses
 *   listen                           from now on takes what comes as soon as it comes: all members must be there
 *   run <speakers> <warm ms> <measured ms> <pid>   lets the first of them speak; the relay's processor time is counted
 *   seal <secret> <nonce> <text>     for comparison with another OCB2
 *
 * One thread sends, by absolute deadlines, the speakers' packets spread evenly over 20 ms. The other looks through all
 * sockets every SWEEP_MS and takes what has come: the kernel has put the time of arrival on each datagram, so nothing
 * is gained by being awake for it, and the relay is not charged for waking anybody. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "member.h"
#include "tally.h"
#include "usage.h"

#define FRAME_NS 20000000LL

/* Between two looks through the sockets: some datagrams for each call of the kernel, and far from full buffers. */
#define SWEEP_MS 5

/* After the last packet: nothing more comes when for so long nothing has, and nobody waits longer for what is late. */
#define QUIET_MS 200
#define MAX_DRAIN_MS 10000

/* Datagrams taken by one call of the kernel. */
#define BATCH 64

#define GREETING_LIMIT_MS 10000

typedef struct {
  int64_t at_ns;
  uint64_t relay_ns;
  uint64_t own_ns;
  uint64_t datagrams;
} Snapshot;

typedef struct {
  Tally *tally;
  /* Of the clock that is never set. */
  int64_t start_ns;
  uint64_t send_failed;
  uint32_t *lateness;
  uint64_t sent;
  uint64_t latest_us;
} Sending;

static Crowd crowd;
static uint64_t next_sequence;
/* Of epoll, where datagrams are taken as soon as they come; -1: they are looked for. */
static int listener = -1;

static int64_t clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void sleep_until(int64_t at_ns) {
  struct timespec at = {.tv_sec = at_ns / 1000000000LL, .tv_nsec = at_ns % 1000000000LL};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) continue;
}

static void *send_all(void *argument) {
  Sending *sending = argument;
  Tally *tally = sending->tally;
  uint8_t datagram[MAX_DATAGRAM_BYTES];
  /* Wake when it was asked for, not up to 50 microseconds later. */
  prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
  for (uint32_t packet = 0; packet < tally->packets; packet += 1) {
    for (int speaker = 0; speaker < tally->speakers; speaker += 1) {
      int64_t due_ns = sending->start_ns + packet * FRAME_NS + speaker * FRAME_NS / tally->speakers;
      size_t length = crowd_write(&crowd, speaker, tally->first_sequence + packet, datagram);
      sleep_until(due_ns);
      int64_t late_us = (clock_ns(CLOCK_MONOTONIC) - due_ns) / 1000;
      tally_sent(tally, speaker, packet, clock_ns(CLOCK_REALTIME));
      ssize_t sent = sendto(crowd.members[speaker].fd, datagram, length, 0, (struct sockaddr *)&crowd.relay,
                            sizeof crowd.relay);
      if (sent != (ssize_t)length) sending->send_failed += 1;
      sending->sent += 1;
      if (late_us < 0) late_us = 0;
      if ((uint64_t)late_us > sending->latest_us) sending->latest_us = (uint64_t)late_us;
      sending->lateness[late_us > MAX_HISTOGRAM_US ? MAX_HISTOGRAM_US : late_us] += 1;
    }
  }
  return NULL;
}

typedef struct {
  uint8_t bytes[BATCH][MAX_DATAGRAM_BYTES];
  uint8_t control[BATCH][64];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
} Batch;

static int64_t arrival_ns(struct msghdr *message) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec at;
      memcpy(&at, CMSG_DATA(part), sizeof at);
      return (int64_t)at.tv_sec * 1000000000LL + at.tv_nsec;
    }
  }
  return clock_ns(CLOCK_REALTIME);
}

/* Takes all that one socket holds. Returns how many that were. */
static uint64_t take(int receiver, Tally *tally) {
  static Batch batch;
  uint64_t taken = 0;
  for (;;) {
    for (int at = 0; at < BATCH; at += 1) {
      batch.vectors[at] = (struct iovec){.iov_base = batch.bytes[at], .iov_len = MAX_DATAGRAM_BYTES};
      batch.messages[at].msg_hdr = (struct msghdr){.msg_iov = &batch.vectors[at],
                                                   .msg_iovlen = 1,
                                                   .msg_control = batch.control[at],
                                                   .msg_controllen = sizeof batch.control[at]};
    }
    int count = recvmmsg(crowd.members[receiver].fd, batch.messages, BATCH, MSG_DONTWAIT, NULL);
    for (int at = 0; at < count; at += 1) {
      Spoken spoken;
      int64_t arrived_ns = arrival_ns(&batch.messages[at].msg_hdr);
      if (crowd_read(&crowd, receiver, batch.bytes[at], batch.messages[at].msg_len, &spoken))
        tally_received(tally, receiver, &spoken, arrived_ns);
    }
    if (count > 0) taken += (uint64_t)count;
    if (count < BATCH) return taken;
  }
}

static uint64_t sweep(Tally *tally) {
  uint64_t taken = 0;
  for (int at = 0; at < crowd.count; at += 1) taken += take(at, tally);
  return taken;
}

/* Waits for datagrams until `until_ns`, and takes each as soon as it has come. */
static uint64_t listen_until(int64_t until_ns, Tally *tally) {
  static struct epoll_event ready[MAX_MEMBERS];
  uint64_t taken = 0;
  for (;;) {
    int64_t left_ns = until_ns - clock_ns(CLOCK_MONOTONIC);
    if (left_ns <= 0) return taken;
    struct timespec left = {.tv_sec = left_ns / 1000000000LL, .tv_nsec = left_ns % 1000000000LL};
    int count = epoll_pwait2(listener, ready, MAX_MEMBERS, &left, NULL);
    for (int at = 0; at < count; at += 1) taken += take((int)ready[at].data.u32, tally);
  }
}

static bool listen_at_once(void) {
  if (listener >= 0) close(listener);
  listener = epoll_create1(0);
  for (int at = 0; at < crowd.count; at += 1) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)at};
    if (epoll_ctl(listener, EPOLL_CTL_ADD, crowd.members[at].fd, &event) != 0) return false;
  }
  return true;
}

static uint64_t drops(void) {
  uint64_t sum = 0;
  for (int at = 0; at < crowd.count; at += 1) sum += socket_drops(crowd.members[at].fd);
  return sum;
}

static Snapshot look(int pid, uint64_t datagrams) {
  return (Snapshot){.at_ns = clock_ns(CLOCK_MONOTONIC),
                    .relay_ns = process_time_ns(pid),
                    .own_ns = own_time_ns(),
                    .datagrams = datagrams};
}

static void report(const Tally *tally, const Sending *sending, const Snapshot *from, const Snapshot *to,
                   uint64_t dropped, uint64_t garbled) {
  uint32_t most_lost = 0, packets = tally->measured_to - tally->measured_from;
  for (int at = 0; at < tally->receivers; at += 1) {
    /* Nobody hears himself. */
    uint32_t others = (uint32_t)(at < tally->speakers ? tally->speakers - 1 : tally->speakers);
    uint32_t lost = others * packets - tally->received_by[at];
    if (lost > most_lost) most_lost = lost;
  }
  uint64_t expected = tally_expected(tally);
  printf("{\"expected\":%llu,\"received\":%llu,\"lost\":%llu,\"duplicates\":%llu,\"stale\":%llu,\"garbled\":%llu,"
         "\"mostLostByOne\":%u,",
         (unsigned long long)expected, (unsigned long long)tally->received,
         (unsigned long long)(expected - tally->received), (unsigned long long)tally->duplicates,
         (unsigned long long)tally->stale, (unsigned long long)garbled, most_lost);
  printf("\"p50Us\":%llu,\"p99Us\":%llu,\"maxUs\":%llu,", (unsigned long long)tally_percentile(tally, 0.5),
         (unsigned long long)tally_percentile(tally, 0.99), (unsigned long long)tally->longest_us);
  printf("\"windowNs\":%lld,\"windowDatagrams\":%llu,\"relayNs\":%llu,\"ownNs\":%llu,",
         (long long)(to->at_ns - from->at_ns), (unsigned long long)(to->datagrams - from->datagrams),
         (unsigned long long)(to->relay_ns - from->relay_ns), (unsigned long long)(to->own_ns - from->own_ns));
  printf("\"sendFailed\":%llu,\"ownDrops\":%llu,\"lateP99Us\":%llu,\"lateMaxUs\":%llu}\n",
         (unsigned long long)sending->send_failed, (unsigned long long)dropped,
         (unsigned long long)histogram_percentile(sending->lateness, sending->sent, 0.99),
         (unsigned long long)sending->latest_us);
}

/* Receives until everything that was sent has come, or nothing comes any more; looks at the clocks as the measured
 * part begins and ends. */
static void receive_all(Tally *tally, int64_t start_ns, int pid, Snapshot *from, Snapshot *to) {
  int64_t from_ns = start_ns + tally->measured_from * FRAME_NS, to_ns = start_ns + tally->measured_to * FRAME_NS;
  int64_t end_ns = start_ns + tally->packets * FRAME_NS, heard_ns = end_ns, due_ns = start_ns;
  uint64_t datagrams = 0;
  for (;;) {
    due_ns += SWEEP_MS * 1000000LL;
    uint64_t taken = 0;
    if (listener >= 0) taken = listen_until(due_ns, tally);
    else sleep_until(due_ns);
    taken += sweep(tally);
    datagrams += taken;
    int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    if (from->at_ns == 0 && now_ns >= from_ns) *from = look(pid, datagrams);
    if (to->at_ns == 0 && now_ns >= to_ns) *to = look(pid, datagrams);
    if (taken > 0) heard_ns = now_ns;
    if (now_ns > end_ns && (now_ns - heard_ns > QUIET_MS * 1000000LL || now_ns - end_ns > MAX_DRAIN_MS * 1000000LL))
      return;
    /* Held up: what was missed is not made up for. */
    if (due_ns < now_ns) due_ns = now_ns;
  }
}

static bool run(int speakers, int warm_ms, int measured_ms, int pid) {
  if (speakers < 1 || speakers > MAX_SPEAKERS || speakers > crowd.count || warm_ms < 0 || measured_ms < 20) return false;
  Tally tally;
  uint32_t warm = (uint32_t)warm_ms / 20, measured = (uint32_t)measured_ms / 20;
  /* One frame more, so that the relay is still at work when the measured part ends. */
  uint32_t packets = warm + measured + 1;
  Sending sending = {.tally = &tally, .lateness = calloc(MAX_HISTOGRAM_US + 1, sizeof(uint32_t))};
  if (!tally_start(&tally, speakers, crowd.count, packets, next_sequence) || sending.lateness == NULL) return false;
  tally.measured_from = warm;
  tally.measured_to = warm + measured;
  uint64_t garbled = crowd.garbled, dropped = drops();
  /* What is left of before is not of this run. */
  sweep(&tally);
  sending.start_ns = clock_ns(CLOCK_MONOTONIC) + FRAME_NS;
  pthread_t sender;
  if (pthread_create(&sender, NULL, send_all, &sending) != 0) return false;
  Snapshot from = {0}, to = {0};
  receive_all(&tally, sending.start_ns, pid, &from, &to);
  pthread_join(sender, NULL);
  report(&tally, &sending, &from, &to, drops() - dropped, crowd.garbled - garbled);
  next_sequence += packets;
  tally_end(&tally);
  free(sending.lateness);
  return true;
}

/* Bytes out of hex; returns how many, or -1. */
static int from_hex(const char *hex, uint8_t *into, int limit) {
  int length = (int)strlen(hex);
  if (length % 2 != 0 || length / 2 > limit) return -1;
  for (int at = 0; at < length / 2; at += 1) {
    unsigned byte;
    if (sscanf(hex + 2 * at, "%2x", &byte) != 1) return -1;
    into[at] = (uint8_t)byte;
  }
  return length / 2;
}

static bool keys(const char *secret_hex, const char *send_hex, const char *receive_hex) {
  uint8_t secret[OCB2_BLOCK_BYTES], send_nonce[OCB2_BLOCK_BYTES], receive_nonce[OCB2_BLOCK_BYTES];
  return crowd.count > 0 && from_hex(secret_hex, secret, OCB2_BLOCK_BYTES) == OCB2_BLOCK_BYTES &&
         from_hex(send_hex, send_nonce, OCB2_BLOCK_BYTES) == OCB2_BLOCK_BYTES &&
         from_hex(receive_hex, receive_nonce, OCB2_BLOCK_BYTES) == OCB2_BLOCK_BYTES &&
         crowd_set_keys(&crowd, secret, send_nonce, receive_nonce);
}

/* Seals a text, opens it again, and prints what was sealed and the tag. */
static bool seal(const char *secret_hex, const char *nonce_hex, const char *text_hex) {
  uint8_t secret[OCB2_BLOCK_BYTES], nonce[OCB2_BLOCK_BYTES], tag[OCB2_BLOCK_BYTES], again[OCB2_BLOCK_BYTES];
  uint8_t text[OCB2_MAX_TEXT_BYTES], sealed[OCB2_MAX_TEXT_BYTES], opened[OCB2_MAX_TEXT_BYTES];
  Ocb2Key key;
  /* An empty text is a dash. */
  int length = strcmp(text_hex, "-") == 0 ? 0 : from_hex(text_hex, text, OCB2_MAX_TEXT_BYTES);
  if (length < 0 || from_hex(secret_hex, secret, OCB2_BLOCK_BYTES) != OCB2_BLOCK_BYTES ||
      from_hex(nonce_hex, nonce, OCB2_BLOCK_BYTES) != OCB2_BLOCK_BYTES || !ocb2_start(&key, secret))
    return false;
  ocb2_seal(&key, nonce, text, (size_t)length, sealed, tag);
  ocb2_open(&key, nonce, sealed, (size_t)length, opened, again);
  bool opens = memcmp(opened, text, (size_t)length) == 0 && memcmp(tag, again, sizeof tag) == 0;
  if (length > OCB2_BLOCK_BYTES) {
    ocb2_open_first(&key, nonce, sealed, opened);
    opens = opens && memcmp(opened, text, OCB2_BLOCK_BYTES) == 0;
  }
  printf("{\"opens\":%s,\"sealed\":\"", opens ? "true" : "false");
  for (int at = 0; at < length; at += 1) printf("%02x", sealed[at]);
  printf("\",\"tag\":\"");
  for (size_t at = 0; at < sizeof tag; at += 1) printf("%02x", tag[at]);
  printf("\"}\n");
  return true;
}

static bool handle(const char *line) {
  char a[80], b[80], text[2 * OCB2_MAX_TEXT_BYTES + 1];
  int port, speakers, warm_ms, measured_ms, pid;
  unsigned token;
  if (sscanf(line, "plain %d", &port) == 1 || sscanf(line, "mumble %d", &port) == 1) {
    crowd.protocol = line[0] == 'p' ? PROTOCOL_PLAIN : PROTOCOL_MUMBLE;
    crowd.relay = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    crowd.relay.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    printf("{}\n");
    return true;
  }
  if (sscanf(line, "member %u %d", &token, &port) == 2) {
    int bound = crowd_add(&crowd, token, port);
    if (bound >= 0) printf("{\"port\":%d}\n", bound);
    return bound >= 0;
  }
  if (sscanf(line, "keys %79s %79s %79s", a, b, text) == 3) {
    if (!keys(a, b, text)) return false;
    printf("{}\n");
    return true;
  }
  if (strncmp(line, "listen", 6) == 0) {
    if (!listen_at_once()) return false;
    printf("{}\n");
    return true;
  }
  if (strncmp(line, "greet", 5) == 0) {
    if (!crowd_greet(&crowd, GREETING_LIMIT_MS)) return false;
    printf("{}\n");
    return true;
  }
  if (sscanf(line, "run %d %d %d %d", &speakers, &warm_ms, &measured_ms, &pid) == 4)
    return run(speakers, warm_ms, measured_ms, pid);
  if (sscanf(line, "seal %79s %79s %2048s", a, b, text) == 3) return seal(a, b, text);
  return false;
}

int main(void) {
  static char line[4096];
  prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (!handle(line)) printf("{\"failed\":true}\n");
    fflush(stdout);
  }
  return 0;
}
