// A UDP socket that takes datagrams from the kernel in batches.
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include <memory>

#include "batch.h"
#include "sender.h"
#include "sender_threads.h"

namespace sidetone {

struct SocketOptions {
  // 0: any free port.
  uint16_t port;
  // One socket for IPv6 and IPv4; false: IPv4 alone.
  bool ipv6;
  uint32_t senderThreads;
  int receiveBufferBytes;
  int sendBufferBytes;
  // false: datagrams are never sent together.
  bool together;
};

struct ReceiveCounters {
  uint64_t received = 0;
  uint64_t calls = 0;
  uint64_t tooLong = 0;
  uint64_t kernelDrops = 0;
  uint64_t failed = 0;
};

// The memory shared with JavaScript: kSlots datagrams of kSlotBytes, then their kAddressBytes sources, then their
// lengths (int32, of the machine; -1: the datagram was longer than its slot).
constexpr size_t kSourcesOffset = kSlots * kSlotBytes;
constexpr size_t kLengthsOffset = kSourcesOffset + kSlots * kAddressBytes;
constexpr size_t kSharedBytes = kLengthsOffset + kSlots * sizeof(int32_t);

// Used by the thread that opened it alone.
class UdpSocket {
 public:
  UdpSocket() = default;
  ~UdpSocket() { Close(); }
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  // 0, or an errno: then there is no socket.
  int Open(const SocketOptions& options);
  bool IsOpen() const { return fd_ >= 0; }
  int Fd() const { return fd_; }
  uint16_t Port() const { return port_; }

  // Takes what has arrived into `shared` (kSharedBytes). Datagrams taken; 0: there is none.
  uint32_t Receive(uint8_t* shared);
  // What the network answered to datagrams that were sent.
  void TakeErrors() { DrainErrors(fd_, &sendCounters_); }

  // Takes in what is to go to `count` packed addresses, for the next Flush. The addresses are copied.
  // source: the packed address the bytes came from; null: the relay itself.
  // keep: the bytes are copied too; else they stay until then.
  void FanOut(const uint8_t* bytes, uint32_t length, bool keep, const uint8_t* source, const uint8_t* addresses,
              uint32_t count, int32_t skip);
  // Sends what waits.
  void Flush();
  // Leaves out what waits: its bytes are gone.
  void Forget();

  void Close();

  const ReceiveCounters& Received() const { return received_; }
  const SendCounters& Sent() const { return sendCounters_; }

 private:
  int Configure(const SocketOptions& options);
  int Bind(uint16_t port);
  void CountDrops(const msghdr& message);
  bool Add(const uint8_t* bytes, uint32_t length, bool keep, const uint8_t* source, const uint8_t* addresses,
           uint32_t count, int32_t skip);

  // Room for SO_RXQ_OVFL's count.
  static constexpr size_t kControlBytes = CMSG_SPACE(sizeof(uint32_t));

  int fd_ = -1;
  uint16_t port_ = 0;
  bool ipv6_ = false;
  bool together_ = false;
  uint32_t lastDrops_ = 0;
  ReceiveCounters received_;
  SendCounters sendCounters_;
  // Without threads: what waits, and who sends it.
  std::unique_ptr<Batch> own_;
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<SenderThreads> threads_;
  // Being filled; null: none is claimed.
  Batch* batch_ = nullptr;
  mmsghdr messages_[kSlots];
  iovec parts_[kSlots];
  SocketAddress sources_[kSlots];
  alignas(cmsghdr) char controls_[kSlots][kControlBytes];
};

}  // namespace sidetone
