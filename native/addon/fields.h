#pragma once

#include <napi.h>

#include <string>

namespace tagformer::addon {

/// Throws a TypeError that tells which field of a native call was expected to be what.
[[noreturn]] void refuse(const Napi::Env& env, const std::string& field, const std::string& expected);

bool has(const Napi::Object& object, const char* field);

/// A field that must be there; refused when it is of another type.
double number(const Napi::Object& object, const char* field);
bool boolean(const Napi::Object& object, const char* field);
std::string text(const Napi::Object& object, const char* field);

/// A boolean that may be absent, which means false.
bool flag(const Napi::Object& object, const char* field);

}  // namespace tagformer::addon
