/*
 * Many listeners of one program, in one thread: WebSocket, Ogg over HTTP, RTSP interleaved over TCP.
 *
 * Published packets carry a mark: 8 magic bytes, a 32-bit number and a 64-bit time (CLOCK_MONOTONIC, ns), big-endian.
 * Whatever framing lies around it, the mark is found in the stream, so that all gateways are measured alike.
 *
 * Arguments: kind (ws, ogg, rtsp), port, path, listeners, of them stalled. Speaks lines of JSON on stdout:
 * {"joined":n} when all are in; after "begin" and "end" on stdin one line of figures.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_LISTENERS 4096
#define MARK_BYTES 20
#define BUFFER_BYTES 65536
#define MAX_DELAYS 8000000
/* Answers of a server to a handshake are shorter than this. */
#define HEAD_BYTES 8192

static const unsigned char MAGIC[8] = {0xa5, 'm', 'a', 'r', 'k', 'e', 'd', 0x5a};

enum state { SHAKING, LISTENING, GONE };

struct listener {
  int fd;
  enum state state;
  int stalled;
  int step;
  char head[HEAD_BYTES];
  size_t head_length;
  unsigned char carry[MARK_BYTES];
  size_t carry_length;
  int64_t last;
  uint64_t received, lost, bytes;
};

static struct listener listeners[MAX_LISTENERS];
static int count, joined, measuring;
static uint64_t received, lost, bytes, gone, broken;
static float *delays;
static size_t delay_count;
static const char *kind, *path;
static int port;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static void say(struct listener *l, const char *text) {
  size_t length = strlen(text);
  if (write(l->fd, text, length) != (ssize_t)length) die("write");
}

/* A short text message from a client: masked, here with a mask of zeros (RFC 6455, section 5.3). */
static void say_ws(struct listener *l, const char *text) {
  unsigned char frame[256] = {0x81};
  size_t length = strlen(text);
  frame[1] = 0x80 | (unsigned char)length;
  memcpy(frame + 6, text, length);
  if (length > 125 || write(l->fd, frame, length + 6) != (ssize_t)length + 6) die("write");
}

static void ask(struct listener *l) {
  char text[1024];
  if (strcmp(kind, "ws") == 0) {
    snprintf(text, sizeof text,
             "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
             path);
  } else if (strcmp(kind, "ogg") == 0) {
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n\r\n", path);
  } else {
    snprintf(text, sizeof text,
             "SETUP rtsp://127.0.0.1:%d%s/trackID=0 RTSP/1.0\r\nCSeq: 1\r\n"
             "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n",
             port, path);
  }
  say(l, text);
}

/* The head of an answer is complete. Whatever lies behind it is sound already. */
static void answered(struct listener *l) {
  char text[1024];
  if (strncmp(l->head, "HTTP/1.1 101", 12) != 0 && strstr(l->head, " 200 ") == NULL) {
    fprintf(stderr, "refused: %.60s\n", l->head);
    exit(1);
  }
  if (strcmp(kind, "ws") == 0) {
    say_ws(l, "{\"type\":\"hello\",\"clientType\":\"native\",\"supports\":[\"opus-raw\"],\"preferred\":\"opus-raw\"}");
  } else if (strcmp(kind, "rtsp") == 0 && l->step == 0) {
    char *session = strstr(l->head, "Session: ");
    if (session == NULL) die("no session");
    session += 9;
    session[strcspn(session, ";\r\n")] = 0;
    snprintf(text, sizeof text, "PLAY rtsp://127.0.0.1:%d%s RTSP/1.0\r\nCSeq: 2\r\nSession: %s\r\n\r\n", port, path,
             session);
    say(l, text);
    l->step = 1;
    l->head_length = 0;
    return;
  }
  l->state = LISTENING;
  joined++;
}

static uint64_t big_endian(const unsigned char *at, int length) {
  uint64_t value = 0;
  for (int i = 0; i < length; i++) value = value << 8 | at[i];
  return value;
}

static void marked(struct listener *l, const unsigned char *mark, int64_t at_ns) {
  int64_t number = (int64_t)big_endian(mark + 8, 4);
  int64_t sent_ns = (int64_t)big_endian(mark + 12, 8);
  if (measuring) {
    if (l->last >= 0 && number > l->last + 1) lost += (uint64_t)(number - l->last - 1), l->lost++;
    if (l->last >= 0 && number <= l->last) broken++;
    received++;
    l->received++;
    if (delay_count < MAX_DELAYS) delays[delay_count++] = (float)((double)(at_ns - sent_ns) / 1e6);
  }
  l->last = number;
}

static void scan(struct listener *l, const unsigned char *data, size_t length, int64_t at_ns) {
  /* A mark that the last read ended in. */
  while (l->carry_length > 0 && length > 0 && l->carry_length < MARK_BYTES) {
    l->carry[l->carry_length++] = *data++;
    length--;
    if (l->carry_length <= 8 && memcmp(l->carry, MAGIC, l->carry_length) != 0) {
      l->carry_length = l->carry[l->carry_length - 1] == MAGIC[0] ? (l->carry[0] = MAGIC[0], 1) : 0;
      if (l->carry_length == 0) break;
    }
  }
  if (l->carry_length == MARK_BYTES) {
    marked(l, l->carry, at_ns);
    l->carry_length = 0;
  }
  const unsigned char *end = data + length;
  while (data < end) {
    const unsigned char *first = memchr(data, MAGIC[0], (size_t)(end - data));
    if (first == NULL) return;
    size_t rest = (size_t)(end - first);
    size_t compare = rest < 8 ? rest : 8;
    if (memcmp(first, MAGIC, compare) != 0) {
      data = first + 1;
      continue;
    }
    if (rest < MARK_BYTES) {
      memcpy(l->carry, first, rest);
      l->carry_length = rest;
      return;
    }
    marked(l, first, at_ns);
    data = first + MARK_BYTES;
  }
}

static void readable(struct listener *l) {
  static unsigned char buffer[BUFFER_BYTES];
  ssize_t length = read(l->fd, buffer, sizeof buffer);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length <= 0) {
    if (l->state != GONE) gone++;
    l->state = GONE;
    close(l->fd);
    return;
  }
  if (measuring) bytes += (uint64_t)length;
  if (l->state == LISTENING) {
    scan(l, buffer, (size_t)length, now_ns());
    return;
  }
  size_t room = HEAD_BYTES - 1 - l->head_length;
  size_t part = (size_t)length < room ? (size_t)length : room;
  memcpy(l->head + l->head_length, buffer, part);
  l->head_length += part;
  l->head[l->head_length] = 0;
  if (strstr(l->head, "\r\n\r\n") != NULL) answered(l);
  else if (room == part) die("answer too long");
}

static int by_value(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

static double percentile(double part) {
  if (delay_count == 0) return -1;
  size_t at = (size_t)(part * (double)(delay_count - 1));
  return (double)delays[at];
}

static double cpu_ms(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e3 + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e3;
}

static void report(double cpu_before, int64_t begun_ns) {
  uint64_t least = UINT64_MAX;
  int with_loss = 0;
  for (int i = 0; i < count; i++) {
    if (listeners[i].stalled) continue;
    if (listeners[i].received < least) least = listeners[i].received;
    if (listeners[i].lost > 0) with_loss++;
  }
  qsort(delays, delay_count, sizeof *delays, by_value);
  printf("{\"received\":%llu,\"lost\":%llu,\"backwards\":%llu,\"listenersWithLoss\":%d,\"leastReceived\":%llu,"
         "\"gone\":%llu,\"bytes\":%llu,\"p50Ms\":%.4f,\"p99Ms\":%.4f,\"maxMs\":%.4f,\"cpuMs\":%.1f,\"wallMs\":%.1f}\n",
         (unsigned long long)received, (unsigned long long)lost, (unsigned long long)broken, with_loss,
         (unsigned long long)least, (unsigned long long)gone, (unsigned long long)bytes, percentile(0.5),
         percentile(0.99), percentile(1), cpu_ms() - cpu_before, (double)(now_ns() - begun_ns) / 1e6);
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  kind = argv[1];
  port = atoi(argv[2]);
  path = argv[3];
  count = atoi(argv[4]);
  int stalled = atoi(argv[5]);
  if (count < 1 || count > MAX_LISTENERS || stalled > count) return 2;
  delays = malloc(sizeof *delays * MAX_DELAYS);
  if (delays == NULL) die("malloc");

  int poller = epoll_create1(0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  for (int i = 0; i < count; i++) {
    struct listener *l = &listeners[i];
    l->last = -1;
    l->stalled = i < stalled;
    l->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (l->fd < 0) die("socket");
    int small = 4096, one = 1;
    if (l->stalled) setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(l->fd, (struct sockaddr *)&address, sizeof address) != 0) die("connect");
    ask(l);
    fcntl(l->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, l->fd, &event) != 0) die("epoll_ctl");
  }
  struct epoll_event own = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
  epoll_ctl(poller, EPOLL_CTL_ADD, 0, &own);

  struct epoll_event events[512];
  int told = 0;
  double cpu_before = 0;
  int64_t begun_ns = 0;
  for (;;) {
    int ready = epoll_wait(poller, events, 512, -1);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; i++) {
      uint32_t index = events[i].data.u32;
      if (index != UINT32_MAX) {
        struct listener *l = &listeners[index];
        if (l->state == GONE) continue;
        readable(l);
        /* From here on a stalled listener takes nothing any more, and keeps its connection. */
        if (l->stalled && l->state == LISTENING) epoll_ctl(poller, EPOLL_CTL_DEL, l->fd, NULL);
        continue;
      }
      char line[64];
      ssize_t length = read(0, line, sizeof line - 1);
      if (length <= 0) return 0;
      line[length] = 0;
      if (strncmp(line, "begin", 5) == 0) {
        measuring = 1;
        received = lost = bytes = broken = delay_count = 0;
        for (int j = 0; j < count; j++) listeners[j].received = listeners[j].lost = 0;
        cpu_before = cpu_ms();
        begun_ns = now_ns();
      } else if (strncmp(line, "end", 3) == 0) {
        measuring = 0;
        report(cpu_before, begun_ns);
      }
    }
    if (!told && joined == count) {
      told = 1;
      printf("{\"joined\":%d}\n", joined);
      fflush(stdout);
    }
  }
}
