#include "tally.h"

#include <stdlib.h>
#include <string.h>

bool tally_start(Tally *tally, int speakers, int receivers, uint32_t packets, uint64_t first_sequence) {
  memset(tally, 0, sizeof *tally);
  tally->speakers = speakers;
  tally->receivers = receivers;
  tally->packets = packets;
  tally->first_sequence = first_sequence;
  size_t sent = (size_t)speakers * packets;
  tally->sent_ns = calloc(sent, sizeof *tally->sent_ns);
  tally->seen = calloc((sent * (size_t)receivers + 7) / 8, 1);
  tally->received_by = calloc((size_t)receivers, sizeof *tally->received_by);
  tally->delays = calloc(MAX_HISTOGRAM_US + 1, sizeof *tally->delays);
  return tally->sent_ns && tally->seen && tally->received_by && tally->delays;
}

void tally_end(Tally *tally) {
  free(tally->sent_ns);
  free(tally->seen);
  free(tally->received_by);
  free(tally->delays);
}

void tally_sent(Tally *tally, int speaker, uint32_t packet, int64_t now_ns) {
  __atomic_store_n(&tally->sent_ns[(size_t)speaker * tally->packets + packet], now_ns, __ATOMIC_RELEASE);
}

void tally_received(Tally *tally, int receiver, const Spoken *spoken, int64_t arrived_ns) {
  if (spoken->sequence < tally->first_sequence || spoken->sequence - tally->first_sequence >= tally->packets ||
      spoken->speaker >= tally->speakers) {
    tally->stale += 1;
    return;
  }
  uint32_t packet = (uint32_t)(spoken->sequence - tally->first_sequence);
  size_t sent_at = (size_t)spoken->speaker * tally->packets + packet;
  size_t bit = sent_at * (size_t)tally->receivers + (size_t)receiver;
  if (tally->seen[bit / 8] & 1u << bit % 8) {
    tally->duplicates += 1;
    return;
  }
  tally->seen[bit / 8] |= (uint8_t)(1u << bit % 8);
  if (packet < tally->measured_from || packet >= tally->measured_to) return;
  int64_t delay_ns = arrived_ns - __atomic_load_n(&tally->sent_ns[sent_at], __ATOMIC_ACQUIRE);
  uint64_t delay_us = delay_ns < 0 ? 0 : (uint64_t)delay_ns / 1000;
  if (delay_us > tally->longest_us) tally->longest_us = delay_us;
  tally->delays[delay_us > MAX_HISTOGRAM_US ? MAX_HISTOGRAM_US : delay_us] += 1;
  tally->received += 1;
  tally->received_by[receiver] += 1;
}

uint64_t tally_expected(const Tally *tally) {
  uint64_t packets = (uint64_t)tally->speakers * (tally->measured_to - tally->measured_from);
  return packets * (uint64_t)(tally->receivers - 1);
}

uint64_t histogram_percentile(const uint32_t *histogram, uint64_t total, double share) {
  uint64_t wanted = (uint64_t)((double)total * share), below = 0;
  for (uint64_t at = 0; at <= MAX_HISTOGRAM_US; at += 1) {
    below += histogram[at];
    if (below > wanted || below == total) return at;
  }
  return MAX_HISTOGRAM_US;
}

uint64_t tally_percentile(const Tally *tally, double share) {
  return histogram_percentile(tally->delays, tally->received, share);
}
