/* A relay and nothing more: every datagram that a member sends goes to all the others, by recvfrom and sendto.
 *
 * It is what a relay must do at the very least, so what another one costs above it is that one's own. It reads the port
 * numbers of its members from stdin (all on 127.0.0.1, one a line; a member's token is its number, from 1), may be told
 * of more at any time, and prints the port it listens on. It ends when stdin does. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_MEMBERS 4096
#define MAX_DATAGRAM_BYTES 2048
#define HEADER_BYTES 16
/* As much as Sidetone's relay asks for. */
#define RECEIVE_BUFFER_BYTES (4 * 1024 * 1024)

static struct sockaddr_in members[MAX_MEMBERS];
static atomic_int member_count;

static void *read_members(void *unused) {
  (void)unused;
  unsigned port;
  while (scanf("%u", &port) == 1) {
    int at = atomic_load(&member_count);
    if (at >= MAX_MEMBERS) exit(1);
    members[at].sin_family = AF_INET;
    members[at].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    members[at].sin_port = htons((uint16_t)port);
    atomic_store(&member_count, at + 1);
    printf("member %d\n", at + 1);
    fflush(stdout);
  }
  exit(0);
}

static int open_socket(void) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof own;
  int receive_buffer = RECEIVE_BUFFER_BYTES;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer) != 0 ||
      getsockname(fd, (struct sockaddr *)&own, &length) != 0) {
    perror("the plain relay's socket");
    exit(1);
  }
  printf("port %d\n", ntohs(own.sin_port));
  fflush(stdout);
  return fd;
}

int main(void) {
  int fd = open_socket();
  pthread_t reader;
  if (pthread_create(&reader, NULL, read_members, NULL) != 0) return 1;
  for (;;) {
    uint8_t datagram[MAX_DATAGRAM_BYTES];
    struct sockaddr_in from;
    socklen_t from_length = sizeof from;
    ssize_t length = recvfrom(fd, datagram, sizeof datagram, 0, (struct sockaddr *)&from, &from_length);
    if (length < HEADER_BYTES) continue;
    uint32_t token;
    memcpy(&token, datagram, sizeof token);
    token = ntohl(token);
    int count = atomic_load(&member_count);
    if (token < 1 || token > (uint32_t)count) continue;
    int sender = (int)token - 1;
    /* The sender is who the token says only if it comes from that member's address. */
    if (from.sin_port != members[sender].sin_port || from.sin_addr.s_addr != members[sender].sin_addr.s_addr) continue;
    for (int at = 0; at < count; at += 1) {
      if (at != sender) sendto(fd, datagram, (size_t)length, 0, (struct sockaddr *)&members[at], sizeof members[at]);
    }
  }
}
