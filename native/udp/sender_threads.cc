#include "sender_threads.h"

#include <signal.h>

#include <algorithm>

namespace sidetone {

SenderThreads::SenderThreads(int fd, bool ipv6, bool together, uint32_t threads, SendCounters* counters)
    : counters_(counters), done_(threads, 0) {
  for (uint32_t i = 0; i < kQueuedBatches; i++) batches_.push_back(std::make_unique<Batch>());
  for (uint32_t i = 0; i < threads; i++)
    senders_.push_back(std::make_unique<Sender>(fd, ipv6, together, counters));
  for (uint32_t i = 0; i < threads; i++) shares_.push_back({this, i, pthread_t{}});
}

int SenderThreads::Start() {
  // Signals are Node's business.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = 0;
  for (Share& share : shares_) {
    const auto run = [](void* argument) -> void* {
      Share* own = static_cast<Share*>(argument);
      own->all->Run(own->index);
      return nullptr;
    };
    error = pthread_create(&share.thread, nullptr, run, &share);
    if (error != 0) break;
    running_++;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) Stop();
  return error;
}

SenderThreads::~SenderThreads() { Stop(); }

Batch* SenderThreads::Claim() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopping_ || submitted_ - DoneByAll() == kQueuedBatches || WaitingCopies() >= kQueuedCopies) return nullptr;
  Batch* batch = batches_[submitted_ % kQueuedBatches].get();
  batch->Clear();
  return batch;
}

void SenderThreads::Submit() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const uint64_t at = submitted_ % kQueuedBatches;
    copies_[at] = batches_[at]->Copies();
    submitted_++;
  }
  work_.notify_all();
}

void SenderThreads::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  work_.notify_all();
  for (uint32_t i = 0; i < running_; i++) pthread_join(shares_[i].thread, nullptr);
  const uint32_t threads = static_cast<uint32_t>(shares_.size());
  for (uint32_t i = 0; i < running_; i++)
    for (uint64_t left = done_[i]; left < submitted_; left++)
      counters_->bufferFull.fetch_add(Sender::CountShare(*batches_[left % kQueuedBatches], i, threads),
                                      std::memory_order_relaxed);
}

void SenderThreads::Run(uint32_t index) {
  const uint32_t threads = static_cast<uint32_t>(shares_.size());
  for (;;) {
    Batch* batch;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      work_.wait(lock, [&] { return stopping_ || done_[index] < submitted_; });
      if (stopping_) return;
      batch = batches_[done_[index] % kQueuedBatches].get();
    }
    senders_[index]->Send(*batch, index, threads);
    std::lock_guard<std::mutex> lock(mutex_);
    done_[index]++;
  }
}

uint64_t SenderThreads::DoneByAll() const { return *std::min_element(done_.begin(), done_.end()); }

uint64_t SenderThreads::WaitingCopies() const {
  uint64_t copies = 0;
  for (uint64_t at = DoneByAll(); at < submitted_; at++) copies += copies_[at % kQueuedBatches];
  return copies;
}

}  // namespace sidetone
