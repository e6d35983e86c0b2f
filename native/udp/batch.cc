#include "batch.h"

#include <string.h>

namespace sidetone {

namespace {
constexpr uint8_t kRelayItself[kAddressBytes] = {};
}

Batch::Batch()
    : addresses_(new uint8_t[kMaxBatchAddresses * kAddressBytes]), kept_(new uint8_t[kBatchBytes]) {}

bool Batch::Add(const uint8_t* bytes, uint32_t length, bool keep, const uint8_t* source, const uint8_t* addresses,
                uint32_t count, int32_t skip) {
  if (jobCount_ == kMaxJobs) return false;
  if (keep && keptBytes_ + length > kBatchBytes) return false;
  const uint32_t sender = SenderOf(source == nullptr ? kRelayItself : source);
  Group* group = FindGroup(sender, addresses, count);
  if (group == nullptr) {
    if (groupCount_ == kMaxGroups || addressBytes_ + count * kAddressBytes > kMaxBatchAddresses * kAddressBytes)
      return false;
    group = &groups_[groupCount_++];
    uint8_t* copy = addresses_.get() + addressBytes_;
    memcpy(copy, addresses, count * kAddressBytes);
    addressBytes_ += count * kAddressBytes;
    group->addresses = copy;
    group->count = count;
    group->jobCount = 0;
  }
  if (keep) {
    uint8_t* copy = kept_.get() + keptBytes_;
    if (length > 0) memcpy(copy, bytes, length);
    keptBytes_ += length;
    bytes = copy;
  }
  group->jobs[group->jobCount++] = static_cast<uint8_t>(jobCount_);
  jobs_[jobCount_++] = {bytes, length, skip, sender};
  return true;
}

void Batch::Clear() {
  jobCount_ = groupCount_ = senderCount_ = 0;
  addressBytes_ = keptBytes_ = 0;
}

uint64_t Batch::Copies() const {
  uint64_t copies = 0;
  for (uint32_t g = 0; g < groupCount_; g++)
    for (uint32_t j = 0; j < groups_[g].jobCount; j++)
      copies += groups_[g].count - (jobs_[groups_[g].jobs[j]].skip >= 0 ? 1 : 0);
  return copies;
}

uint32_t Batch::SenderOf(const uint8_t* source) {
  for (uint32_t i = 0; i < senderCount_; i++)
    if (memcmp(senders_[i], source, kAddressBytes) == 0) return i;
  memcpy(senders_[senderCount_], source, kAddressBytes);
  return senderCount_++;
}

// Groups are sent one after the other: a datagram may join one only if none of its sender waits in a later one.
Group* Batch::FindGroup(uint32_t sender, const uint8_t* addresses, uint32_t count) {
  for (uint32_t g = groupCount_; g > 0; g--) {
    Group& group = groups_[g - 1];
    if (group.count == count && memcmp(group.addresses, addresses, count * kAddressBytes) == 0) return &group;
    if (Sends(group, sender)) return nullptr;
  }
  return nullptr;
}

bool Batch::Sends(const Group& group, uint32_t sender) const {
  for (uint32_t j = 0; j < group.jobCount; j++)
    if (jobs_[group.jobs[j]].sender == sender) return true;
  return false;
}

}  // namespace sidetone
