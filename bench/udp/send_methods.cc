// What one datagram to many recipients costs, by method of sending: CPU of the sending thread per datagram.
//
// bench/udp/run.ts builds and runs it. `send_methods [rounds]` prints one line per method: name, median, least and most
// microseconds, separated by tabs. `send_methods receive` opens the recipients alone, prints their ports, and reads.
// One process sends to RECIPIENTS sockets of a second process on loopback, which reads them as they come. The order of
// the methods rotates from round to round; the figure is the median of the rounds. CPU is what the kernel charges to
// the sending thread (getrusage): on loopback that includes handing the datagram to the receiving socket.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace {
constexpr int kRecipients = 199;
constexpr int kPayloadBytes = 96;
constexpr int kDatagramsPerMeasurement = 400;  // each to all recipients
constexpr int kMaxTogether = 16;

enum class How { kSendTo, kSendMmsg, kConnected, kGso, kMmsgGso };

struct Method {
  std::string name;
  How how;
  bool dual;      // one AF_INET6 socket with mapped addresses instead of AF_INET
  int together;   // datagrams handled at once
  bool variable;  // their sizes differ
};

sockaddr_in6 Mapped(uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = port;
  inet_pton(AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr);
  return address;
}

sockaddr_in Plain(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = port;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

[[noreturn]] void Receive(const std::vector<int>& sockets) {
  int poll = epoll_create1(0);
  for (int socket : sockets) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
  }
  epoll_event events[256];
  char buffer[2048];
  for (;;) {
    int ready = epoll_wait(poll, events, 256, -1);
    for (int i = 0; i < ready; i++)
      while (recv(events[i].data.fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
      }
  }
}

double CpuUs() {
  rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_utime.tv_sec * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_sec * 1e6 + usage.ru_stime.tv_usec;
}

struct Bench {
  int socket4, socket6;
  std::vector<int> connected;
  std::vector<sockaddr_in> plain;
  std::vector<sockaddr_in6> mapped;
  char bytes[kMaxTogether][kPayloadBytes * 2];
  long failed = 0;

  int Size(const Method& m, int index) const { return m.variable ? kPayloadBytes - 20 + (index * 37) % 41 : kPayloadBytes; }

  void Name(msghdr* message, const Method& m, int to) {
    message->msg_name = m.dual ? static_cast<void*>(&mapped[to]) : static_cast<void*>(&plain[to]);
    message->msg_namelen = m.dual ? sizeof mapped[0] : sizeof plain[0];
  }

  void Send(const Method& m) {
    int fd = m.dual ? socket6 : socket4;
    if (m.how == How::kSendTo || m.how == How::kConnected) {
      for (int d = 0; d < m.together; d++)
        for (int to = 0; to < kRecipients; to++) {
          msghdr name{};
          Name(&name, m, to);
          ssize_t sent = m.how == How::kConnected
                             ? send(connected[to], bytes[d], Size(m, d), MSG_DONTWAIT)
                             : sendto(fd, bytes[d], Size(m, d), MSG_DONTWAIT, static_cast<sockaddr*>(name.msg_name), name.msg_namelen);
          if (sent < 0) failed++;
        }
      return;
    }
    static mmsghdr messages[kRecipients * kMaxTogether];
    static iovec parts[kMaxTogether];
    static char controls[kMaxTogether][CMSG_SPACE(sizeof(uint16_t))];
    if (m.how == How::kSendMmsg) {
      for (int d = 0; d < m.together; d++) {
        parts[d] = {bytes[d], static_cast<size_t>(Size(m, d))};
        for (int to = 0; to < kRecipients; to++) {
          memset(&messages[to], 0, sizeof messages[to]);
          Name(&messages[to].msg_hdr, m, to);
          messages[to].msg_hdr.msg_iov = &parts[d];
          messages[to].msg_hdr.msg_iovlen = 1;
        }
        int sent = sendmmsg(fd, messages, kRecipients, MSG_DONTWAIT);
        failed += kRecipients - std::max(0, sent);
      }
      return;
    }
    // Runs of one size end with at most one that is shorter; largest first.
    std::vector<int> order(m.together);
    for (int d = 0; d < m.together; d++) order[d] = d;
    std::sort(order.begin(), order.end(), [&](int a, int b) { return Size(m, a) > Size(m, b); });
    struct Run { int from, count; };
    std::vector<Run> runs;
    for (int d = 0; d < m.together; d++) {
      parts[d] = {bytes[order[d]], static_cast<size_t>(Size(m, order[d]))};
      if (!runs.empty()) {
        Run& run = runs.back();
        size_t size = parts[run.from].iov_len;
        if (parts[d - 1].iov_len == size) {
          run.count++;
          continue;
        }
      }
      runs.push_back({d, 1});
    }
    for (size_t r = 0; r < runs.size(); r++) {
      cmsghdr* control = reinterpret_cast<cmsghdr*>(controls[r]);
      control->cmsg_level = SOL_UDP;
      control->cmsg_type = UDP_SEGMENT;
      control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
      *reinterpret_cast<uint16_t*>(CMSG_DATA(control)) = static_cast<uint16_t>(parts[runs[r].from].iov_len);
    }
    int count = 0;
    for (int to = 0; to < kRecipients; to++)
      for (size_t r = 0; r < runs.size(); r++) {
        msghdr& message = messages[count++].msg_hdr;
        memset(&message, 0, sizeof message);
        Name(&message, m, to);
        message.msg_iov = &parts[runs[r].from];
        message.msg_iovlen = runs[r].count;
        if (runs[r].count > 1) {
          message.msg_control = controls[r];
          message.msg_controllen = sizeof controls[r];
        }
        if (m.how == How::kGso && sendmsg(fd, &message, MSG_DONTWAIT) < 0) failed++;
      }
    if (m.how == How::kMmsgGso)
      for (int at = 0; at < count;) {
        int sent = sendmmsg(fd, messages + at, std::min(count - at, 1024), MSG_DONTWAIT);
        if (sent <= 0) {
          failed++;
          sent = 1;
        }
        at += sent;
      }
  }

  double Measure(const Method& m) {
    double before = CpuUs();
    for (int done = 0; done < kDatagramsPerMeasurement; done += m.together) {
      Send(m);
      usleep(200);
    }
    return (CpuUs() - before) / (kDatagramsPerMeasurement / m.together * m.together) / kRecipients;
  }
};
}  // namespace

int main(int argc, char** argv) {
  const bool receiveOnly = argc > 1 && strcmp(argv[1], "receive") == 0;
  int rounds = argc > 1 ? atoi(argv[1]) : 9;
  Bench bench;
  memset(bench.bytes, 7, sizeof bench.bytes);
  std::vector<int> receivers;
  for (int i = 0; i < kRecipients; i++) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address = Plain(0);
    bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t length = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    receivers.push_back(fd);
    bench.plain.push_back(address);
    bench.mapped.push_back(Mapped(address.sin_port));
  }
  if (receiveOnly) {
    for (auto& address : bench.plain) printf("%d\n", ntohs(address.sin_port));
    printf("ready\n");
    fflush(stdout);
    Receive(receivers);
  }
  pid_t child = fork();
  if (child == 0) Receive(receivers);
  for (int fd : receivers) close(fd);
  bench.socket4 = socket(AF_INET, SOCK_DGRAM, 0);
  bench.socket6 = socket(AF_INET6, SOCK_DGRAM, 0);
  int no = 0, size = 4 << 20;
  setsockopt(bench.socket6, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  setsockopt(bench.socket4, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  setsockopt(bench.socket6, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  for (auto& address : bench.plain) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
    bench.connected.push_back(fd);
  }
  std::vector<Method> methods = {
      {"sendto, IPv4 socket", How::kSendTo, false, 1, false},
      {"sendto, dual-stack socket", How::kSendTo, true, 1, false},
      {"sendmmsg, IPv4 socket", How::kSendMmsg, false, 1, false},
      {"sendmmsg, dual-stack socket", How::kSendMmsg, true, 1, false},
      {"send, connected sockets", How::kConnected, false, 1, false},
  };
  for (bool dual : {false, true})
    for (int together : {2, 4, 8, 16})
      methods.push_back({"sendmmsg + UDP_SEGMENT, " + std::to_string(together) + " equal" + (dual ? ", dual" : ", IPv4"),
                         How::kMmsgGso, dual, together, false});
  for (int together : {2, 4, 8, 16})
    methods.push_back({"sendmmsg + UDP_SEGMENT, " + std::to_string(together) + " variable, dual", How::kMmsgGso, true, together, true});
  for (int together : {4, 16})
    methods.push_back({"sendmsg + UDP_SEGMENT, " + std::to_string(together) + " equal, dual", How::kGso, true, together, false});
  for (int together : {4, 16})
    methods.push_back({"sendmmsg, dual, bursts of " + std::to_string(together), How::kSendMmsg, true, together, false});
  std::vector<std::vector<double>> results(methods.size());
  for (int round = 0; round < rounds; round++)
    for (size_t i = 0; i < methods.size(); i++) {
      size_t at = (i + round) % methods.size();
      results[at].push_back(bench.Measure(methods[at]));
    }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  for (size_t i = 0; i < methods.size(); i++) {
    auto& values = results[i];
    std::sort(values.begin(), values.end());
    printf("%s\t%.3f\t%.3f\t%.3f\n", methods[i].name.c_str(), values[values.size() / 2], values.front(), values.back());
  }
  if (bench.failed > 0) fprintf(stderr, "%ld sends failed\n", bench.failed);
}
