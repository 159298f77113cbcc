#include "models/layer_stack.h"

#include <cmath>
#include <map>

#include "layers/linear.h"

namespace tagformer {
namespace {

/// Places in a layer where dropout is drawn, besides those of FeedForward.
enum LayerSite : std::uint32_t { kScores = 0, kSitesPerLayer = 4 };

}  // namespace

std::vector<LayerName> numbered_layers(const std::string& stem, std::int64_t count) {
  std::vector<LayerName> names;
  names.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) names.push_back({stem + "." + std::to_string(i), i + 1});
  return names;
}

LayerStack::LayerStack(ParameterSet& parameters, LayerStackDescription description)
    : description_(std::move(description)) {
  std::map<std::string, Layer> declared;
  for (const auto& [name, depth] : description_.layers) {
    parameters.declare_at(depth);
    if (!declared.contains(name)) declared.emplace(name, declare(parameters, name));
    layers_.push_back(declared.at(name));
  }
  parameters.declare_at(kAboveLayers);
}

LayerStack::Layer LayerStack::declare(ParameterSet& parameters, const std::string& name) const {
  const AttentionNames& names = description_.attention;
  const std::int64_t width = description_.width;
  const std::string in = name + ".";
  return {
      .qkv = declare_stacked(parameters, {in + names.query, in + names.key, in + names.value}, width, width),
      .feed_forward = FeedForward(parameters, name, width, description_.feed_forward),
  };
}

at::Tensor LayerStack::first_tokens(at::Tensor x, const Sequences& sequences, const Mode& mode,
                                    std::uint32_t first_site) const {
  std::uint32_t site = first_site;
  for (std::size_t i = 0; i + 1 < layers_.size(); ++i, site += kSitesPerLayer) {
    x = run(layers_[i], x, sequences, mode, site);
  }
  return run_last(layers_.back(), x, sequences, mode, site);
}

AttentionOptions LayerStack::attention_options(const Mode& mode, std::uint32_t site) const {
  const std::int64_t head_dim = description_.width / description_.heads;
  return {description_.heads, head_dim, 1.0 / std::sqrt(static_cast<double>(head_dim)),
          mode.dropout(description_.scores_dropout, site + kScores)};
}

at::Tensor LayerStack::run(const Layer& layer, const at::Tensor& x, const Sequences& sequences,
                           const Mode& mode, std::uint32_t site) const {
  const at::Tensor qkv = linear(x, layer.qkv);
  return layer.feed_forward(attention(qkv, sequences, attention_options(mode, site)), x, mode, site);
}

/// The last layer, for the first token of each text: nothing else reads it. Returns `[texts, width]`.
at::Tensor LayerStack::run_last(const Layer& layer, const at::Tensor& x, const Sequences& sequences,
                                const Mode& mode, std::uint32_t site) const {
  const std::int64_t width = description_.width;
  const at::Tensor first_tokens = sequences.first_tokens(x);
  const at::Tensor q = linear_part(first_tokens, layer.qkv, 0, width);
  const at::Tensor kv = linear_part(x, layer.qkv, width, 3 * width);
  const at::Tensor context = attention_of_one(q, kv, sequences, attention_options(mode, site));
  return layer.feed_forward(context, first_tokens, mode, site);
}

}  // namespace tagformer
