// Packed addresses, as src/core/relay/packed-address.ts lays them out.
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

namespace sidetone {

// 16 bytes IPv6 or IPv4-mapped IPv6, 4 bytes zone, 2 bytes port (both big-endian), 2 bytes zero.
constexpr size_t kAddressBytes = 24;
constexpr size_t kZoneOffset = 16;
constexpr size_t kPortOffset = 20;
constexpr size_t kIpv4Offset = 12;
constexpr uint8_t kMappedPrefix[kIpv4Offset] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// One of the two families; which, the socket knows.
union SocketAddress {
  sockaddr_in v4;
  sockaddr_in6 v6;
};

inline bool IsMapped(const uint8_t* record) { return memcmp(record, kMappedPrefix, kIpv4Offset) == 0; }

// For a socket of AF_INET6 that speaks IPv4 too.
inline socklen_t ToIpv6(const uint8_t* record, SocketAddress* to) {
  memset(&to->v6, 0, sizeof to->v6);
  to->v6.sin6_family = AF_INET6;
  memcpy(&to->v6.sin6_addr, record, 16);
  uint32_t zone;
  memcpy(&zone, record + kZoneOffset, sizeof zone);
  to->v6.sin6_scope_id = ntohl(zone);
  memcpy(&to->v6.sin6_port, record + kPortOffset, sizeof to->v6.sin6_port);
  return sizeof to->v6;
}

// For a socket of AF_INET. 0: not an IPv4 address.
inline socklen_t ToIpv4(const uint8_t* record, SocketAddress* to) {
  if (!IsMapped(record)) return 0;
  memset(&to->v4, 0, sizeof to->v4);
  to->v4.sin_family = AF_INET;
  memcpy(&to->v4.sin_addr, record + kIpv4Offset, sizeof to->v4.sin_addr);
  memcpy(&to->v4.sin_port, record + kPortOffset, sizeof to->v4.sin_port);
  return sizeof to->v4;
}

inline void ToRecord(const SocketAddress& from, uint8_t* record) {
  memset(record, 0, kAddressBytes);
  if (from.v6.sin6_family == AF_INET6) {
    memcpy(record, &from.v6.sin6_addr, 16);
    uint32_t zone = htonl(from.v6.sin6_scope_id);
    memcpy(record + kZoneOffset, &zone, sizeof zone);
    memcpy(record + kPortOffset, &from.v6.sin6_port, sizeof from.v6.sin6_port);
  } else {
    memcpy(record, kMappedPrefix, kIpv4Offset);
    memcpy(record + kIpv4Offset, &from.v4.sin_addr, sizeof from.v4.sin_addr);
    memcpy(record + kPortOffset, &from.v4.sin_port, sizeof from.v4.sin_port);
  }
}

}  // namespace sidetone
