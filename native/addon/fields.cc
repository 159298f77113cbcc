#include "addon/fields.h"

namespace tagformer::addon {

void refuse(const Napi::Env& env, const std::string& field, const std::string& expected) {
  throw Napi::TypeError::New(env, "native call: expected " + expected + " for " + field);
}

double number(const Napi::Object& object, const char* field) {
  const Napi::Value value = object.Get(field);
  if (!value.IsNumber()) refuse(object.Env(), field, "a number");
  return value.As<Napi::Number>().DoubleValue();
}

bool boolean(const Napi::Object& object, const char* field) {
  const Napi::Value value = object.Get(field);
  if (!value.IsBoolean()) refuse(object.Env(), field, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

bool has(const Napi::Object& object, const char* field) { return !object.Get(field).IsUndefined(); }

bool flag(const Napi::Object& object, const char* field) {
  return has(object, field) && boolean(object, field);
}

std::string text(const Napi::Object& object, const char* field) {
  const Napi::Value value = object.Get(field);
  if (!value.IsString()) refuse(object.Env(), field, "a string");
  return value.As<Napi::String>().Utf8Value();
}

}  // namespace tagformer::addon
