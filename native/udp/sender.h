// Sends batches on a socket, and never waits for it.
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include <atomic>

#include "address_record.h"
#include "batch.h"
#include "packet_plan.h"

namespace sidetone {

// Shared by all threads that send on one socket.
struct SendCounters {
  std::atomic<uint64_t> sent{0};
  // What the kernel was given: several datagrams to one recipient can be one packet.
  std::atomic<uint64_t> packets{0};
  std::atomic<uint64_t> bufferFull{0};
  std::atomic<uint64_t> failed{0};
  // What the network answered to datagrams that were sent: nobody there, no way there.
  std::atomic<uint64_t> icmpErrors{0};
  // Packets of several datagrams that the kernel would not take as one.
  std::atomic<uint64_t> notTogether{0};
};

// Empties the socket's error queue, counting what came by ICMP.
void DrainErrors(int fd, SendCounters* counters);

class Sender {
 public:
  // together: whether the kernel knows UDP_SEGMENT.
  Sender(int fd, bool ipv6, bool together, SendCounters* counters);

  // Sends the share of thread `index` of `threads`: the recipients whose address falls to it, so that everything to
  // one recipient comes from one thread, in order.
  void Send(const Batch& batch, uint32_t index, uint32_t threads);

  // Copies in that share.
  static uint64_t CountShare(const Batch& batch, uint32_t index, uint32_t threads);

 private:
  // Messages given to the kernel at once: enough that the call itself does not count.
  static constexpr uint32_t kMaxMessages = 256;
  // So many packets refused in a row, and for so many fan-outs none is sent together: the way there cannot carry them.
  static constexpr uint32_t kMaxRefusals = 64;
  static constexpr uint32_t kFanOutsApart = 4096;

  void SendGroup(const Batch& batch, const Group& group, uint32_t index, uint32_t threads);
  void Queue(const uint8_t* record);
  void Flush();
  // One message that the kernel did not take; true: try it again.
  bool HandleError(uint32_t at, bool retried);
  // The parts of one message as messages of their own. false: none went through.
  bool SendOneByOne(uint32_t at);

  const int fd_;
  const bool ipv6_;
  const bool together_;
  uint32_t refusals_ = 0;
  // Fan-outs until packets are sent together again.
  uint32_t apart_ = 0;
  SendCounters* const counters_;
  PacketPlan plan_;
  uint32_t messageCount_ = 0;
  mmsghdr messages_[kMaxMessages];
  SocketAddress addresses_[kMaxMessages];
};

}  // namespace sidetone
