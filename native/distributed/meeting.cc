#include "distributed/meeting.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <random>
#include <set>
#include <sstream>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>

#include "distributed/listening_socket.h"
#include "distributed/patience.h"
#include "runtime/error.h"

namespace tagformer {
namespace {

constexpr const char* kPrefix = "tagformer";
/// Said by rank 0 when all have come; otherwise it says why the meeting failed.
constexpr const char* kComplete = "complete";
/// How long the others have to say that they are there once one is lost.
constexpr Milliseconds kRollCall(5000);
/// How long the store stays for others to read why its process ends.
constexpr Milliseconds kLastWords(2000);
/// Longest message of a library that is quoted.
constexpr std::size_t kLongestQuote = 300;

/// A number that no other attempt to meet has.
std::string fresh_name() {
  std::random_device source;
  std::ostringstream name;
  for (int i = 0; i < 4; ++i) name << std::hex << source();
  return name.str();
}

/// What a rank says when it has come: a number of its own, its name, and its facts; each on a line.
struct Introduction {
  std::string nonce, name, facts;
};

std::string to_text(const Introduction& own) { return own.nonce + "\n" + own.name + "\n" + own.facts; }

Introduction to_introduction(const std::string& text) {
  std::istringstream lines(text);
  Introduction introduction;
  std::getline(lines, introduction.nonce);
  std::getline(lines, introduction.name);
  std::getline(lines, introduction.facts);
  return introduction;
}

std::string list_of(const std::vector<int>& ranks) {
  std::string list;
  for (const int rank : ranks) list += (list.empty() ? "" : ", ") + std::to_string(rank);
  return (ranks.size() == 1 ? "rank " : "ranks ") + list;
}

std::string seconds_of(Milliseconds time) {
  std::ostringstream text;
  text << static_cast<double>(time.count()) / 1000.0 << " s";
  return text.str();
}

std::string here_key(int rank) { return "here/" + std::to_string(rank); }
std::string left_key(int rank) { return "left/" + std::to_string(rank); }
std::string informed_key(int rank) { return "informed/" + std::to_string(rank); }
std::string came_key(int rank) { return "came/" + std::to_string(rank); }
std::string alive_key(int rank) { return "alive/" + std::to_string(rank); }

}  // namespace

std::string message_of(const std::exception& error) {
  const auto* const ours = dynamic_cast<const c10::Error*>(&error);
  std::string text = ours == nullptr ? error.what() : ours->what_without_backtrace();
  // Gloo appends an explanation that guesses, and C++ places stand before its messages.
  for (const char* const end : {". This is typically", "\n", " Exception raised from"}) {
    text = text.substr(0, text.find(end));
  }
  if (text.starts_with('[')) text = text.substr(std::min(text.size(), text.find("] ") + 2));
  return text.substr(0, kLongestQuote);
}

void Meeting::begin(const std::string& facts) {
  open();
  try {
    introduce(facts);
  } catch (const c10::Error& error) {
    throw Error("DISTRIBUTED", "rank " + std::to_string(place_.rank) + " of " + std::to_string(place_.size) +
                                   " has lost the store at which the ranks meet (" + message_of(error) +
                                   "); look at the output of rank 0");
  }
}

void Meeting::introduce(const std::string& facts) {
  const Introduction own{.nonce = fresh_name(), .name = place_.name, .facts = facts};
  const std::string attempt = place_.rank == 0 ? meet_as_host(to_text(own)) : meet_as_guest(to_text(own));
  store_ = c10::make_intrusive<c10d::PrefixStore>(attempt, store_);
  for (int rank = 0; rank < place_.size; ++rank) {
    const Introduction said_by = to_introduction(said(here_key(rank)));
    if (rank == place_.rank && said_by.nonce != own.nonce) {
      throw Error("DISTRIBUTED", "two processes say that they are rank " + std::to_string(rank) + " of " +
                                     std::to_string(place_.size) + " (" + place_.name + ", and " +
                                     said_by.name + "); give each a rank of its own");
    }
    names_.push_back(said_by.name);
    facts_.push_back(said_by.facts);
  }
}

void Meeting::open() {
  const std::string where = place_.host + ":" + std::to_string(place_.port);
  try {
    if (!place_.file.empty()) {
      store_ = c10::make_intrusive<c10d::FileStore>(place_.file, place_.size);
    } else {
      c10d::TCPStoreOptions options;
      options.port = place_.port;
      options.isServer = place_.serves;
      options.waitWorkers = false;
      options.timeout = place_.timeout;
      // By itself c10d listens on all interfaces.
      if (place_.serves) options.masterListenFd = listening_socket(place_.address, place_.port);
      store_ = c10::make_intrusive<c10d::TCPStore>(place_.serves ? place_.address : place_.host, options);
    }
    store_->setTimeout(place_.timeout);
    store_ = c10::make_intrusive<c10d::PrefixStore>(kPrefix, store_);
  } catch (const c10::Error& error) {
    throw Error("DISTRIBUTED",
                "rank " + std::to_string(place_.rank) + " of " + std::to_string(place_.size) +
                    " cannot reach the store of rank 0 at " + where + " (" + message_of(error) +
                    "); is rank 0 started, are MASTER_ADDR and MASTER_PORT those of its machine, and does "
                    "the network let them through?");
  }
}

std::string Meeting::meet_as_host(const std::string& own) {
  const std::string attempt = to_introduction(own).nonce;
  say(attempt + "/" + here_key(0), own);
  // A store may hold what ranks of an earlier attempt have said. Each is answered by its own number, and who
  // is no more does not come in.
  std::set<std::string> answered;
  std::vector<int> missing;
  const auto all_here = [&] {
    missing.clear();
    for (int rank = 1; rank < place_.size; ++rank) {
      const std::string join = "join/" + std::to_string(rank);
      if (is_said(attempt + "/" + here_key(rank))) continue;
      missing.push_back(rank);
      if (!is_said(join)) continue;
      const std::string nonce = said(join);
      if (answered.insert(nonce).second) say("welcome/" + nonce, attempt);
    }
    return missing.empty();
  };
  const bool complete = wait_until(place_.timeout, all_here);
  if (!complete) {
    const std::string problem =
        list_of(missing) + " of " + std::to_string(place_.size) + " did not come to " + place_.name +
        " within " + seconds_of(place_.timeout) + crowded_ranks() +
        "; look at their output, start all with the same number of processes and the same MASTER_ADDR and "
        "MASTER_PORT, or give them more time (--distributed-timeout)";
    say(attempt + "/all", problem);
    store_ = c10::make_intrusive<c10d::PrefixStore>(attempt, store_);
    linger(missing);
    throw Error("DISTRIBUTED", problem);
  }
  say(attempt + "/all", kComplete);
  return attempt;
}

std::string Meeting::meet_as_guest(const std::string& own) {
  const std::string nonce = to_introduction(own).nonce;
  const auto wait_for = [&](const std::string& key, const std::string& what) {
    if (wait_until(place_.timeout, [&] { return is_said(key); })) return;
    throw Error("DISTRIBUTED", what + " within " + seconds_of(place_.timeout) + ", so rank " +
                                   std::to_string(place_.rank) + " of " + std::to_string(place_.size) + " (" +
                                   place_.name +
                                   ") ends; look at its output, or give it more time "
                                   "(--distributed-timeout)");
  };
  if (keeps_count()) store_->add(came_key(place_.rank), 1);
  say("join/" + std::to_string(place_.rank), nonce);
  wait_for("welcome/" + nonce, "rank 0 did not answer");
  const std::string attempt = said("welcome/" + nonce);
  say(attempt + "/" + here_key(place_.rank), own);
  wait_for(attempt + "/all", "rank 0 did not have all ranks together");
  const std::string answer = said(attempt + "/all");
  if (answer == kComplete) return attempt;
  say(attempt + "/" + informed_key(place_.rank), "yes");
  throw Error("DISTRIBUTED", answer);
}

std::string Meeting::crowded_ranks() const {
  std::string found;
  for (int rank = 1; keeps_count() && rank < place_.size; ++rank) {
    const std::int64_t came = store_->add(came_key(rank), 0);
    if (came < 2) continue;
    found += ", but " + std::to_string(came) + " processes came as rank " + std::to_string(rank) +
             " (give each a rank of its own)";
  }
  return found;
}

std::string Meeting::explain(const std::string& activity, const std::string& problem) const {
  const std::string during = activity.empty() ? "" : " in " + activity;
  say("alarm", "raised");
  say(alive_key(place_.rank), "yes");
  std::string farewell;
  std::vector<int> silent;
  // One that is lost is enough: the rest need not be waited for.
  (void)wait_until(kRollCall, [&] {
    farewell = farewell_of_another();
    silent = silent_ranks();
    return !farewell.empty() || silent.size() <= 1;
  });
  say(informed_key(place_.rank), "yes");
  if (!farewell.empty()) return farewell;
  if (silent.empty()) {
    return "the ranks are all there, but an exchange failed" + during + ": " + problem +
           "; where one is much slower than the others, give them more time (--distributed-timeout)";
  }
  std::string who;
  for (const int rank : silent) who += (who.empty() ? "" : " and ") + called(rank);
  return who + (silent.size() == 1 ? " does" : " do") + " not answer" + during +
         (problem.empty() ? "" : ": " + problem) +
         "; look at the output of that process, and whether its machine still runs";
}

void Meeting::say_farewell(const std::string& reason) const {
  say(left_key(place_.rank), reason);
  say("alarm", "raised");
  say(alive_key(place_.rank), "yes");
}

void Meeting::linger(const std::vector<int>& lost) const {
  if (!place_.serves) return;
  (void)wait_until(kLastWords, [&] {
    for (int rank = 0; rank < place_.size; ++rank) {
      if (rank == place_.rank || std::ranges::find(lost, rank) != lost.end()) continue;
      if (!is_said(informed_key(rank))) return false;
    }
    return true;
  });
}

std::string Meeting::called(int rank) const {
  return "rank " + std::to_string(rank) + " of " + std::to_string(place_.size) + " (" +
         names_[static_cast<std::size_t>(rank)] + ")";
}

std::vector<int> Meeting::silent_ranks() const {
  std::vector<int> silent;
  for (int rank = 0; rank < place_.size; ++rank) {
    if (!is_said(alive_key(rank))) silent.push_back(rank);
  }
  return silent;
}

std::string Meeting::farewell_of_another() const {
  for (int rank = 0; rank < place_.size; ++rank) {
    if (rank != place_.rank && is_said(left_key(rank))) {
      return called(rank) + " ended: " + said(left_key(rank));
    }
  }
  return "";
}

std::string Meeting::said(const std::string& key) const { return store_->get_to_str(key); }

void Meeting::say(const std::string& key, const std::string& value) const { store_->set(key, value); }

}  // namespace tagformer
