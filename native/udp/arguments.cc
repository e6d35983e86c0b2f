#include "arguments.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "sender_threads.h"

namespace sidetone {

namespace {

// Buffers the kernel is asked for at most, in bytes.
constexpr int64_t kMaxBufferBytes = 64 << 20;

}  // namespace

void ThrowErrno(napi_env env, int error, const char* what) {
  char text[128];
  snprintf(text, sizeof text, "%s: %s", what, strerror(error));
  napi_throw_error(env, uv_err_name(uv_translate_sys_error(error)), text);
}

bool Check(napi_env env, napi_status status, const char* what) {
  if (status == napi_ok) return true;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", what);
  return false;
}

void ThrowRange(napi_env env, const char* what) { napi_throw_range_error(env, "ERR_OUT_OF_RANGE", what); }

bool GetBytes(napi_env env, napi_value value, uint8_t** bytes, size_t* length, const char* what) {
  bool isArray = false;
  napi_typedarray_type type;
  void* data = nullptr;
  if (!Check(env, napi_is_typedarray(env, value, &isArray), what)) return false;
  if (isArray && napi_get_typedarray_info(env, value, &type, length, &data, nullptr, nullptr) == napi_ok &&
      type == napi_uint8_array) {
    *bytes = static_cast<uint8_t*>(data);
    if (data == nullptr) *length = 0;
    return true;
  }
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", what);
  return false;
}

bool GetInteger(napi_env env, napi_value value, int64_t least, int64_t most, int64_t* result, const char* what) {
  double number = 0;
  if (!Check(env, napi_get_value_double(env, value, &number), what)) return false;
  if (number >= static_cast<double>(least) && number <= static_cast<double>(most)) {
    *result = static_cast<int64_t>(number);
    if (static_cast<double>(*result) == number) return true;
  }
  ThrowRange(env, what);
  return false;
}

namespace {

bool GetOption(napi_env env, napi_value options, const char* name, int64_t most, int64_t* result) {
  napi_value value;
  return Check(env, napi_get_named_property(env, options, name, &value), name) &&
         GetInteger(env, value, 0, most, result, name);
}

bool GetFlag(napi_env env, napi_value options, const char* name, bool* result) {
  napi_value value;
  return Check(env, napi_get_named_property(env, options, name, &value), name) &&
         Check(env, napi_get_value_bool(env, value, result), name);
}

}  // namespace

bool ReadOptions(napi_env env, napi_value value, SocketOptions* options) {
  int64_t port, threads, receiveBytes, sendBytes;
  napi_valuetype type;
  if (!Check(env, napi_typeof(env, value, &type), "options")) return false;
  if (type != napi_object) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "options");
    return false;
  }
  if (!GetOption(env, value, "port", UINT16_MAX, &port) ||
      !GetOption(env, value, "senderThreads", kMaxSenderThreads, &threads) ||
      !GetOption(env, value, "receiveBufferBytes", kMaxBufferBytes, &receiveBytes) ||
      !GetOption(env, value, "sendBufferBytes", kMaxBufferBytes, &sendBytes) ||
      !GetFlag(env, value, "ipv6", &options->ipv6) || !GetFlag(env, value, "together", &options->together))
    return false;
  options->port = static_cast<uint16_t>(port);
  options->senderThreads = static_cast<uint32_t>(threads);
  options->receiveBufferBytes = static_cast<int>(receiveBytes);
  options->sendBufferBytes = static_cast<int>(sendBytes);
  return true;
}

}  // namespace sidetone
