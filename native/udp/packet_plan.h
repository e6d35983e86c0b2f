// Which datagrams to one recipient go to the kernel as one packet.
#pragma once

#include <netinet/udp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "batch.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace sidetone {

// What the kernel cuts one packet into at most (UDP_MAX_SEGMENTS since Linux 4.18), and its bytes: an IPv4 datagram
// holds 65507, less what other headers may need.
constexpr uint32_t kMaxSegments = 64;
constexpr size_t kMaxPacketBytes = 64000;

// One packet: parts [from, from + count) of the plan. All but the last have the same length, the last at most that.
struct Packet {
  uint32_t from;
  uint32_t count;
};

// The packets to one recipient. With UDP_SEGMENT (segmentation offload) the kernel carries several datagrams through
// its stack as one and cuts it at the receiver or in the network card: they arrive as the datagrams they are.
class PacketPlan {
 public:
  // For everybody in the group who skips nothing (recipient -1), or for the one at that index. Datagrams of one sender
  // stay in their order; those of different senders may change places.
  void Build(const Batch& batch, const Group& group, int32_t recipient, bool together);

  uint32_t PacketCount() const { return packetCount_; }
  const Packet& PacketAt(uint32_t index) const { return packets_[index]; }
  iovec* Parts(const Packet& packet) { return &parts_[packet.from]; }

  // The ancillary data that asks for cutting; null for a packet of one datagram.
  void* Control(uint32_t index) { return packets_[index].count > 1 ? controls_[index] : nullptr; }
  static constexpr size_t ControlBytes() { return CMSG_SPACE(sizeof(uint16_t)); }

 private:
  void TakeLargest();
  void Take(uint32_t waiting);
  bool IsNextOfSender(uint32_t waiting) const;
  int ChooseTail(uint32_t bytes, size_t packetBytes) const;
  void WriteControl(uint32_t index);

  const Job* waiting_[kMaxJobs];
  bool taken_[kMaxJobs];
  uint32_t waitingCount_ = 0;
  uint32_t partCount_ = 0;
  uint32_t packetCount_ = 0;
  iovec parts_[kMaxJobs];
  Packet packets_[kMaxJobs];
  alignas(cmsghdr) char controls_[kMaxJobs][CMSG_SPACE(sizeof(uint16_t))];
};

}  // namespace sidetone
