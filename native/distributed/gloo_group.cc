// Over Gloo: the only source that needs its names.
#ifdef TAGFORMER_GLOO
#define USE_C10D_GLOO
#include <c10/util/Logging.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <utility>

#include "distributed/meeting.h"
#include "distributed/patience.h"
#include "distributed/pieces.h"
#endif

#include "distributed/group.h"
#include "runtime/cuda_library.h"
#include "runtime/error.h"

#ifndef TAGFORMER_GLOO

namespace tagformer {

std::shared_ptr<Group> meet(const GroupPlace&, const std::string&) {
  throw Error("DISTRIBUTED",
              "this add-on was built without c10d, whose headers in libtorch " TAGFORMER_TORCH_VERSION
              " are unlike those that are known; build it with another: npx tagformer setup --torch 2.13.0");
}

}  // namespace tagformer

#else

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

namespace tagformer {
namespace {

/// How often a rank that waits asks whether another has left.
constexpr Milliseconds kListenEvery(500);
/// How long a store has to answer; one whose process was stopped never does.
constexpr Milliseconds kStoreAnswers(3000);
constexpr Milliseconds kExplained(12'000);
constexpr Milliseconds kUnlimited(std::chrono::hours(24 * 365));

using Device = std::shared_ptr<gloo::transport::Device>;
using Collective = c10::intrusive_ptr<c10d::Work>;

/// c10d writes warnings and stack traces to standard error, which our messages replace.
void silence() {
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = 3;
}

std::vector<Device> devices_of(const GroupPlace& place) {
  std::vector<Device> devices;
  std::istringstream names(place.interfaces);
  for (std::string name; std::getline(names, name, ',');) {
    devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(name));
  }
  if (devices.empty()) devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(place.address));
  return devices;
}

class GlooGroup final : public Group {
 public:
  explicit GlooGroup(std::shared_ptr<Meeting> meeting) : meeting_(std::move(meeting)) {}
  ~GlooGroup() override {
    if (!has_ended_) leave_behind();
  }

  [[nodiscard]] int rank() const override { return meeting_->place().rank; }
  [[nodiscard]] int size() const override { return meeting_->place().size; }
  [[nodiscard]] const std::vector<std::string>& facts() const override { return meeting_->facts(); }

  void connect() override;
  void set_activity(const std::string& activity) override { activity_ = activity; }
  std::vector<std::string> exchange(const std::string& own) override;
  at::Tensor gather(const at::Tensor& own) override;
  void sum(const std::vector<at::Tensor>& tensors, bool ordered) override;
  void use_nccl() override;
  void broadcast(const std::vector<at::Tensor>& tensors) override;
  [[nodiscard]] GroupStatistics statistics() const override { return statistics_; }
  void leave(const std::string& reason) noexcept override;

 private:
  /// Starts one collective after the other on pieces of tensors, two of which are under way at once.
  template <typename Start>
  void pass_through(const std::vector<at::Tensor>& tensors, at::ScalarType type, const Start& start);
  void sum_in_order(const std::vector<at::Tensor>& tensors);
  void sum_by_nccl(const std::vector<at::Tensor>& tensors);
  void fill(const at::Tensor& buffer, const Piece& piece);
  void take_out(const at::Tensor& buffer, const Piece& piece);
  /// What the library answers, or DISTRIBUTED with a sentence.
  template <typename Call>
  auto explained(const Call& call) -> decltype(call());
  void wait(const Collective& work);
  /// Throws where another rank has left.
  void listen();
  [[noreturn]] void fail(const std::string& problem);
  c10d::Backend& group();
  /// What others may still use must not be destroyed: that would wait for them.
  void leave_behind() noexcept {
    (void)group_.release();
    (void)nccl_.release();
    (void)std::make_unique<std::shared_ptr<Meeting> >(meeting_).release();
  }

  std::shared_ptr<Meeting> meeting_;
  c10::intrusive_ptr<c10d::Backend> group_;
  /// For tensors of a GPU; none where they go through the CPU's memory.
  c10::intrusive_ptr<c10d::Backend> nccl_;
  std::string activity_;
  GroupStatistics statistics_;
  /// Why nothing can be exchanged any more; empty while it can.
  std::string failure_;
  /// The store has stopped answering.
  bool is_store_silent_ = false;
  /// All ranks have come to their end.
  bool has_ended_ = false;
};

void GlooGroup::connect() {
  explained([&] {
    const auto connected = leaving_behind(kUnlimited, [meeting = meeting_] {
      const GroupPlace& place = meeting->place();
      auto options = c10d::ProcessGroupGloo::Options::create(place.timeout);
      options->devices = devices_of(place);
      options->threads = 2 * static_cast<int>(options->devices.size());
      auto store = c10::make_intrusive<c10d::PrefixStore>("gloo", meeting->store());
      return c10::intrusive_ptr<c10d::Backend>(
          c10::make_intrusive<c10d::ProcessGroupGloo>(store, place.rank, place.size, options));
    });
    group_ = *connected;
  });
}

c10d::Backend& GlooGroup::group() {
  if (!failure_.empty()) throw Error("DISTRIBUTED", failure_);
  if (!group_) throw Error("INTERNAL", "the ranks are not connected");
  return *group_;
}

std::vector<std::string> GlooGroup::exchange(const std::string& own) {
  at::Tensor length = at::empty({1}, at::kLong);
  length.fill_(static_cast<std::int64_t>(own.size()));
  const at::Tensor lengths = gather(length);
  const auto longest = lengths.max().item<std::int64_t>();
  if (longest == 0) return std::vector<std::string>(static_cast<std::size_t>(size()));
  at::Tensor bytes = at::empty({longest}, at::kByte);
  std::memcpy(bytes.data_ptr(), own.data(), own.size());
  const at::Tensor all = gather(bytes);
  std::vector<std::string> answers;
  for (std::int64_t rank = 0; rank < size(); ++rank) {
    answers.emplace_back(static_cast<const char*>(all.const_data_ptr()) + rank * longest,
                         static_cast<std::size_t>(lengths.view({-1})[rank].item<std::int64_t>()));
  }
  return answers;
}

at::Tensor GlooGroup::gather(const at::Tensor& own) {
  at::Tensor in = own.contiguous();
  at::Tensor out = at::empty({size() * own.numel()}, own.options());
  explained([&] { wait(group()._allgather_base(out, in)); });
  return out.view({size(), own.numel()});
}

void GlooGroup::sum(const std::vector<at::Tensor>& tensors, bool ordered) {
  if (ordered && size() > 2) return sum_in_order(tensors);
  if (nccl_ && !tensors.empty() && !tensors.front().is_cpu()) return sum_by_nccl(tensors);
  pass_through(tensors, at::kFloat, [this](at::Tensor piece) {
    std::vector<at::Tensor> list{std::move(piece)};
    return group().allreduce(list);
  });
}

void GlooGroup::use_nccl() {
  const OwnCudaLibrary& library = open_own_cuda_library();
  if (!library.problem.empty()) throw Error("DEVICE_UNAVAILABLE", "experiment nccl: " + library.problem);
  if (library.make_nccl == nullptr) {
    throw Error("DEVICE_UNAVAILABLE", "experiment nccl: " + library.file +
                                          " was built without nccl.h; type: npx tagformer setup --cuda");
  }
  explained([&] {
    const auto store = c10::make_intrusive<c10d::PrefixStore>("nccl", meeting_->store());
    nccl_ = c10::intrusive_ptr<c10d::Backend>::reclaim(
        library.make_nccl(store.get(), rank(), size(), meeting_->place().timeout));
  });
}

/// The GPU waits, not this thread. A rank that is gone was noticed before, by Gloo, as each told its loss.
void GlooGroup::sum_by_nccl(const std::vector<at::Tensor>& tensors) {
  const at::NoGradGuard no_gradients;
  for (const Piece& piece : pieces_of(tensors)) {
    if (piece.count == 0) continue;
    const at::Tensor whole = piece.joined();
    explained([&] {
      std::vector<at::Tensor> list{whole};
      nccl_->allreduce(list)->wait();
    });
    statistics_.bytes += static_cast<std::int64_t>(whole.nbytes());
    for (const Slice& slice : piece.slices) slice.part.copy_(slice.of(whole));
  }
}

void GlooGroup::broadcast(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> bytes;
  for (const at::Tensor& tensor : tensors) bytes.push_back(tensor.detach().view({-1}).view(at::kByte));
  pass_through(bytes, at::kByte, [this](at::Tensor piece) {
    std::vector<at::Tensor> list{std::move(piece)};
    return group().broadcast(list);
  });
}

template <typename Start>
void GlooGroup::pass_through(const std::vector<at::Tensor>& tensors, at::ScalarType type,
                             const Start& start) {
  const at::NoGradGuard no_gradients;
  const auto begun = Clock::now();
  const std::vector<Piece> pieces = pieces_of(tensors);
  struct UnderWay {
    at::Tensor buffer;
    Collective work;
  };
  std::array<UnderWay, 2> under_way;
  const auto finish = [&](std::size_t i) {
    UnderWay& last = under_way[i % 2];
    wait(last.work);
    take_out(last.buffer, pieces[i]);
  };
  explained([&] {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (pieces[i].count == 0) continue;
      UnderWay& next = under_way[i % 2];
      if (!next.buffer.defined()) next.buffer = pieces[i].buffer(pieces[i].count, type);
      fill(next.buffer, pieces[i]);
      next.work = start(next.buffer.narrow(0, 0, pieces[i].count));
      if (i > 0) finish(i - 1);
    }
    if (pieces.back().count > 0) finish(pieces.size() - 1);
  });
  statistics_.seconds += std::chrono::duration<double>(Clock::now() - begun).count();
}

/// Each rank adds a share of every piece, in the order of the ranks, and gives it to all: a ring would move
/// as much, but adds each share in another order.
void GlooGroup::sum_in_order(const std::vector<at::Tensor>& tensors) {
  const at::NoGradGuard no_gradients;
  const auto begun = Clock::now();
  for (const Piece& piece : pieces_of(tensors)) {
    const std::int64_t share = (piece.count + size() - 1) / size();
    if (share == 0) continue;
    at::Tensor own = piece.buffer(share * size(), at::kFloat);
    at::Tensor others = at::empty_like(own);
    own.narrow(0, piece.count, own.numel() - piece.count).zero_();
    fill(own, piece);
    std::vector<std::int64_t> equal;
    explained([&] { wait(group().alltoall_base(others, own, equal, equal)); });
    at::Tensor total = others.narrow(0, 0, share).clone();
    for (int rank = 1; rank < size(); ++rank) total.add_(others.narrow(0, rank * share, share));
    explained([&] { wait(group()._allgather_base(own, total)); });
    take_out(own, piece);
  }
  statistics_.seconds += std::chrono::duration<double>(Clock::now() - begun).count();
}

void GlooGroup::fill(const at::Tensor& buffer, const Piece& piece) {
  const at::Tensor travelling = buffer.narrow(0, 0, piece.count);
  statistics_.bytes += static_cast<std::int64_t>(travelling.nbytes());
  if (piece.device().is_cpu()) {
    for (const Slice& slice : piece.slices) slice.of(travelling).copy_(slice.part);
    return;
  }
  travelling.copy_(piece.joined());
  ++statistics_.staged_copies;
}

void GlooGroup::take_out(const at::Tensor& buffer, const Piece& piece) {
  at::Tensor travelled = buffer.narrow(0, 0, piece.count);
  if (!piece.device().is_cpu()) {
    // The buffer is filled anew by a copy of the same stream, which comes after this one.
    travelled = travelled.to(piece.device(), /*non_blocking=*/true);
    ++statistics_.staged_copies;
  }
  for (const Slice& slice : piece.slices) slice.part.copy_(slice.of(travelled));
}

template <typename Call>
auto GlooGroup::explained(const Call& call) -> decltype(call()) {
  std::string problem;
  try {
    return call();
  } catch (const Error&) {
    throw;
  } catch (const Stopped&) {
    // Others wait for what never comes: there is no second try.
    failure_ = "the call was stopped while it waited for other ranks";
    leave_behind();
    throw;
  } catch (const std::exception& error) {
    problem = message_of(error);
  }
  fail(problem);
}

void GlooGroup::wait(const Collective& work) {
  auto next = Clock::now() + kListenEvery;
  while (!work->isCompleted()) {
    check_stop();
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    if (Clock::now() < next) continue;
    listen();
    next = Clock::now() + kListenEvery;
  }
  work->wait();
}

void GlooGroup::listen() {
  if (is_store_silent_) return;
  bool alarm = false;
  try {
    const auto answer = leaving_behind(kStoreAnswers, [meeting = meeting_] { return meeting->has_alarm(); });
    is_store_silent_ = !answer.has_value();
    alarm = answer.value_or(false);
  } catch (const Stopped&) {
    throw;
  } catch (const std::exception&) {
    // Its process may have ended after the last exchange of all: Gloo knows more.
    is_store_silent_ = true;
  }
  if (alarm) fail("");
}

void GlooGroup::fail(const std::string& problem) {
  (void)group_.release();
  try {
    const auto sentence = leaving_behind(kExplained, [meeting = meeting_, activity = activity_, problem] {
      return meeting->explain(activity, problem);
    });
    if (sentence) failure_ = *sentence;
  } catch (const Stopped&) {
    failure_ = "the call was stopped";
    throw;
  } catch (const std::exception&) {
    failure_.clear();
  }
  if (failure_.empty()) {
    failure_ = meeting_->called(0) + ", at whose store the ranks meet, does not answer" +
               (activity_.empty() ? "" : " in " + activity_) + (problem.empty() ? "" : ": " + problem) +
               "; look at the output of that process, and whether its machine still runs";
  }
  throw Error("DISTRIBUTED", failure_);
}

void GlooGroup::leave(const std::string& reason) noexcept {
  try {
    if (reason.empty() && failure_.empty() && group_) {
      activity_ = "the end";
      (void)exchange("");
      nccl_.reset();
      group_.reset();
      has_ended_ = true;
      return;
    }
    (void)leaving_behind(kStoreAnswers, [meeting = meeting_, reason, is_first = failure_.empty()] {
      if (is_first) meeting->say_farewell(reason);
      meeting->linger({});
      return true;
    });
    if (failure_.empty()) failure_ = reason;
  } catch (...) {
    // Whoever leaves has said what it could.
  }
  leave_behind();
}

}  // namespace

std::shared_ptr<Group> meet(const GroupPlace& place, const std::string& facts) {
  silence();
  auto meeting = std::make_shared<Meeting>(place);
  // As long as its own steps may take together; each of them names what it waited for.
  const auto met = leaving_behind(3 * place.timeout + kStoreAnswers, [meeting, facts] {
    meeting->begin(facts);
    return true;
  });
  if (!met) {
    throw Error("DISTRIBUTED", "the store at " + place.host + " does not answer rank " +
                                   std::to_string(place.rank) + " of " + std::to_string(place.size));
  }
  return std::make_shared<GlooGroup>(std::move(meeting));
}

}  // namespace tagformer

#endif
