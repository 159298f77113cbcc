// The processes that train one model together, its ranks: how they find each other, and what they exchange.
//
// All of it is PyTorch's own c10d: a store (TCPStore or FileStore) and a process group (Gloo). c10d has no
// authentication; docs/distributed.md says what follows from that.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tagformer {

/// Where a process stands among all, and where they meet.
struct GroupPlace {
  int rank;
  int size;
  /// A fresh file that all ranks of one machine share; empty: they meet at `host` and `port`.
  std::string file;
  std::string host;
  std::uint16_t port = 0;
  /// Whether this process serves the store; otherwise it is a client.
  bool serves = false;
  /// The address that this process listens on, and no other.
  std::string address;
  /// Network interfaces to listen on instead, with commas between them.
  std::string interfaces;
  /// How long to wait for other ranks.
  std::chrono::milliseconds timeout;
  /// What messages call this process besides its rank, such as "node-1, process 4711".
  std::string name;
};

/// What has been exchanged so far.
struct GroupStatistics {
  /// Bytes of tensors that were summed or sent to all.
  std::int64_t bytes = 0;
  double seconds = 0.0;
  /// Copies between a device and the CPU: one each way for every piece of 25 MiB or less.
  std::int64_t staged_copies = 0;
};

/// Every call but leave() is made by all ranks, in the same order, and waits for them. It throws DISTRIBUTED,
/// with a sentence that names the rank that is gone, as all later calls do; or Stopped.
class Group {
 public:
  virtual ~Group() = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;

  /// What all ranks said of themselves when they met, by rank. Compare it before connect(): Gloo ends the
  /// process when what two ranks send differs in size.
  [[nodiscard]] virtual const std::vector<std::string>& facts() const = 0;
  /// Connects each rank with each.
  virtual void connect() = 0;

  /// What this rank is about to do, for messages: "step 12".
  virtual void set_activity(const std::string& activity) = 0;
  /// Bytes of any number from each rank, by rank.
  virtual std::vector<std::string> exchange(const std::string& own) = 0;
  /// Numbers of each rank, `[count]` on the CPU and of one type; by rank, `[size, count]`.
  virtual at::Tensor gather(const at::Tensor& own) = 0;
  /// Replaces fp32 tensors, contiguous and on any device, by their sums over all ranks. `ordered` adds in the
  /// order of the ranks, so that the bits are those of one process; two ranks always have them.
  virtual void sum(const std::vector<at::Tensor>& tensors, bool ordered) = 0;
  /// From now on sum() leaves tensors of a GPU there, and NCCL sums them, except in order. Each rank has a
  /// GPU of its own.
  virtual void use_nccl() = 0;
  /// Replaces contiguous tensors by those of rank 0.
  virtual void broadcast(const std::vector<at::Tensor>& tensors) = 0;
  [[nodiscard]] virtual GroupStatistics statistics() const = 0;

  /// The end for this rank. An empty reason: it waits for all, and all end. Otherwise the others are told
  /// why, and fail. Never throws.
  virtual void leave(const std::string& reason) noexcept = 0;

 protected:
  Group() = default;
};

/// Meets the others, who each say `facts`, a line of text. Throws DISTRIBUTED: it names the ranks that have
/// not come.
std::shared_ptr<Group> meet(const GroupPlace& place, const std::string& facts);

}  // namespace tagformer
