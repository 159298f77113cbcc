// The add-on's entry: what JavaScript sees of it.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>

#include "addon/convert.h"
#include "addon/files.h"
#include "addon/group_object.h"
#include "addon/napi_setup.h"
#include "addon/session.h"
#include "kernels/cpu/kernels.h"
#include "models/torchscript.h"
#include "runtime/cuda_library.h"
#include "runtime/device.h"
#include "runtime/process_limits.h"

namespace tagformer::addon {
namespace {

/// Proves that libtorch and the kernels work here; setup calls it in a child process before it trusts a
/// build.
Napi::Value self_test(const Napi::CallbackInfo& info) {
  const at::Tensor ones = at::ones({2, 2});
  const auto product = at::matmul(ones, ones).sum().item<double>();
  if (product != 8.0) throw std::runtime_error("libtorch gives wrong results on this processor");
  auto result = Napi::Object::New(info.Env());
  result.Set("version", TAGFORMER_VERSION);
  result.Set("torchVersion", TAGFORMER_TORCH_VERSION);
  result.Set("kernels", cpu::kernels().name);
  result.Set("cpuCapability", at::get_cpu_capability());
  return result;
}

/// tryTorchScript(file, config, processorSeconds) -> { outputs }, with this process's limits lowered for
/// good: for a child process.
Napi::Value try_torchscript(const Napi::CallbackInfo& info) {
  const std::string file = info[0].As<Napi::String>().Utf8Value();
  Json config = to_json(info[1]);
  limit_process(file, info[2].As<Napi::Number>().Uint32Value());
  at::set_num_threads(1);
  const auto model = make_torchscript(file, std::get<Json::Object>(std::move(config.value)),
                                      Precision::kFloat32, c10::Device(c10::kCPU));
  auto result = Napi::Object::New(info.Env());
  result.Set("outputs", static_cast<double>(model->outputs()));
  return result;
}

/// The state of CUDA here; doctor and setup ask in a child process, because it opens libtorch's CUDA library.
Napi::Value inspect_cuda(const Napi::CallbackInfo& info) {
  const CudaDriver& driver = cuda_driver();
  const CudaLibrary& library = open_cuda_library();
  const OwnCudaLibrary& own = open_own_cuda_library();
  const auto gpus = Napi::Array::New(info.Env(), driver.gpus.size());
  for (std::uint32_t i = 0; i < driver.gpus.size(); ++i) gpus.Set(i, driver.gpus[i]);
  auto result = Napi::Object::New(info.Env());
  result.Set("driverVersion", driver.version);
  result.Set("driverProblem", driver.problem);
  result.Set("gpus", gpus);
  result.Set("library", library.file);
  result.Set("libraryProblem", library.problem);
  result.Set("ownLibrary", own.file);
  result.Set("ownLibraryProblem", own.problem);
  return result;
}

/// How many GPUs the driver has; 0 where there is none.
Napi::Value count_gpus(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(cuda_driver().gpus.size()));
}

/// Ends all native work of this environment; src/native/addon.ts calls it when the process exits, because
/// Node runs no clean-up hooks then.
void stop_all(const Napi::CallbackInfo& info) { Environment::of(info.Env())->stop_all(); }

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  Environment::create(env);
  exports.Set("Session", Session::define(env));
  exports.Set("Group", GroupObject::define(env));
  exports.Set("selfTest", Napi::Function::New<self_test>(env, "selfTest"));
  exports.Set("tryTorchScript", Napi::Function::New<try_torchscript>(env, "tryTorchScript"));
  exports.Set("kernels", cpu::kernels().name);
  exports.Set("cpuCapability", at::get_cpu_capability());
  exports.Set("torchVersion", TAGFORMER_TORCH_VERSION);
  exports.Set("inspectCuda", Napi::Function::New<inspect_cuda>(env, "inspectCuda"));
  exports.Set("countGpus", Napi::Function::New<count_gpus>(env, "countGpus"));
  exports.Set("stopAll", Napi::Function::New<stop_all>(env, "stopAll"));
  exports.Set("lockFile", Napi::Function::New<lock_file>(env, "lockFile"));
  exports.Set("exchangePaths", Napi::Function::New<exchange_paths>(env, "exchangePaths"));
  return exports;
}

}  // namespace
}  // namespace tagformer::addon

namespace {

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  return tagformer::addon::initialise(env, exports);
}

}  // namespace

NODE_API_MODULE(tagformer, initialise)
