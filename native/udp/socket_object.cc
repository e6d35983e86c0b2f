#include "socket_object.h"

#include <errno.h>
#include <uv.h>

#include <new>

#include "arguments.h"
#include "udp_socket.h"

namespace sidetone {

namespace {

// Tells objects of this class from others that wrap something.
constexpr napi_type_tag kTypeTag = {0x5d8f3a1c07e94b62u, 0x9c24e6b17fa8d035u};

constexpr const char* kCounterNames[] = {"received", "receiveCalls", "tooLong",    "kernelDrops", "receiveFailed", "sent",
                                         "packets",  "bufferFull",   "sendFailed", "icmpErrors",  "notTogether"};
constexpr size_t kCounters = sizeof kCounterNames / sizeof kCounterNames[0];

// One socket. The JavaScript object and libuv's handle hold it; whoever lets go last deletes it.
struct SocketObject {
  napi_env env = nullptr;
  UdpSocket socket;
  uv_poll_t poll;
  napi_async_context context = nullptr;
  napi_async_cleanup_hook_handle cleanup = nullptr;
  // While it is open: the object itself, so that an open socket is not collected; its memory; its handler.
  napi_ref self = nullptr;
  napi_ref shared = nullptr;
  napi_ref handler = nullptr;
  // Set while the handler runs: where the batch's datagrams are.
  uint8_t* batch = nullptr;
  uint32_t batchCount = 0;
  bool polling = false;
  int holders = 0;

  void LetGo() {
    if (--holders == 0) delete this;
  }
};

// `this` and the arguments of a method; null: an exception is pending. Missing arguments are undefined.
SocketObject* Unwrap(napi_env env, napi_callback_info info, napi_value* arguments, size_t count) {
  napi_value self;
  if (!Check(env, napi_get_cb_info(env, info, &count, arguments, &self, nullptr), "no call")) return nullptr;
  bool ours = false;
  if (napi_check_object_type_tag(env, self, &kTypeTag, &ours) != napi_ok || !ours) {
    napi_throw_type_error(env, "ERR_INVALID_THIS", "not a UdpSocket");
    return nullptr;
  }
  void* object = nullptr;
  if (!Check(env, napi_unwrap(env, self, &object), "not a UdpSocket")) return nullptr;
  return static_cast<SocketObject*>(object);
}

// The memory shared with JavaScript, or null where JavaScript has given it away.
uint8_t* SharedMemory(SocketObject* object) {
  napi_value buffer;
  bool detached = false;
  void* data = nullptr;
  size_t bytes = 0;
  if (object->shared == nullptr || napi_get_reference_value(object->env, object->shared, &buffer) != napi_ok ||
      buffer == nullptr || napi_is_detached_arraybuffer(object->env, buffer, &detached) != napi_ok || detached ||
      napi_get_arraybuffer_info(object->env, buffer, &data, &bytes) != napi_ok || bytes != kSharedBytes)
    return nullptr;
  return static_cast<uint8_t*>(data);
}

// Ends it for the kernel and for libuv; the JavaScript side is not touched.
void Shut(SocketObject* object) {
  if (!object->polling) return;
  object->polling = false;
  uv_poll_stop(&object->poll);
  object->socket.Close();
  uv_close(reinterpret_cast<uv_handle_t*>(&object->poll), [](uv_handle_t* handle) {
    SocketObject* closed = static_cast<SocketObject*>(handle->data);
    if (closed->cleanup != nullptr) napi_remove_async_cleanup_hook(closed->cleanup);
    closed->cleanup = nullptr;
    closed->LetGo();
  });
}

// Lets go of all that is JavaScript's.
void ReleaseReferences(SocketObject* object) {
  for (napi_ref* reference : {&object->handler, &object->shared, &object->self}) {
    if (*reference != nullptr) napi_delete_reference(object->env, *reference);
    *reference = nullptr;
  }
  if (object->context != nullptr && object->batch == nullptr) {
    napi_async_destroy(object->env, object->context);
    object->context = nullptr;
  }
}

// Closes it from JavaScript.
void CloseObject(SocketObject* object) {
  if (!object->polling) return;
  Shut(object);
  ReleaseReferences(object);
}

// Reports what a handler threw as Node does for its own callbacks.
void ReportException(napi_env env) {
  bool pending = false;
  napi_value exception;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) napi_fatal_exception(env, exception);
}

void CallHandler(SocketObject* object, uint8_t* shared, uint32_t count) {
  napi_env env = object->env;
  napi_value handler, self, argument;
  if (napi_get_reference_value(env, object->handler, &handler) != napi_ok ||
      napi_get_reference_value(env, object->self, &self) != napi_ok ||
      napi_create_uint32(env, count, &argument) != napi_ok)
    return;
  object->holders++;
  object->batch = shared;
  object->batchCount = count;
  const napi_status status = napi_make_callback(env, object->context, self, handler, 1, &argument, nullptr);
  if (status != napi_ok) ReportException(env);
  object->batch = nullptr;
  object->batchCount = 0;
  if (object->polling) {
    // Given away by the handler, the bytes that wait may be anywhere.
    if (SharedMemory(object) == shared)
      object->socket.Flush();
    else
      object->socket.Forget();
  } else if (object->context != nullptr) {
    napi_async_destroy(env, object->context);
    object->context = nullptr;
  }
  object->LetGo();
}

void OnPoll(uv_poll_t* poll, int status, int events) {
  SocketObject* object = static_cast<SocketObject*>(poll->data);
  napi_handle_scope scope;
  if (napi_open_handle_scope(object->env, &scope) != napi_ok) return;
  if (status < 0 || (events & UV_PRIORITIZED) != 0) object->socket.TakeErrors();
  // libuv stops a poll that reports an error.
  if (status < 0) uv_poll_start(poll, UV_READABLE | UV_PRIORITIZED, OnPoll);
  uint8_t* shared = SharedMemory(object);
  if (shared == nullptr) {
    // Nobody can be told anything any more.
    CloseObject(object);
  } else {
    const uint32_t count = object->socket.Receive(shared);
    if (count > 0) CallHandler(object, shared, count);
  }
  napi_close_handle_scope(object->env, scope);
}

// The environment ends (a worker is terminated, the program exits) while the socket is open.
void OnCleanup(napi_async_cleanup_hook_handle hook, void* data) { Shut(static_cast<SocketObject*>(data)); }

bool Watch(SocketObject* object, napi_value self) {
  napi_env env = object->env;
  uv_loop_t* loop = nullptr;
  napi_value name, buffer;
  void* data = nullptr;
  if (!Check(env, napi_get_uv_event_loop(env, &loop), "loop") ||
      !Check(env, napi_create_string_utf8(env, "SidetoneUdpSocket", NAPI_AUTO_LENGTH, &name), "name") ||
      !Check(env, napi_create_arraybuffer(env, kSharedBytes, &data, &buffer), "buffer") ||
      !Check(env, napi_create_reference(env, buffer, 1, &object->shared), "buffer") ||
      !Check(env, napi_async_init(env, self, name, &object->context), "context"))
    return false;
  const int error = uv_poll_init(loop, &object->poll, object->socket.Fd());
  if (error != 0) {
    ThrowErrno(env, -error, "uv_poll_init");
    return false;
  }
  object->poll.data = object;
  object->polling = true;
  object->holders++;
  if (!Check(env, napi_create_reference(env, self, 1, &object->self), "self") ||
      !Check(env, napi_add_async_cleanup_hook(env, OnCleanup, object, &object->cleanup), "cleanup"))
    return false;
  return true;
}

// new UdpSocket({ port, ipv6, senderThreads, receiveBufferBytes, sendBufferBytes, together })
napi_value Construct(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, self, target;
  if (!Check(env, napi_get_cb_info(env, info, &count, &argument, &self, nullptr), "no call") ||
      !Check(env, napi_get_new_target(env, info, &target), "no call"))
    return nullptr;
  if (target == nullptr) {
    napi_throw_type_error(env, "ERR_CONSTRUCT_CALL_REQUIRED", "UdpSocket is called with new");
    return nullptr;
  }
  SocketOptions options;
  if (!ReadOptions(env, argument, &options)) return nullptr;
  SocketObject* object = new (std::nothrow) SocketObject();
  if (object == nullptr) {
    ThrowErrno(env, ENOMEM, "UdpSocket");
    return nullptr;
  }
  object->env = env;
  object->holders = 1;
  const int error = object->socket.Open(options);
  if (error != 0) {
    ThrowErrno(env, error, "bind");
    object->LetGo();
    return nullptr;
  }
  const auto finalize = [](napi_env, void* data, void*) { static_cast<SocketObject*>(data)->LetGo(); };
  if (!Check(env, napi_type_tag_object(env, self, &kTypeTag), "self") ||
      !Check(env, napi_wrap(env, self, object, finalize, nullptr, nullptr), "self")) {
    object->LetGo();
    return nullptr;
  }
  if (Watch(object, self)) return self;
  CloseObject(object);
  ReleaseReferences(object);
  object->socket.Close();
  return nullptr;
}

// start(handler: (count) => void)
napi_value Start(napi_env env, napi_callback_info info) {
  napi_value handler;
  SocketObject* object = Unwrap(env, info, &handler, 1);
  if (object == nullptr) return nullptr;
  napi_valuetype type;
  if (!Check(env, napi_typeof(env, handler, &type), "handler")) return nullptr;
  if (type != napi_function) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "handler");
  } else if (!object->polling || object->handler != nullptr) {
    napi_throw_error(env, "ERR_SOCKET_STATE", "the socket is closed or started already");
  } else if (Check(env, napi_create_reference(env, handler, 1, &object->handler), "handler")) {
    const int error = uv_poll_start(&object->poll, UV_READABLE | UV_PRIORITIZED, OnPoll);
    if (error != 0) ThrowErrno(env, -error, "uv_poll_start");
  }
  return nullptr;
}

// fanOut(bytes, lengthBytes, addresses, count, skip). A closed socket sends nothing.
napi_value FanOut(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  SocketObject* object = Unwrap(env, info, arguments, 5);
  if (object == nullptr) return nullptr;
  uint8_t *bytes, *addresses;
  size_t bytesLength, addressesLength;
  int64_t length, count, skip;
  if (!GetBytes(env, arguments[0], &bytes, &bytesLength, "bytes") ||
      !GetBytes(env, arguments[2], &addresses, &addressesLength, "addresses") ||
      !GetInteger(env, arguments[1], 0, kMaxDatagramBytes, &length, "lengthBytes") ||
      !GetInteger(env, arguments[3], 0, INT32_MAX, &count, "count") ||
      !GetInteger(env, arguments[4], -1, INT32_MAX, &skip, "skip"))
    return nullptr;
  if (static_cast<size_t>(length) > bytesLength || static_cast<size_t>(count) > addressesLength / kAddressBytes ||
      (skip >= count && count > 0)) {
    ThrowRange(env, "lengthBytes, count or skip");
    return nullptr;
  }
  if (!object->polling || count == 0) return nullptr;
  const uint8_t* source = nullptr;
  bool ofBatch = false;
  if (object->batch != nullptr && bytes >= object->batch && bytes < object->batch + object->batchCount * kSlotBytes) {
    const size_t slot = static_cast<size_t>(bytes - object->batch) / kSlotBytes;
    source = object->batch + kSourcesOffset + slot * kAddressBytes;
    ofBatch = true;
  }
  // Within a batch everything waits for its end, so that what goes to one recipient goes together.
  const bool inBatch = object->batch != nullptr;
  object->socket.FanOut(bytes, static_cast<uint32_t>(length), inBatch && !ofBatch, source, addresses,
                        static_cast<uint32_t>(count), static_cast<int32_t>(skip));
  if (!inBatch) object->socket.Flush();
  return nullptr;
}

// readCounters(into: Float64Array), in the order of COUNTERS.
napi_value ReadCounters(napi_env env, napi_callback_info info) {
  napi_value into;
  SocketObject* object = Unwrap(env, info, &into, 1);
  if (object == nullptr) return nullptr;
  bool isArray = false;
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (!Check(env, napi_is_typedarray(env, into, &isArray), "into")) return nullptr;
  if (!isArray || napi_get_typedarray_info(env, into, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_float64_array || length < kCounters || data == nullptr) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "into");
    return nullptr;
  }
  const ReceiveCounters& received = object->socket.Received();
  const SendCounters& sent = object->socket.Sent();
  const uint64_t values[kCounters] = {received.received, received.calls, received.tooLong, received.kernelDrops,
                                      received.failed,   sent.sent,      sent.packets,     sent.bufferFull,
                                      sent.failed,       sent.icmpErrors, sent.notTogether};
  for (size_t i = 0; i < kCounters; i++) static_cast<double*>(data)[i] = static_cast<double>(values[i]);
  return nullptr;
}

// close(). What waits to be sent is sent before. The port is free at once.
napi_value Close(napi_env env, napi_callback_info info) {
  SocketObject* object = Unwrap(env, info, nullptr, 0);
  if (object == nullptr || !object->polling) return nullptr;
  if (object->batch == nullptr || SharedMemory(object) == object->batch) object->socket.Flush();
  CloseObject(object);
  return nullptr;
}

napi_value GetPort(napi_env env, napi_callback_info info) {
  napi_value port = nullptr;
  SocketObject* object = Unwrap(env, info, nullptr, 0);
  if (object != nullptr) napi_create_uint32(env, object->socket.Port(), &port);
  return port;
}

// The memory shared with JavaScript; null once it is closed.
napi_value GetShared(napi_env env, napi_callback_info info) {
  napi_value buffer = nullptr;
  SocketObject* object = Unwrap(env, info, nullptr, 0);
  if (object == nullptr) return nullptr;
  if (object->shared == nullptr)
    napi_get_null(env, &buffer);
  else
    napi_get_reference_value(env, object->shared, &buffer);
  return buffer;
}

}  // namespace

napi_value DefineSocketClass(napi_env env) {
  const auto method = [](const char* name, napi_callback call) {
    return napi_property_descriptor{name, nullptr, call, nullptr, nullptr, nullptr, napi_default_method, nullptr};
  };
  const auto getter = [](const char* name, napi_callback call) {
    return napi_property_descriptor{name, nullptr, nullptr, call, nullptr, nullptr, napi_default, nullptr};
  };
  const napi_property_descriptor properties[] = {
      method("start", Start), method("fanOut", FanOut),  method("readCounters", ReadCounters),
      method("close", Close), getter("port", GetPort), getter("shared", GetShared),
  };
  napi_value result = nullptr;
  Check(env,
        napi_define_class(env, "UdpSocket", NAPI_AUTO_LENGTH, Construct, nullptr,
                          sizeof properties / sizeof properties[0], properties, &result),
        "UdpSocket");
  return result;
}

napi_value CounterNames(napi_env env) {
  napi_value names = nullptr;
  if (!Check(env, napi_create_array_with_length(env, kCounters, &names), "names")) return nullptr;
  for (size_t i = 0; i < kCounters; i++) {
    napi_value name;
    if (!Check(env, napi_create_string_utf8(env, kCounterNames[i], NAPI_AUTO_LENGTH, &name), "name") ||
        !Check(env, napi_set_element(env, names, static_cast<uint32_t>(i), name), "name"))
      return nullptr;
  }
  return names;
}

}  // namespace sidetone
