#include "models/feed_forward.h"

#include "layers/linear.h"
#include "layers/norm.h"

namespace tagformer {
namespace {

/// Places in a layer where dropout is drawn; the first is attention's.
enum Site : std::uint32_t { kAttentionOutput = 1, kOutput = 2 };

}  // namespace

FeedForward::FeedForward(ParameterSet& parameters, const std::string& layer, std::int64_t width,
                         const FeedForwardDescription& description)
    : description_(description) {
  const FeedForwardNames& names = description.names;
  const std::int64_t inner = description.intermediate_width;
  const std::string in = layer + ".";
  attention_output_ = declare_linear(parameters, in + names.attention_output, width, width);
  attention_norm_ = declare_norm(parameters, in + names.attention_norm, width);
  intermediate_ = declare_linear(parameters, in + names.intermediate, width, inner);
  output_ = declare_linear(parameters, in + names.output, inner, width);
  output_norm_ = declare_norm(parameters, in + names.output_norm, width);
  for (const Norm& norm : {attention_norm_, output_norm_}) {
    norm.gamma->rounded_on_device = norm.beta->rounded_on_device = true;
  }
}

at::Tensor FeedForward::operator()(const at::Tensor& context, const at::Tensor& residual, const Mode& mode,
                                   std::uint32_t first_site) const {
  const FeedForwardDescription& d = description_;
  const at::Tensor attended =
      residual_norm(product(context, *attention_output_.weight), attention_output_.bias->value, residual,
                    attention_norm_.gamma->value, attention_norm_.beta->value,
                    {d.norm_epsilon, mode.dropout(d.attention_dropout, first_site + kAttentionOutput)});
  const at::Tensor hidden = d.activation(product(attended, *intermediate_.weight), intermediate_.bias->value);
  return residual_norm(product(hidden, *output_.weight), output_.bias->value, attended,
                       output_norm_.gamma->value, output_norm_.beta->value,
                       {d.norm_epsilon, mode.dropout(d.output_dropout, first_site + kOutput)});
}

}  // namespace tagformer
