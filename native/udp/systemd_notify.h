// Tells the service manager how the program is doing.
#pragma once

#include <string>

namespace sidetone {

// Sends `text` as one datagram to the socket that NOTIFY_SOCKET names, as sd_notify(3) describes: a path, or '@' and an
// abstract name. 0, or an errno. Never waits.
int NotifySystemd(const std::string& socketName, const std::string& text);

}  // namespace sidetone
