#include "sender.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <string.h>

namespace sidetone {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// Errors read at once; the rest wait for the next call, so that nobody can keep the thread here.
constexpr int kMaxErrorsPerDrain = 256;

uint32_t HashOf(const uint8_t* record) {
  uint64_t hash = 0;
  for (size_t at = 0; at < kAddressBytes; at += sizeof(uint64_t)) {
    uint64_t part;
    memcpy(&part, record + at, sizeof part);
    // The multiplier of SplitMix64. What tells addresses apart lies in the high bits of the parts, and a product carries
    // nothing down: it is folded.
    hash = (hash ^ part) * 0xbf58476d1ce4e5b9u;
    hash ^= hash >> 32;
  }
  return static_cast<uint32_t>((hash * 0x94d049bb133111ebu) >> 32);
}

bool SkippedByAny(const Batch& batch, const Group& group, int32_t recipient) {
  for (uint32_t j = 0; j < group.jobCount; j++)
    if (batch.JobAt(group.jobs[j]).skip == recipient) return true;
  return false;
}

// What the network said of an earlier datagram, which the kernel reports on the next call whatever that one is for.
bool IsAboutEarlier(int error) {
  switch (error) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPROTO:
    case EMSGSIZE:
    case EACCES:
      return true;
    default:
      return false;
  }
}

// Whether a packet of several datagrams may go through in pieces.
bool IsAboutTogether(int error) { return error == EIO || error == EINVAL || error == EMSGSIZE || error == EOPNOTSUPP; }

}  // namespace

void DrainErrors(int fd, SendCounters* counters) {
  char control[256];
  for (int i = 0; i < kMaxErrorsPerDrain; i++) {
    msghdr message{};
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
      const bool ours = (part->cmsg_level == SOL_IP && part->cmsg_type == IP_RECVERR) ||
                        (part->cmsg_level == SOL_IPV6 && part->cmsg_type == IPV6_RECVERR);
      if (!ours) continue;
      sock_extended_err error;
      memcpy(&error, CMSG_DATA(part), sizeof error);
      // The kernel's own refusals are counted where the call fails.
      if (error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6)
        counters->icmpErrors.fetch_add(1, kRelaxed);
    }
  }
}

Sender::Sender(int fd, bool ipv6, bool together, SendCounters* counters)
    : fd_(fd), ipv6_(ipv6), together_(together), counters_(counters) {
  memset(messages_, 0, sizeof messages_);
}

void Sender::Send(const Batch& batch, uint32_t index, uint32_t threads) {
  for (uint32_t g = 0; g < batch.GroupCount(); g++) SendGroup(batch, batch.GroupAt(g), index, threads);
}

uint64_t Sender::CountShare(const Batch& batch, uint32_t index, uint32_t threads) {
  uint64_t copies = 0;
  for (uint32_t g = 0; g < batch.GroupCount(); g++) {
    const Group& group = batch.GroupAt(g);
    for (uint32_t i = 0; i < group.count; i++) {
      if (HashOf(group.addresses + i * kAddressBytes) % threads != index) continue;
      for (uint32_t j = 0; j < group.jobCount; j++)
        if (batch.JobAt(group.jobs[j]).skip != static_cast<int32_t>(i)) copies++;
    }
  }
  return copies;
}

void Sender::SendGroup(const Batch& batch, const Group& group, uint32_t index, uint32_t threads) {
  const bool together = together_ && apart_ == 0;
  if (apart_ > 0) apart_--;
  plan_.Build(batch, group, -1, together);
  bool somebodySkips = false;
  for (uint32_t i = 0; i < group.count; i++) {
    const uint8_t* record = group.addresses + i * kAddressBytes;
    if (threads > 1 && HashOf(record) % threads != index) continue;
    if (SkippedByAny(batch, group, static_cast<int32_t>(i)))
      somebodySkips = true;
    else
      Queue(record);
  }
  Flush();
  if (!somebodySkips || group.jobCount == 1) return;
  for (uint32_t i = 0; i < group.count; i++) {
    const uint8_t* record = group.addresses + i * kAddressBytes;
    if (threads > 1 && HashOf(record) % threads != index) continue;
    if (!SkippedByAny(batch, group, static_cast<int32_t>(i))) continue;
    plan_.Build(batch, group, static_cast<int32_t>(i), together);
    Queue(record);
    Flush();
  }
}

void Sender::Queue(const uint8_t* record) {
  if (messageCount_ + plan_.PacketCount() > kMaxMessages) Flush();
  SocketAddress* address = &addresses_[messageCount_];
  const socklen_t addressBytes = ipv6_ ? ToIpv6(record, address) : ToIpv4(record, address);
  for (uint32_t p = 0; p < plan_.PacketCount(); p++) {
    const Packet& packet = plan_.PacketAt(p);
    if (addressBytes == 0) {
      counters_->failed.fetch_add(packet.count, kRelaxed);
      continue;
    }
    msghdr& message = messages_[messageCount_++].msg_hdr;
    message.msg_name = address;
    message.msg_namelen = addressBytes;
    message.msg_iov = plan_.Parts(packet);
    message.msg_iovlen = packet.count;
    message.msg_control = plan_.Control(p);
    message.msg_controllen = message.msg_control == nullptr ? 0 : PacketPlan::ControlBytes();
  }
}

void Sender::Flush() {
  uint32_t at = 0;
  bool retried = false;
  while (at < messageCount_) {
    const int taken = sendmmsg(fd_, messages_ + at, messageCount_ - at, MSG_DONTWAIT);
    if (taken > 0) {
      uint64_t datagrams = 0;
      for (int i = 0; i < taken; i++) {
        const size_t parts = messages_[at + static_cast<uint32_t>(i)].msg_hdr.msg_iovlen;
        datagrams += parts;
        if (parts > 1) refusals_ = 0;
      }
      counters_->sent.fetch_add(datagrams, kRelaxed);
      counters_->packets.fetch_add(static_cast<uint64_t>(taken), kRelaxed);
      at += static_cast<uint32_t>(taken);
      retried = false;
    } else if (HandleError(at, retried)) {
      retried = true;
    } else {
      at++;
      retried = false;
    }
  }
  messageCount_ = 0;
}

bool Sender::HandleError(uint32_t at, bool retried) {
  const int error = errno;
  const uint64_t datagrams = messages_[at].msg_hdr.msg_iovlen;
  if (error == EINTR) return true;
  if (error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM) {
    counters_->bufferFull.fetch_add(datagrams, kRelaxed);
    return false;
  }
  if (IsAboutEarlier(error) && !retried) {
    DrainErrors(fd_, counters_);
    return true;
  }
  if (datagrams > 1 && IsAboutTogether(error)) {
    counters_->notTogether.fetch_add(1, kRelaxed);
    // Where nothing goes through one by one either, it was not the size of the packet.
    if (SendOneByOne(at) && ++refusals_ >= kMaxRefusals) {
      refusals_ = 0;
      apart_ = kFanOutsApart;
    }
    return false;
  }
  counters_->failed.fetch_add(datagrams, kRelaxed);
  return false;
}

bool Sender::SendOneByOne(uint32_t at) {
  bool anySent = false;
  msghdr message = messages_[at].msg_hdr;
  iovec* parts = message.msg_iov;
  const size_t count = message.msg_iovlen;
  message.msg_control = nullptr;
  message.msg_controllen = 0;
  message.msg_iovlen = 1;
  for (size_t i = 0; i < count; i++) {
    message.msg_iov = &parts[i];
    ssize_t sent = sendmsg(fd_, &message, MSG_DONTWAIT);
    if (sent < 0 && IsAboutEarlier(errno)) {
      DrainErrors(fd_, counters_);
      sent = sendmsg(fd_, &message, MSG_DONTWAIT);
    }
    if (sent >= 0) {
      anySent = true;
      counters_->sent.fetch_add(1, kRelaxed);
      counters_->packets.fetch_add(1, kRelaxed);
    } else if (errno == EAGAIN || errno == ENOBUFS) {
      counters_->bufferFull.fetch_add(1, kRelaxed);
    } else {
      counters_->failed.fetch_add(1, kRelaxed);
    }
  }
  return anySent;
}

}  // namespace sidetone
