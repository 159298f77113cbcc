// Where the numbers of a model's parameters come from: ranges of files, or random numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cpu/kernels.h"
#include "weights/file.h"
#include "weights/parameters.h"
#include "weights/safetensors.h"

namespace tagformer {

class WeightReader {
 public:
  /// `deviation` is the standard deviation of normal initialisation.
  WeightReader(double deviation, std::uint64_t seed) : deviation_(deviation), seed_(seed) {}

  /// Opens the file of a tensor that holds this part. Throws IO.
  void add(const Parameter::Part& part, const TensorSource& source);

  /// Fills all parameters: their masters, or only the bf16 copies where there are no masters. A part without
  /// a file is initialised. A parameter becomes the bytes of its file, mapped, where it is stored in fp32 and
  /// the file is read-only. Throws INVALID_MODEL or IO.
  void load(const ParameterSet& parameters, const Conversion& conversion) const;

  /// Fills the master of one parameter with the numbers that load() found. Throws IO where a file was
  /// changed.
  void reread(const Parameter& parameter, float* master) const;

 private:
  class Rows;

  struct Tensor {
    TensorSource source;
    std::shared_ptr<File> file;
  };
  /// A tensor, and where its numbers go; to neither when they are only checked.
  struct Reading {
    const Tensor* tensor;
    std::int64_t count;
    float* master;
    cpu::bf16* copy;
  };

  [[nodiscard]] bool from_files(const Parameter& parameter) const;
  [[nodiscard]] bool can_map(const Parameter& parameter) const;
  void map(Parameter& parameter) const;
  /// Initialises the parts that no file holds, and adds the others to `readings`.
  void fill(const Parameter& parameter, float* master, cpu::bf16* copy, std::vector<Reading>& readings) const;
  static void read_all(const std::vector<Reading>& readings);
  /// Of a parameter whose parts are all in files.
  template <typename T>
  void read_rows(const Parameter& parameter, std::int64_t first, std::int64_t count, T* to) const;
  void check_unchanged() const;

  double deviation_;
  std::uint64_t seed_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::map<const Parameter::Part*, Tensor> tensors_;
};

}  // namespace tagformer
