// Every architecture against transformers in PyTorch where random small configurations do not reach: the shapes of
// published models, and texts of hundreds of tokens, over several blocks of the kernels.
import { describeParity, type ParityCase } from "./describe-parity.js";
import { randomBatch } from "./models.js";
import { releasedModernBert } from "./released-modernbert.js";

const shared = { hidden_size: 64, num_hidden_layers: 4, num_attention_heads: 4, intermediate_size: 200 };

const bert = {
  model_type: "bert",
  ...shared,
  vocab_size: 300,
  max_position_embeddings: 512,
  type_vocab_size: 3,
};

const roberta = {
  model_type: "roberta",
  ...shared,
  vocab_size: 300,
  max_position_embeddings: 514,
  type_vocab_size: 1,
  pad_token_id: 1,
  layer_norm_eps: 1e-5,
};

const xlnet = { model_type: "xlnet", vocab_size: 120, d_model: 32, n_layer: 3, n_head: 4, d_inner: 72 };

const debertaV3 = {
  model_type: "deberta-v2",
  vocab_size: 120,
  hidden_size: 32,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  intermediate_size: 72,
  max_position_embeddings: 512,
  type_vocab_size: 0,
  relative_attention: true,
  position_buckets: 256,
  max_relative_positions: -1,
  norm_rel_ebd: "layer_norm",
  share_att_key: true,
  pos_att_type: "p2c|c2p",
  position_biased_input: false,
};

interface Shape {
  readonly name: string;
  readonly config: ParityCase["config"] & { readonly vocab_size: number };
  readonly lengths: readonly number[];
  /** Segments used; none when absent. */
  readonly types?: number;
  readonly maxLength?: number;
  readonly steps?: number;
  readonly bf16?: boolean;
}

const shapes: readonly Shape[] = [
  { name: "BERT, 1 to 512 tokens", config: bert, lengths: [1, 3, 17, 64, 129, 512, 33], maxLength: 512 },
  { name: "RoBERTa, 1 to 512 tokens", config: roberta, lengths: [512, 1, 65], maxLength: 512 },
  { name: "XLNet, segments, 1 to 300 tokens", config: xlnet, lengths: [1, 2, 17, 33, 64, 300], types: 3 },
  { name: "XLNet, longer than any BERT", config: xlnet, lengths: [1100, 5], steps: 3 },
  // The distances of long texts cost transformers a second a step.
  { name: "DeBERTa v3, 1 to 512 tokens", config: debertaV3, lengths: [1, 2, 33, 128, 129, 512], steps: 3 },
  { name: "DeBERTa v3, longer than its buckets reach", config: debertaV3, lengths: [600, 40], steps: 3 },
  {
    name: "DeBERTa v2-xlarge, with a convolution and segments",
    config: { ...debertaV3, conv_kernel_size: 3, conv_act: "gelu", type_vocab_size: 2 },
    lengths: [1, 2, 70, 300],
    types: 2,
    steps: 3,
  },
  {
    name: "DeBERTa, one layer with a convolution",
    config: { ...debertaV3, num_hidden_layers: 1, conv_kernel_size: 3 },
    lengths: [7, 1, 40],
  },
  {
    name: "DeBERTa, a bucket for each distance, projections of its own, positions in the input",
    config: {
      ...debertaV3,
      position_buckets: -1,
      max_relative_positions: 60,
      share_att_key: false,
      norm_rel_ebd: "none",
      position_biased_input: true,
    },
    lengths: [50, 200],
    maxLength: 512,
    steps: 3,
  },
  ...["cls", "mean"].map((classifier_pooling) => ({
    name: `ModernBERT, pooling ${classifier_pooling}`,
    config: { ...releasedModernBert, classifier_pooling },
    lengths: [1, 2, 63, 64, 65, 130, 512],
    maxLength: 8192,
    steps: 3,
    // Five layers of large random weights: torch.autocast is off by 0.011 here, a model cast to bf16 by 0.017.
    bf16: classifier_pooling === "mean",
  })),
];

const labels = 5;

describeParity(
  shapes.map(({ config, lengths, types = 0, maxLength = Number.POSITIVE_INFINITY, ...shape }, i) => ({
    ...shape,
    config: { ...config, num_labels: labels },
    labels,
    maxLength,
    seed: 40 + i,
    batch: randomBatch(lengths, {
      vocabulary: Math.min(config.vocab_size, 280), // below ModernBERT's padding token
      labels,
      types,
      seed: 50 + i,
    }),
  })),
);
