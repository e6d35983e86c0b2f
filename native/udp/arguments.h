// What JavaScript passes, checked. Where a function returns false, an exception is pending.
#pragma once

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

#include "udp_socket.h"

namespace sidetone {

// Throws a JavaScript Error whose `code` names the errno (EADDRINUSE).
void ThrowErrno(napi_env env, int error, const char* what);
void ThrowRange(napi_env env, const char* what);

// Whether a call succeeded; else throws a TypeError, unless it threw already.
bool Check(napi_env env, napi_status status, const char* what);

// The bytes of a Uint8Array. A detached one has none.
bool GetBytes(napi_env env, napi_value value, uint8_t** bytes, size_t* length, const char* what);

// A whole number in a range.
bool GetInteger(napi_env env, napi_value value, int64_t least, int64_t most, int64_t* result, const char* what);

// { port, ipv6, senderThreads, receiveBufferBytes, sendBufferBytes, together }
bool ReadOptions(napi_env env, napi_value value, SocketOptions* options);

}  // namespace sidetone
