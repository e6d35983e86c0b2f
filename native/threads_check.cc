// The sender threads under ThreadSanitizer, which Node itself cannot run under: built and run by native/asan.mjs.
//
// Fans out from one thread to sockets on loopback while three threads send, closes at odd times, and checks that every
// copy asked for was sent or counted, that nobody got two datagrams of one sender in the wrong order, and that the
// threads share the work.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vector>

#include "udp/udp_socket.h"

namespace {

constexpr uint32_t kPeers = 24;
constexpr uint32_t kRounds = 400;

int Fail(const char* what) {
  fprintf(stderr, "%s\n", what);
  return 1;
}

// Whether what a peer got is in order: each datagram begins with its number.
bool InOrder(int fd, uint64_t* got) {
  uint32_t last = 0, number = 0;
  char bytes[2048];
  while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) >= static_cast<ssize_t>(sizeof number)) {
    memcpy(&number, bytes, sizeof number);
    if (number <= last) return false;
    last = number;
    (*got)++;
  }
  return true;
}

int Check(bool closeEarly) {
  std::vector<int> peers;
  std::vector<uint8_t> addresses;
  for (uint32_t i = 0; i < kPeers; i++) {
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    sidetone::SocketAddress address{};
    socklen_t length = sizeof address.v4;
    const int bytes = 4 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    address.v4.sin_family = AF_INET;
    address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address.v4), length) != 0) return Fail("bind");
    getsockname(fd, reinterpret_cast<sockaddr*>(&address.v4), &length);
    uint8_t record[sidetone::kAddressBytes];
    sidetone::ToRecord(address, record);
    addresses.insert(addresses.end(), record, record + sizeof record);
    peers.push_back(fd);
  }
  sidetone::UdpSocket socket;
  if (socket.Open({0, true, 3, 1 << 20, 1 << 20, true}) != 0) return Fail("open");
  uint8_t bytes[200] = {};
  uint64_t asked = 0;
  for (uint32_t round = 1; round <= kRounds; round++) {
    memcpy(bytes, &round, sizeof round);
    const uint32_t length = 60 + round * 7 % 90;
    // Lists of many lengths, one to four datagrams a batch.
    const uint32_t count = 1 + round % kPeers;
    socket.FanOut(bytes, length, true, nullptr, addresses.data(), count, 0);
    asked += count - 1;
    if (round % 4 == 0 || round % 7 == 0) socket.Flush();
    // Whoever is not in a hurry loses nothing.
    while (!closeEarly && asked - socket.Sent().sent > 400) {
      socket.Flush();
      usleep(100);
    }
  }
  socket.Flush();
  for (int waits = 0; !closeEarly && socket.Sent().sent < asked && waits < 50000; waits++) usleep(100);
  socket.Close();
  const uint64_t sent = socket.Sent().sent, left = socket.Sent().bufferFull + socket.Sent().failed;
  if (sent + left != asked) return Fail("copies are missing");
  if (!closeEarly && left > 0) return Fail("copies were left out");
  uint64_t got = 0;
  for (const int fd : peers) {
    if (!InOrder(fd, &got)) return Fail("out of order");
    close(fd);
  }
  return got == sent ? 0 : Fail("copies were lost");
}

// Addresses that differ in their port alone, or in the last byte of IPv4 or IPv6.
int CheckShares(size_t byteThatDiffers) {
  constexpr uint32_t kAddresses = 200;
  std::vector<uint8_t> addresses(kAddresses * sidetone::kAddressBytes);
  for (uint32_t i = 0; i < kAddresses; i++) {
    uint8_t* record = &addresses[i * sidetone::kAddressBytes];
    if (byteThatDiffers != 15) memcpy(record, sidetone::kMappedPrefix, sizeof sidetone::kMappedPrefix);
    record[byteThatDiffers] = static_cast<uint8_t>(i);
  }
  sidetone::Batch batch;
  const uint8_t byte = 1;
  if (!batch.Add(&byte, 1, true, nullptr, addresses.data(), kAddresses, -1)) return Fail("a batch is full");
  for (uint32_t threads = 1; threads <= 8; threads++) {
    uint64_t all = 0;
    for (uint32_t index = 0; index < threads; index++) {
      const uint64_t share = sidetone::Sender::CountShare(batch, index, threads);
      if (share * threads * 2 < kAddresses) return Fail("a thread has next to nothing to do");
      all += share;
    }
    if (all != kAddresses) return Fail("a copy is nobody's");
  }
  return 0;
}

}  // namespace

int main() {
  for (const size_t byte : {sidetone::kPortOffset + 1, sidetone::kPortOffset, sidetone::kIpv4Offset, size_t{14}, size_t{15}})
    if (CheckShares(byte) != 0) return 1;
  for (int times = 0; times < 5; times++)
    if (Check(false) != 0 || Check(true) != 0) return 1;
  printf("threads in order\n");
  return 0;
}
