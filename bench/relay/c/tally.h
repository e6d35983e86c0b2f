#ifndef BENCH_RELAY_TALLY_H
#define BENCH_RELAY_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "member.h"

#define MAX_SPEAKERS 128

/* What one run sent and what came of it. */
typedef struct {
  int speakers;
  int receivers;
  /* Packets of each speaker; those in [measured_from, measured_to) count. */
  uint32_t packets;
  uint32_t measured_from;
  uint32_t measured_to;
  /* The first sequence number of this run; an earlier one is of a run before. */
  uint64_t first_sequence;
  /* When each packet was sent, in ns of the real-time clock: speaker by speaker. */
  int64_t *sent_ns;
  /* One bit for each packet and receiver. */
  uint8_t *seen;
  uint64_t received;
  uint64_t duplicates;
  uint64_t stale;
  /* Measured packets that each receiver got. */
  uint32_t *received_by;
  /* Measured packets by delay, in whole microseconds. */
  uint32_t *delays;
  uint64_t longest_us;
} Tally;

/* False when there is no memory. */
bool tally_start(Tally *tally, int speakers, int receivers, uint32_t packets, uint64_t first_sequence);
void tally_end(Tally *tally);

/* A packet is about to be sent. */
void tally_sent(Tally *tally, int speaker, uint32_t packet, int64_t now_ns);

/* A packet arrived, at the time that the kernel put on it. */
void tally_received(Tally *tally, int receiver, const Spoken *spoken, int64_t arrived_ns);

/* Copies of measured packets that ought to arrive. */
uint64_t tally_expected(const Tally *tally);

/* Delay that a share of the measured packets did not exceed, in microseconds. */
uint64_t tally_percentile(const Tally *tally, double share);

/* A histogram by whole microseconds, up to two seconds. */
#define MAX_HISTOGRAM_US 2000000
uint64_t histogram_percentile(const uint32_t *histogram, uint64_t total, double share);

#endif
