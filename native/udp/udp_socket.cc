#include "udp_socket.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

namespace sidetone {

namespace {

// Linux's own names, where the headers are older than the kernel.
#ifndef SO_SELECT_ERR_QUEUE
#define SO_SELECT_ERR_QUEUE 45
#endif

constexpr int kYes = 1;
constexpr int kNo = 0;

template <typename T>
int Set(int fd, int level, int name, const T& value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : errno;
}

}  // namespace

int UdpSocket::Open(const SocketOptions& options) {
  ipv6_ = options.ipv6;
  fd_ = socket(ipv6_ ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return errno;
  int error = Configure(options);
  if (error == 0) error = Bind(options.port);
  if (error != 0) {
    Close();
    return error;
  }
  if (options.senderThreads > 0) {
    threads_ = std::make_unique<SenderThreads>(fd_, ipv6_, together_, options.senderThreads, &sendCounters_);
    error = threads_->Start();
    if (error != 0) Close();
  } else {
    own_ = std::make_unique<Batch>();
    sender_ = std::make_unique<Sender>(fd_, ipv6_, together_, &sendCounters_);
  }
  return error;
}

int UdpSocket::Configure(const SocketOptions& options) {
  if (ipv6_) {
    const int error = Set(fd_, IPPROTO_IPV6, IPV6_V6ONLY, kNo);
    if (error != 0) return error;
    Set(fd_, IPPROTO_IPV6, IPV6_RECVERR, kYes);
  }
  // What follows makes it better; without it there is less to count or less room. RECVERR of IPv4 counts for mapped
  // addresses of an IPv6 socket too.
  Set(fd_, IPPROTO_IP, IP_RECVERR, kYes);
  Set(fd_, SOL_SOCKET, SO_SELECT_ERR_QUEUE, kYes);
  Set(fd_, SOL_SOCKET, SO_RXQ_OVFL, kYes);
  Set(fd_, SOL_SOCKET, SO_RCVBUF, options.receiveBufferBytes);
  Set(fd_, SOL_SOCKET, SO_SNDBUF, options.sendBufferBytes);
  // Setting it to 0 changes nothing, and fails where the kernel does not know it.
  together_ = options.together && Set(fd_, IPPROTO_UDP, UDP_SEGMENT, kNo) == 0;
  return 0;
}

int UdpSocket::Bind(uint16_t port) {
  // Without SO_REUSEADDR and SO_REUSEPORT the port is ours alone.
  SocketAddress address;
  memset(&address, 0, sizeof address);
  socklen_t bytes;
  if (ipv6_) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(port);
    bytes = sizeof address.v6;
  } else {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(port);
    bytes = sizeof address.v4;
  }
  if (bind(fd_, reinterpret_cast<sockaddr*>(&address), bytes) != 0) return errno;
  bytes = sizeof address;
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return errno;
  port_ = ntohs(ipv6_ ? address.v6.sin6_port : address.v4.sin_port);
  return 0;
}

uint32_t UdpSocket::Receive(uint8_t* shared) {
  for (size_t i = 0; i < kSlots; i++) {
    parts_[i] = {shared + i * kSlotBytes, kSlotBytes};
    msghdr& message = messages_[i].msg_hdr;
    message = {};
    message.msg_name = &sources_[i];
    message.msg_namelen = sizeof sources_[i];
    message.msg_iov = &parts_[i];
    message.msg_iovlen = 1;
    message.msg_control = controls_[i];
    message.msg_controllen = kControlBytes;
  }
  int taken = recvmmsg(fd_, messages_, kSlots, MSG_DONTWAIT, nullptr);
  if (taken < 0 && errno != EAGAIN && errno != EINTR) {
    // What the network said of an earlier datagram hides what has arrived: once more.
    TakeErrors();
    taken = recvmmsg(fd_, messages_, kSlots, MSG_DONTWAIT, nullptr);
    if (taken < 0 && errno != EAGAIN && errno != EINTR) received_.failed++;
  }
  if (taken <= 0) return 0;
  received_.calls++;
  received_.received += static_cast<uint64_t>(taken);
  for (int i = 0; i < taken; i++) {
    const msghdr& message = messages_[i].msg_hdr;
    ToRecord(sources_[i], shared + kSourcesOffset + static_cast<size_t>(i) * kAddressBytes);
    int32_t length = static_cast<int32_t>(messages_[i].msg_len);
    if ((message.msg_flags & MSG_TRUNC) != 0) {
      length = -1;
      received_.tooLong++;
    }
    memcpy(shared + kLengthsOffset + static_cast<size_t>(i) * sizeof length, &length, sizeof length);
    if (message.msg_controllen > 0) CountDrops(message);
  }
  return static_cast<uint32_t>(taken);
}

// The kernel tells the drops since the socket was opened, modulo 2^32, with each datagram it took after the first drop.
void UdpSocket::CountDrops(const msghdr& message) {
  msghdr& readable = const_cast<msghdr&>(message);
  for (cmsghdr* part = CMSG_FIRSTHDR(&readable); part != nullptr; part = CMSG_NXTHDR(&readable, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_RXQ_OVFL) continue;
    uint32_t drops;
    memcpy(&drops, CMSG_DATA(part), sizeof drops);
    received_.kernelDrops += static_cast<uint32_t>(drops - lastDrops_);
    lastDrops_ = drops;
  }
}

void UdpSocket::FanOut(const uint8_t* bytes, uint32_t length, bool keep, const uint8_t* source,
                       const uint8_t* addresses, uint32_t count, int32_t skip) {
  for (uint32_t from = 0; from < count; from += kMaxGroupAddresses) {
    const uint32_t part = std::min<uint32_t>(count - from, kMaxGroupAddresses);
    const int64_t at = static_cast<int64_t>(skip) - from;
    const int32_t partSkip = at >= 0 && at < part ? static_cast<int32_t>(at) : -1;
    const uint8_t* partAddresses = addresses + from * kAddressBytes;
    if (Add(bytes, length, keep, source, partAddresses, part, partSkip)) continue;
    Flush();
    if (Add(bytes, length, keep, source, partAddresses, part, partSkip)) continue;
    // All batches of the threads are waiting to be sent.
    sendCounters_.bufferFull.fetch_add(part - (partSkip >= 0 ? 1 : 0), std::memory_order_relaxed);
  }
}

bool UdpSocket::Add(const uint8_t* bytes, uint32_t length, bool keep, const uint8_t* source,
                    const uint8_t* addresses, uint32_t count, int32_t skip) {
  if (batch_ == nullptr) batch_ = threads_ == nullptr ? own_.get() : threads_->Claim();
  return batch_ != nullptr && batch_->Add(bytes, length, keep || threads_ != nullptr, source, addresses, count, skip);
}

void UdpSocket::Flush() {
  if (batch_ == nullptr || batch_->Empty()) return;
  if (threads_ != nullptr) {
    threads_->Submit();
  } else {
    sender_->Send(*batch_, 0, 1);
    batch_->Clear();
  }
  batch_ = nullptr;
}

void UdpSocket::Forget() {
  if (batch_ == nullptr || batch_->Empty()) return;
  sendCounters_.failed.fetch_add(batch_->Copies(), std::memory_order_relaxed);
  batch_->Clear();
}

void UdpSocket::Close() {
  if (fd_ < 0) return;
  if (threads_ != nullptr) threads_->Stop();
  batch_ = nullptr;
  close(fd_);
  fd_ = -1;
}

}  // namespace sidetone
