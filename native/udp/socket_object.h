// The JavaScript class UdpSocket.
#pragma once

#include <node_api.h>

namespace sidetone {

// Throws a JavaScript Error whose `code` names the errno (EADDRINUSE).
void ThrowErrno(napi_env env, int error, const char* what);

// The class; null: an exception is pending.
napi_value DefineSocketClass(napi_env env);

// Names of what `readCounters` writes, in its order.
napi_value CounterNames(napi_env env);

}  // namespace sidetone
