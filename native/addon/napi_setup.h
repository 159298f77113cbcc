// The only place that includes napi.h: the defines below must come first, everywhere the same.
#pragma once

#define NAPI_VERSION 9
#define NAPI_CPP_EXCEPTIONS
// Every C++ exception in a callback becomes a JavaScript one; without it, one that is no Napi::Error ends the
// process.
#define NODE_ADDON_API_CPP_EXCEPTIONS_ALL
#define NODE_ADDON_API_DISABLE_DEPRECATED
#define NODE_ADDON_API_REQUIRE_BASIC_FINALIZERS
// Throwing into an environment that is shutting down must not abort the process.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
// Electron refuses external buffers; we always copy.
#define NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED

#include <napi.h>
