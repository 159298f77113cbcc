// The second way to compute a layer: libtorch's own operations, for every device and for a TorchScript
// tracer.
//
// Each operation of native/layers asks has_kernels() of its input and is written twice: over our CPU kernels,
// and here or beside them in operations that keep no size of the batch: unflatten, flatten and -1.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <mutex>

#include "kernels/cpu/kernels.h"

namespace tagformer {

/// True when our kernels compute on `x`: rows on the CPU, `[rows, width]`, and neither is a trace under way
/// nor an AtenOperations alive.
bool has_kernels(const at::Tensor& x);

/// While it lives, this thread computes without our kernels wherever there is another way, as on a device.
class AtenOperations {
 public:
  AtenOperations();
  ~AtenOperations();
  AtenOperations(const AtenOperations&) = delete;
  AtenOperations& operator=(const AtenOperations&) = delete;

 private:
  bool outer_;
};

/// Share of the elements that `dropout` drops.
double rate(const cpu::Dropout& dropout);

/// Seeds the default generator of a device from the key of a dropout, for the operations that draw from it,
/// and keeps the threads of other models away from it meanwhile.
class SeededGenerator {
 public:
  SeededGenerator(c10::Device device, const cpu::Dropout& dropout);

 private:
  std::unique_lock<std::mutex> lock_;
};

/// While it lives, this thread draws all random numbers of a device from the default generator, seeded once,
/// for a step that is recorded: there, nothing can be seeded in between. Other models wait meanwhile.
class StepGenerator {
 public:
  StepGenerator(c10::Device device, std::uint64_t seed);
  ~StepGenerator();
  StepGenerator(const StepGenerator&) = delete;
  StepGenerator& operator=(const StepGenerator&) = delete;

 private:
  std::unique_lock<std::mutex> lock_;
};

/// dropout(x), with other random numbers than the kernels'; `x` itself when nothing is dropped.
at::Tensor aten_dropout(const at::Tensor& x, const cpu::Dropout& dropout);

}  // namespace tagformer
