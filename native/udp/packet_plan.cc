#include "packet_plan.h"

#include <string.h>

namespace sidetone {

void PacketPlan::Build(const Batch& batch, const Group& group, int32_t recipient, bool together) {
  waitingCount_ = partCount_ = packetCount_ = 0;
  for (uint32_t j = 0; j < group.jobCount; j++) {
    const Job& job = batch.JobAt(group.jobs[j]);
    if (recipient >= 0 && job.skip == recipient) continue;
    taken_[waitingCount_] = false;
    waiting_[waitingCount_++] = &job;
  }
  if (together) {
    while (partCount_ < waitingCount_) TakeLargest();
    return;
  }
  for (uint32_t w = 0; w < waitingCount_; w++) {
    packets_[packetCount_++] = {partCount_, 1};
    Take(w);
  }
}

// One packet: all that have the length of the longest there is, and one shorter, which ends it.
void PacketPlan::TakeLargest() {
  uint32_t bytes = 0;
  for (uint32_t w = 0; w < waitingCount_; w++)
    if (waiting_[w]->length > bytes && IsNextOfSender(w)) bytes = waiting_[w]->length;
  Packet& packet = packets_[packetCount_];
  packet = {partCount_, 0};
  size_t packetBytes = 0;
  for (uint32_t w = 0; w < waitingCount_; w++) {
    if (waiting_[w]->length != bytes || !IsNextOfSender(w)) continue;
    if (packet.count > 0 && (packet.count == kMaxSegments || packetBytes + bytes > kMaxPacketBytes)) break;
    Take(w);
    packet.count++;
    packetBytes += bytes;
    // An empty datagram cannot be a segment.
    if (bytes == 0) break;
  }
  const int tail = packet.count < kMaxSegments ? ChooseTail(bytes, packetBytes) : -1;
  if (tail >= 0) {
    Take(static_cast<uint32_t>(tail));
    packet.count++;
  }
  if (packet.count > 1) WriteControl(packetCount_);
  packetCount_++;
}

void PacketPlan::Take(uint32_t waiting) {
  taken_[waiting] = true;
  parts_[partCount_++] = {const_cast<uint8_t*>(waiting_[waiting]->bytes), waiting_[waiting]->length};
}

bool PacketPlan::IsNextOfSender(uint32_t waiting) const {
  if (taken_[waiting]) return false;
  for (uint32_t w = 0; w < waiting; w++)
    if (!taken_[w] && waiting_[w]->sender == waiting_[waiting]->sender) return false;
  return true;
}

// Of those shorter than `bytes`, one of the rarest length: a length that is used up needs no packet of its own.
int PacketPlan::ChooseTail(uint32_t bytes, size_t packetBytes) const {
  int tail = -1;
  uint32_t fewest = kMaxJobs + 1;
  for (uint32_t w = 0; w < waitingCount_; w++) {
    const uint32_t length = waiting_[w]->length;
    if (length >= bytes || length == 0 || packetBytes + length > kMaxPacketBytes || !IsNextOfSender(w)) continue;
    uint32_t alike = 0;
    for (uint32_t other = 0; other < waitingCount_; other++)
      if (!taken_[other] && waiting_[other]->length == length) alike++;
    if (alike < fewest) {
      fewest = alike;
      tail = static_cast<int>(w);
    }
  }
  return tail;
}

void PacketPlan::WriteControl(uint32_t index) {
  memset(controls_[index], 0, sizeof controls_[index]);
  cmsghdr* control = reinterpret_cast<cmsghdr*>(controls_[index]);
  control->cmsg_level = SOL_UDP;
  control->cmsg_type = UDP_SEGMENT;
  control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
  const uint16_t bytes = static_cast<uint16_t>(parts_[packets_[index].from].iov_len);
  memcpy(CMSG_DATA(control), &bytes, sizeof bytes);
}

}  // namespace sidetone
