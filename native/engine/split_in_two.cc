#include "engine/split_in_two.h"

namespace tagformer {
namespace {

template <typename T>
std::vector<T> part(const std::vector<T>& values, std::int64_t begin, std::int64_t end) {
  // What is empty stands for a default, and stays so.
  if (values.empty()) return {};
  return {values.begin() + begin, values.begin() + end};
}

/// Boundaries `begin` to `end`, counted from the first of them.
std::vector<std::int32_t> boundaries(const std::vector<std::int32_t>& values, std::int64_t begin,
                                     std::int64_t end) {
  std::vector<std::int32_t> moved = part(values, begin, end + 1);
  const std::int32_t first = moved.empty() ? 0 : moved.front();
  for (std::int32_t& value : moved) value -= first;
  return moved;
}

/// The texts from `begin` up to `end`.
HostBatch select(const HostBatch& data, std::int64_t begin, std::int64_t end, std::int64_t labels) {
  const auto row_of = [&](std::int64_t text) -> std::int64_t {
    return data.texts.empty() ? text : data.texts[static_cast<std::size_t>(text)];
  };
  const std::int64_t first_row = row_of(begin);
  const std::int64_t last_row = row_of(end);
  const std::int64_t first_token = data.offsets[static_cast<std::size_t>(first_row)];
  const std::int64_t last_token = data.offsets[static_cast<std::size_t>(last_row)];
  return {.ids = part(data.ids, first_token, last_token),
          .offsets = boundaries(data.offsets, first_row, last_row),
          .types = part(data.types, first_token, last_token),
          .labels = part(data.labels, begin * labels, end * labels),
          .texts = boundaries(data.texts, begin, end),
          .weights = part(data.weights, begin, end)};
}

}  // namespace

std::pair<HostBatch, HostBatch> split_in_two(const HostBatch& data, std::int64_t labels) {
  const auto& texts = data.texts.empty() ? data.offsets : data.texts;
  const auto count = static_cast<std::int64_t>(texts.size()) - 1;
  return {select(data, 0, count / 2, labels), select(data, count / 2, count, labels)};
}

}  // namespace tagformer
