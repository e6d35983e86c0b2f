// Sidetone's native addon: batched UDP for the relay, and a word to the service manager. Node-API and libuv alone.
#include <node_api.h>

#include <string>

#include "arguments.h"
#include "socket_object.h"
#include "systemd_notify.h"
#include "udp_socket.h"

namespace {

// More than any path of a socket, and than a message to the service manager has.
constexpr size_t kMaxTextBytes = 4096;

bool GetText(napi_env env, napi_value value, std::string* text) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "text");
    return false;
  }
  if (length > kMaxTextBytes) {
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "text");
    return false;
  }
  text->resize(length + 1);
  if (napi_get_value_string_utf8(env, value, text->data(), length + 1, &length) != napi_ok) return false;
  text->resize(length);
  return true;
}

// notifySystemd(socketName, text)
napi_value NotifySystemd(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  std::string name, text;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok) return nullptr;
  if (!GetText(env, arguments[0], &name) || !GetText(env, arguments[1], &text)) return nullptr;
  const int error = sidetone::NotifySystemd(name, text);
  if (error != 0) sidetone::ThrowErrno(env, error, "notifySystemd");
  return nullptr;
}

bool SetNumber(napi_env env, napi_value exports, const char* name, size_t number) {
  napi_value value;
  return napi_create_uint32(env, static_cast<uint32_t>(number), &value) == napi_ok &&
         napi_set_named_property(env, exports, name, value) == napi_ok;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value notify;
  const napi_value socketClass = sidetone::DefineSocketClass(env);
  const napi_value names = sidetone::CounterNames(env);
  if (socketClass == nullptr || names == nullptr ||
      napi_set_named_property(env, exports, "UdpSocket", socketClass) != napi_ok ||
      napi_set_named_property(env, exports, "COUNTERS", names) != napi_ok ||
      napi_create_function(env, "notifySystemd", NAPI_AUTO_LENGTH, NotifySystemd, nullptr, &notify) != napi_ok ||
      napi_set_named_property(env, exports, "notifySystemd", notify) != napi_ok ||
      !SetNumber(env, exports, "SLOTS", sidetone::kSlots) ||
      !SetNumber(env, exports, "SLOT_BYTES", sidetone::kSlotBytes) ||
      !SetNumber(env, exports, "SOURCES_OFFSET", sidetone::kSourcesOffset) ||
      !SetNumber(env, exports, "LENGTHS_OFFSET", sidetone::kLengthsOffset))
    return nullptr;
  return exports;
}
