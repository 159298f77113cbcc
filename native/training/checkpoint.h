// The tensors of a training in a file: written while it goes on, and read back.
#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "distributed/group.h"
#include "models/model.h"
#include "training/adamw.h"
#include "weights/safetensors.h"

namespace tagformer {

/// Numbers in fp32, or bytes, on the CPU that belong under a name.
struct NamedTensor {
  std::string name;
  at::Tensor values;
};

/// Everything that a training goes on from: weights and moments, part by part, and the model's buffers, on
/// the CPU. Where weights and moments are there already the tensors are the training's own, not copies.
std::vector<NamedTensor> checkpoint_tensors(const Model& model, const std::vector<Moments>& moments);

/// Puts the weights and buffers of a checkpoint into `model` and returns its moments, which are like those of
/// `present`. Throws INVALID_MODEL, naming them, where tensors are missing, left over or of other shapes; IO.
std::vector<Moments> read_checkpoint(const std::vector<TensorSource>& sources, Model& model,
                                     const std::vector<Moments>& present);

/// Gives all ranks the weights, buffers and moments of rank 0, in place; returns the moments.
std::vector<Moments> share_checkpoint(Group& group, Model& model, std::vector<Moments> moments);

/// Writes tensors to a safetensors file on a thread of its own.
///
/// Weights and moments stay as they are for most of a training step, until its update. They are read where
/// they are, and only what is not written by then is copied: a checkpoint takes no memory where the disk
/// keeps up, and training never waits for the disk.
class CheckpointWriter {
 public:
  /// Told how the writing ended, on its thread: null when all bytes are on the disk.
  using Done = std::function<void(std::exception_ptr)>;

  CheckpointWriter(std::vector<NamedTensor> tensors, std::string file, Done done);
  /// Stops writing, and waits for the thread.
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// Copies what is not written; before anything changes the tensors. Where memory is short the writing
  /// fails, and the training goes on.
  void detach();
  /// Whether the writing is over.
  [[nodiscard]] bool done() const { return done_; }

 private:
  struct Piece {
    at::Tensor owner;
    const char* from;
    std::int64_t count;
  };

  void run(const std::string& file, const Done& done);
  void write(const std::string& file);
  /// Takes the next bytes; false when there are no more.
  bool take(std::vector<char>& block);
  static Piece copy_of(const Piece& piece);

  std::string header_;
  std::mutex mutex_;
  /// What is not written yet.
  std::deque<Piece> rest_;
  bool detached_ = false;
  std::exception_ptr failure_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

}  // namespace tagformer
