#include "models/encoder.h"

#include "layers/flash_attention.h"
#include "layers/linear.h"
#include "layers/norm.h"

namespace tagformer {
namespace {

/// Places where dropout is drawn.
enum Site : std::uint32_t { kEmbeddings = 0, kHeadOutput = 1, kHeadInput = 2, kLayers = 16 };

class Encoder final : public Model {
 public:
  Encoder(EncoderDescription description, std::int64_t labels, Precision precision)
      : Model(precision),
        d_(std::move(description)),
        embeddings_(parameters(), d_.embeddings),
        projection_(declare_projection()),
        layers_(parameters(), d_.layers),
        dense_(declare_linear(parameters(), d_.head.dense, d_.layers.width, d_.layers.width, /*head=*/true)),
        output_(declare_scores(parameters(), d_.head.output, d_.layers.width, labels)) {}

  [[nodiscard]] at::Tensor logits(const Batch& batch, const Mode& mode) const override {
    const HeadDescription& head = d_.head;
    at::Tensor x = embeddings_(batch, mode, kEmbeddings);
    x = x.to(parameters().activations());
    if (projection_) x = linear(x, *projection_);
    x = layers_.first_tokens(x, batch.sequences, mode, kLayers);
    x = dropout(x.to(at::kFloat), mode.dropout(head.input_dropout, kHeadInput));
    x = head.activation(linear(x, dense_));
    x = dropout(x, mode.dropout(head.output_dropout, kHeadOutput));
    return linear(x, output_);
  }

  [[nodiscard]] bool takes_packed() const override {
    return fits_flash_attention(d_.layers.width / d_.layers.heads);
  }
  [[nodiscard]] Limits limits() const override { return embeddings_.limits(); }
  [[nodiscard]] WordTable words() const override { return embeddings_.words(); }
  [[nodiscard]] double initial_deviation() const override { return d_.initializer_range; }

 private:
  std::optional<Linear> declare_projection() {
    if (!d_.projection) return std::nullopt;
    return declare_linear(parameters(), *d_.projection, d_.embeddings.width, d_.layers.width);
  }

  EncoderDescription d_;
  Embeddings embeddings_;
  std::optional<Linear> projection_;
  LayerStack layers_;
  Linear dense_;
  Linear output_;
};

}  // namespace

std::unique_ptr<Model> make_encoder(EncoderDescription description, std::int64_t labels,
                                    Precision precision) {
  return std::make_unique<Encoder>(std::move(description), labels, precision);
}

}  // namespace tagformer
