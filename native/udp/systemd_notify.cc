#include "systemd_notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace sidetone {

int NotifySystemd(const std::string& socketName, const std::string& text) {
  sockaddr_un address{};
  if (socketName.size() < 2 || (socketName[0] != '/' && socketName[0] != '@')) return EINVAL;
  // A path ends with a zero; an abstract name needs none.
  if (socketName.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, socketName.data(), socketName.size());
  size_t bytes = offsetof(sockaddr_un, sun_path) + socketName.size();
  if (socketName[0] == '@')
    address.sun_path[0] = '\0';
  else
    bytes += 1;
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const ssize_t sent = sendto(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                              reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(bytes));
  const int error = sent < 0 ? errno : 0;
  close(fd);
  return error;
}

}  // namespace sidetone
