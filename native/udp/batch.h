// Fan-outs that wait for the end of a receive batch, so that what goes to one recipient can go together.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <memory>

#include "address_record.h"

namespace sidetone {

// Datagrams taken from the kernel by one call. Each waits for the others to be routed (a microsecond or two each), and
// whoever else needs the thread waits for all to be sent: 32 to 200 recipients are some 10 ms.
constexpr size_t kSlots = 32;

// Room for one datagram: the protocol's longest is 1200 bytes, and a longer one must be seen to be longer.
constexpr size_t kSlotBytes = 1280;

// Datagrams that wait at most: a whole receive batch, and as much again for whispers to several lists.
constexpr size_t kMaxJobs = 2 * kSlots;

// Different lists of recipients among them; with more, the earlier ones are sent first.
constexpr size_t kMaxGroups = 32;

// Addresses that one list holds at most (a longer fan-out is several), and that all lists hold together.
constexpr size_t kMaxGroupAddresses = 2048;
constexpr size_t kMaxBatchAddresses = 2 * kMaxGroupAddresses;

// Longest datagram UDP over IPv4 can carry.
constexpr size_t kMaxDatagramBytes = 65507;

// Bytes of datagrams that a batch keeps itself.
constexpr size_t kBatchBytes = kMaxJobs * kSlotBytes + kMaxDatagramBytes;

// One datagram to one list.
struct Job {
  const uint8_t* bytes;
  uint32_t length;
  // Index in the list of the recipient who does not get it; -1: all do.
  int32_t skip;
  // Which of the batch's senders it came from.
  uint32_t sender;
};

// One list of recipients and what goes to it, in order of arrival.
struct Group {
  const uint8_t* addresses;
  uint32_t count;
  uint32_t jobCount;
  uint8_t jobs[kMaxJobs];
};

class Batch {
 public:
  Batch();

  // Takes a datagram in; the addresses are copied, as the list may change before they are used.
  // keep: the bytes are copied too, as they may be gone before they are sent.
  // source: the packed address it came from; null: from the relay itself.
  // false: it does not fit; send and clear the batch first. An empty one takes any.
  bool Add(const uint8_t* bytes, uint32_t length, bool keep, const uint8_t* source, const uint8_t* addresses,
           uint32_t count, int32_t skip);
  void Clear();

  // Copies to be sent.
  uint64_t Copies() const;
  bool Empty() const { return jobCount_ == 0; }
  uint32_t GroupCount() const { return groupCount_; }
  const Group& GroupAt(uint32_t index) const { return groups_[index]; }
  const Job& JobAt(uint32_t index) const { return jobs_[index]; }

 private:
  uint32_t SenderOf(const uint8_t* source);
  Group* FindGroup(uint32_t sender, const uint8_t* addresses, uint32_t count);
  bool Sends(const Group& group, uint32_t sender) const;

  uint32_t jobCount_ = 0;
  uint32_t groupCount_ = 0;
  uint32_t senderCount_ = 0;
  size_t addressBytes_ = 0;
  size_t keptBytes_ = 0;
  Job jobs_[kMaxJobs];
  Group groups_[kMaxGroups];
  uint8_t senders_[kMaxJobs][kAddressBytes];
  std::unique_ptr<uint8_t[]> addresses_;
  std::unique_ptr<uint8_t[]> kept_;
};

}  // namespace sidetone
