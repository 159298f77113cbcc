#include "simulated_device/recording.h"

#include <c10/core/TensorImpl.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "simulated_device/memory.h"
#include "simulated_device/random.h"
#include "simulated_device/recording_abi.h"
#include "simulated_device/state.h"

namespace simulated {

struct Graph {
  std::vector<std::function<void()>> work;
};

namespace {

Graph* recorded = nullptr;
thread_local bool replaying = false;

/// What recording must not change: all memory in use, and the generator.
class Before {
 public:
  Before() : generator_(default_generator(-1).unsafeGetGeneratorImpl()->get_state()) {
    for (const auto& [at, size] : blocks_in_use()) {
      const char* const now = visible(at);
      memory_.emplace(at, std::vector<char>(now, now + size));
    }
  }

  void bring_back() const {
    for (const auto& [at, size] : blocks_in_use()) {
      const auto found = memory_.find(at);
      if (found == memory_.end()) {
        std::memset(visible(at), 0xFF, size);  // made while it was recorded, and not computed
      } else {
        std::memcpy(visible(at), found->second.data(), size);
      }
    }
    default_generator(-1).unsafeGetGeneratorImpl()->set_state(*generator_);
  }

 private:
  std::map<const void*, std::vector<char>> memory_;
  c10::intrusive_ptr<c10::TensorImpl> generator_;
};

}  // namespace

bool is_recording() { return recorded != nullptr && !replaying; }

void note(std::function<void()> work) {
  if (is_recording()) recorded->work.push_back(std::move(work));
}

void refuse_while_recording(const char* what) {
  if (is_recording()) {
    fail((std::string("operation not permitted when stream is capturing (") + what + ")").c_str(),
         /*sticky=*/false);
  }
}

}  // namespace simulated

extern "C" {

simulated::Graph* simulated_record(void (*body)(void*), void* argument) {
  auto graph = std::make_unique<simulated::Graph>();
  simulated::finish_copies();
  const simulated::Before before;
  simulated::recorded = graph.get();
  const auto end = [&] {
    simulated::finish_copies();
    simulated::recorded = nullptr;
    before.bring_back();
  };
  try {
    body(argument);
  } catch (...) {
    end();
    throw;
  }
  end();
  return graph.release();
}

void simulated_replay(const simulated::Graph* graph) {
  simulated::check_alive();
  simulated::finish_uploads();
  ++simulated::counters().replays;
  simulated::replaying = true;
  for (const auto& work : graph->work) work();
  simulated::replaying = false;
}

void simulated_forget(simulated::Graph* graph) { delete graph; }
}
