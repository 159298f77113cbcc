#include "models/attribution.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "runtime/error.h"
#include "runtime/stop.h"
#include "runtime/upload.h"

namespace tagformer {
namespace {

/// Tokens of one batch of gradients: little enough for the memory that its backward pass needs.
constexpr std::int64_t kTokens = 1024;
/// Pieces of the line before any is cut.
constexpr int kFirstPieces = 2;

/// Gauss-Legendre quadrature with eight points on [-1, 1] (Abramowitz and Stegun, table 25.4): points and
/// weights, one half; the other mirrors it.
struct Node {
  double place, weight;
};
constexpr std::array<Node, 4> kNodes = {{{0.183434642495650, 0.362683783378362},
                                         {0.525532409916329, 0.313706645877887},
                                         {0.796666477413627, 0.222381034453374},
                                         {0.960289856497536, 0.101228536290376}}};

/// A part of the line from the baseline, 0, to the text, 1.
struct Piece {
  double from, to;
  /// The logit at both ends.
  double first_logit, last_logit;
  std::vector<double> contributions;

  [[nodiscard]] double error() const {
    const double sum = std::accumulate(contributions.begin(), contributions.end(), 0.0);
    return std::abs(sum - (last_logit - first_logit));
  }
};

class Line {
 public:
  Line(const Model& model, const Repeat& text, const Repeat& baseline, std::int64_t label)
      : model_(model), text_(text), label_(label) {
    if (model.words().table == nullptr) {
      throw Error("INVALID_MODEL", "this model has no table of word embeddings that could be explained");
    }
    const at::Tensor& table = model.words().table->value;
    start_ = at::embedding(table, baseline(1).ids).detach();
    span_ = at::embedding(table, text(1).ids).detach().sub(start_);
    width_ = span_.size(-1);
    tokens_ = span_.numel() / width_;
  }

  [[nodiscard]] std::vector<double> logits(const std::vector<double>& places) const {
    const at::NoGradGuard no_gradients;
    std::vector<at::Tensor> found;
    for_batches(places, [&](const std::vector<double>& some) {
      found.push_back(model_.logits(batch_at(some), {}).select(1, label_).to(at::kDouble));
    });
    const at::Tensor values = fetched(found);
    const auto* const first = values.const_data_ptr<double>();
    return {first, first + values.numel()};
  }

  /// The gradient at each place times the whole line, token by token: `[places][tokens]`.
  [[nodiscard]] std::vector<std::vector<double>> slopes(const std::vector<double>& places) const {
    std::vector<at::Tensor> found;
    for_batches(places, [&](const std::vector<double>& some) {
      const Batch batch = batch_at(some);
      batch.words.requires_grad_(true);
      const at::Tensor sum = model_.logits(batch, {}).select(1, label_).sum();
      const at::Tensor gradient = torch::autograd::grad({sum}, {batch.words})[0];
      found.push_back(gradient.to(at::kDouble)
                          .view({static_cast<std::int64_t>(some.size()), tokens_, width_})
                          .mul(span_.view({1, tokens_, width_}))
                          .sum(-1));
    });
    const at::Tensor values = fetched(found);
    std::vector<std::vector<double>> rows;
    for (std::int64_t i = 0; i < values.size(0); ++i) {
      const auto* const row = values.const_data_ptr<double>() + i * tokens_;
      rows.emplace_back(row, row + tokens_);
    }
    return rows;
  }

 private:
  /// What was computed for all batches, on the CPU: the device is waited for once.
  static at::Tensor fetched(const std::vector<at::Tensor>& found) {
    return at::cat(found).to(at::kCPU).contiguous();
  }

  template <typename Body>
  void for_batches(const std::vector<double>& places, const Body& body) const {
    const auto most = static_cast<std::ptrdiff_t>(std::max(kTokens / tokens_, std::int64_t{1}));
    for (auto first = places.begin(); first != places.end();) {
      check_stop();
      const auto last = first + std::min(most, places.end() - first);
      body({first, last});
      first = last;
    }
  }

  /// The text once for each place, with the word embeddings of that place: ragged or dense as `text` gives
  /// it.
  [[nodiscard]] Batch batch_at(const std::vector<double>& places) const {
    const auto count = static_cast<std::int64_t>(places.size());
    Batch batch = text_(count);
    const at::Tensor along =
        upload({at::tensor(places, at::kFloat)}, span_.device()).front().view({count, 1, 1});
    const at::Tensor words =
        along.mul(span_.view({1, tokens_, width_})).add(start_.view({1, tokens_, width_}));
    std::vector<std::int64_t> shape = batch.ids.sizes().vec();
    shape.push_back(width_);
    batch.words = words.view(shape);
    return batch;
  }

  const Model& model_;
  const Repeat& text_;
  std::int64_t label_;
  /// Word embeddings of the baseline, and how far those of the text are from them.
  at::Tensor start_, span_;
  std::int64_t tokens_, width_;
};

/// Fills the contributions of pieces, all of their places together.
void integrate(const Line& line, std::vector<Piece>& pieces) {
  std::vector<double> places;
  for (const Piece& piece : pieces) {
    const double middle = (piece.from + piece.to) / 2;
    const double half = (piece.to - piece.from) / 2;
    for (const Node& node : kNodes) {
      places.push_back(middle - half * node.place);
      places.push_back(middle + half * node.place);
    }
  }
  const std::vector<std::vector<double>> slopes = line.slopes(places);
  auto slope = slopes.begin();
  for (Piece& piece : pieces) {
    piece.contributions.assign(slope->size(), 0.0);
    for (std::size_t point = 0; point < 2 * kNodes.size(); ++point, ++slope) {
      const double weight = kNodes[point / 2].weight * (piece.to - piece.from) / 2;
      for (std::size_t i = 0; i < slope->size(); ++i) piece.contributions[i] += weight * (*slope)[i];
    }
  }
}

/// The halves of pieces.
std::vector<Piece> cut(const Line& line, const std::vector<Piece>& pieces) {
  std::vector<double> middles;
  middles.reserve(pieces.size());
  for (const Piece& piece : pieces) middles.push_back((piece.from + piece.to) / 2);
  const std::vector<double> logits = line.logits(middles);
  std::vector<Piece> halves;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    halves.push_back({piece.from, middles[i], piece.first_logit, logits[i], {}});
    halves.push_back({middles[i], piece.to, logits[i], piece.last_logit, {}});
  }
  return halves;
}

double total_error(const std::vector<Piece>& pieces) {
  double total = 0.0;
  for (const Piece& piece : pieces) total += piece.error();
  return total;
}

std::vector<Piece> first_pieces(const Line& line) {
  std::vector<double> ends;
  ends.reserve(kFirstPieces + 1);
  for (int i = 0; i <= kFirstPieces; ++i) ends.push_back(static_cast<double>(i) / kFirstPieces);
  const std::vector<double> logits = line.logits(ends);
  std::vector<Piece> pieces;
  pieces.reserve(kFirstPieces);
  for (std::size_t i = 0; i < kFirstPieces; ++i) {
    pieces.push_back({ends[i], ends[i + 1], logits[i], logits[i + 1], {}});
  }
  return pieces;
}

Attribution add_up(const std::vector<Piece>& pieces, std::int64_t gradients) {
  Attribution result{.contributions = std::vector<double>(pieces.front().contributions.size()),
                     .logit = 0.0,
                     .baseline_logit = 0.0,
                     .error = 0.0,
                     .gradients = gradients};
  for (const Piece& piece : pieces) {
    for (std::size_t i = 0; i < piece.contributions.size(); ++i)
      result.contributions[i] += piece.contributions[i];
    if (piece.from == 0.0) result.baseline_logit = piece.first_logit;
    if (piece.to == 1.0) result.logit = piece.last_logit;
  }
  const double sum = std::accumulate(result.contributions.begin(), result.contributions.end(), 0.0);
  result.error = std::abs(sum - (result.logit - result.baseline_logit));
  return result;
}

}  // namespace

Attribution integrated_gradients(const Model& model, const Repeat& text, const Repeat& baseline,
                                 const AttributionOptions& options) {
  const Line line(model, text, baseline, options.label);
  constexpr auto kPoints = static_cast<std::int64_t>(2 * kNodes.size());
  std::vector<Piece> done;
  std::vector<Piece> fresh = first_pieces(line);
  std::int64_t gradients = 0;
  while (true) {
    integrate(line, fresh);
    gradients += kPoints * static_cast<std::int64_t>(fresh.size());
    std::ranges::move(fresh, std::back_inserter(done));
    if (total_error(done) <= options.tolerance || gradients >= options.most_gradients) break;
    // Each piece may have its share of the error; at least one has more, or the sum would be small enough.
    const auto coarse = std::ranges::partition(done, [&](const Piece& piece) {
      return piece.error() <= options.tolerance * (piece.to - piece.from);
    });
    fresh = cut(line, {coarse.begin(), coarse.end()});
    done.erase(coarse.begin(), coarse.end());
  }
  return add_up(done, gradients);
}

}  // namespace tagformer
