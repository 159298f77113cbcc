// The ranks at c10d's store: who is there, who has left, and why.
#pragma once

#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

#include "distributed/group.h"

namespace tagformer {

/// Every call waits for the store, and cannot be ended; see leaving_behind().
class Meeting {
 public:
  explicit Meeting(GroupPlace place) : place_(std::move(place)) {}

  /// Opens the store, and waits until all ranks are there, who each say `facts`. Throws DISTRIBUTED.
  void begin(const std::string& facts);

  [[nodiscard]] const GroupPlace& place() const { return place_; }
  /// By rank.
  [[nodiscard]] const std::vector<std::string>& facts() const { return facts_; }
  /// Of this meeting alone: the store may be that of an earlier attempt too.
  [[nodiscard]] const c10::intrusive_ptr<c10d::Store>& store() const { return store_; }

  /// Whether a rank has left before its time, or has lost another.
  [[nodiscard]] bool has_alarm() const { return is_said("alarm"); }
  /// A sentence about a failure during `activity` of which the library says `problem`. All ranks are asked
  /// whether they are there.
  [[nodiscard]] std::string explain(const std::string& activity, const std::string& problem) const;
  /// Tells the others why this rank ends.
  void say_farewell(const std::string& reason) const;
  /// Who serves the store stays until the others, but for those `lost`, know why the ranks end.
  void linger(const std::vector<int>& lost) const;
  /// "rank 1 of 2 (node-1, process 4711)"
  [[nodiscard]] std::string called(int rank) const;

 private:
  void open();
  void introduce(const std::string& facts);
  /// The name of this attempt, once all are there; `own` is what this rank says.
  std::string meet_as_host(const std::string& own);
  std::string meet_as_guest(const std::string& own);
  /// Whether the store counts who comes: one in a file may be that of an earlier attempt.
  [[nodiscard]] bool keeps_count() const { return place_.file.empty(); }
  /// ", but 2 processes came as rank 1 ..."; nothing where each came once.
  [[nodiscard]] std::string crowded_ranks() const;
  [[nodiscard]] std::vector<int> silent_ranks() const;
  [[nodiscard]] std::string farewell_of_another() const;

  [[nodiscard]] bool is_said(const std::string& key) const { return store_->check({key}); }
  [[nodiscard]] std::string said(const std::string& key) const;
  void say(const std::string& key, const std::string& value) const;

  GroupPlace place_;
  c10::intrusive_ptr<c10d::Store> store_;
  std::vector<std::string> names_;
  std::vector<std::string> facts_;
};

/// The message of an error of c10d or Gloo, on one line and without what they write around it.
std::string message_of(const std::exception& error);

}  // namespace tagformer
