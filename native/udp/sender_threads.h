// Threads that share the sending of one socket.
#pragma once

#include <pthread.h>
#include <stdint.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "batch.h"
#include "sender.h"

namespace sidetone {

// More threads than that do not send faster: the kernel's socket is one.
constexpr uint32_t kMaxSenderThreads = 16;

// Batches that wait to be sent: in a quiet room each holds one datagram, and a thread may be held up for 100 ms.
constexpr uint32_t kQueuedBatches = 64;

// Copies in them, some 200 ms of work. More would be sound that comes too late: who cannot keep up drops.
constexpr uint64_t kQueuedCopies = 1 << 16;

class SenderThreads {
 public:
  SenderThreads(int fd, bool ipv6, bool together, uint32_t threads, SendCounters* counters);
  ~SenderThreads();

  // 0, or an errno: then no thread runs.
  int Start();
  // An empty batch to fill; null: too much is waiting to be sent.
  Batch* Claim();
  // Gives the claimed batch to the threads.
  void Submit();
  // Ends the threads. What they had not begun is counted as left out.
  void Stop();

 private:
  struct Share {
    SenderThreads* all;
    uint32_t index;
    pthread_t thread;
  };

  void Run(uint32_t index);
  // Of the batches submitted so far: how many the slowest thread is done with.
  uint64_t DoneByAll() const;
  uint64_t WaitingCopies() const;

  SendCounters* const counters_;
  std::vector<std::unique_ptr<Batch>> batches_;
  std::vector<std::unique_ptr<Sender>> senders_;
  std::mutex mutex_;
  std::condition_variable work_;
  bool stopping_ = false;
  uint64_t submitted_ = 0;
  uint64_t copies_[kQueuedBatches] = {};
  std::vector<uint64_t> done_;
  std::vector<Share> shares_;
  uint32_t running_ = 0;
};

}  // namespace sidetone
