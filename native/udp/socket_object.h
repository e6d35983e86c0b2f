// The JavaScript class UdpSocket.
#pragma once

#include <node_api.h>

namespace sidetone {

// The class; null: an exception is pending.
napi_value DefineSocketClass(napi_env env);

// Names of what `readCounters` writes, in its order.
napi_value CounterNames(napi_env env);

}  // namespace sidetone
