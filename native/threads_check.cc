// The sender threads under ThreadSanitizer, which Node itself cannot run under: built and run by native/asan.mjs.
//
// Fans out from one thread to sockets on loopback while three threads send, closes at odd times, and checks that every
// copy asked for was sent or counted, and that nobody got two datagrams of one sender in the wrong order.
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
    if (round % 16 == 0) usleep(500);
  }
  socket.Flush();
  if (!closeEarly) usleep(300000);
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

}  // namespace

int main() {
  for (int times = 0; times < 5; times++)
    if (Check(false) != 0 || Check(true) != 0) return 1;
  printf("threads in order\n");
  return 0;
}
