// Random small config.json of every architecture, drawn from a seed, and batches for them.
import { generator, type Random } from "../../src/base/random.js";
import type { ParityCase } from "./describe-parity.js";
import { randomBatch } from "./models.js";

interface RandomConfig {
  readonly config: Readonly<Record<string, unknown>> & { readonly model_type: string };
  readonly labels: number;
  readonly vocabulary: number;
  /** Segments that a batch may use; 0 where the architecture has none. */
  readonly types: number;
  /** Longest row in tokens; infinite where the architecture sets no limit. */
  readonly maxLength: number;
}

/** transformers' ACT2FN, but for prelu and xielu: those have parameters of their own. */
const activations = [
  ...["gelu", "gelu_10", "gelu_accurate", "gelu_fast", "gelu_new", "gelu_python", "gelu_python_tanh"],
  ...["gelu_pytorch_tanh", "hardswish", "laplace", "leaky_relu", "linear", "mish", "quick_gelu", "relu"],
  ...["relu2", "relu6", "sigmoid", "silu", "sqrtsoftplus", "swish", "tanh"],
];

type Draw = (random: Random) => RandomConfig;

const between = (random: Random, least: number, most: number) => least + random.below(most - least + 1);

function oneOf<T>(random: Random, values: readonly T[]): T {
  return values[random.below(values.length)]!;
}

/** The fields that BERT shares with its descendants. */
function bertLike(random: Random) {
  const heads = between(random, 1, 4);
  return {
    vocab_size: between(random, 30, 200),
    hidden_size: heads * oneOf(random, [4, 5, 8, 16]),
    num_hidden_layers: between(random, 1, 4),
    num_attention_heads: heads,
    intermediate_size: between(random, 7, 90),
    hidden_act: oneOf(random, activations),
    max_position_embeddings: between(random, 8, 70),
    type_vocab_size: between(random, 1, 4),
    pad_token_id: random.below(4),
    layer_norm_eps: oneOf(random, [1e-12, 1e-6, 1e-5]),
    hidden_dropout_prob: oneOf(random, [0, 0.1]),
    attention_probs_dropout_prob: oneOf(random, [0, 0.2]),
    num_labels: between(random, 1, 40),
  };
}

const classifierDropout = (random: Random) => ({ classifier_dropout: oneOf(random, [null, 0, 0.3]) });

/** `skipped` is the number of positions that no token has. */
function described<T extends ReturnType<typeof bertLike> & { readonly model_type: string }>(
  config: T,
  skipped = 0,
): RandomConfig {
  return {
    config: { ...config },
    labels: config.num_labels,
    vocabulary: config.vocab_size,
    types: config.type_vocab_size,
    maxLength: config.max_position_embeddings - skipped,
  };
}

function roberta(model_type: string): Draw {
  return (random) => {
    const config = { model_type, ...bertLike(random), ...classifierDropout(random) };
    return described(config, config.pad_token_id + 1);
  };
}

function electra(random: Random): RandomConfig {
  const shared = bertLike(random);
  const embedding_size = oneOf(random, [shared.hidden_size, 6, 33]);
  return described({ model_type: "electra", ...shared, embedding_size, ...classifierDropout(random) });
}

function albert(random: Random): RandomConfig {
  const shared = bertLike(random);
  const config = {
    model_type: "albert",
    ...shared,
    embedding_size: oneOf(random, [shared.hidden_size, 6, 33]),
    num_hidden_groups: between(random, 1, shared.num_hidden_layers),
    inner_group_num: between(random, 1, 2),
    classifier_dropout_prob: oneOf(random, [0, 0.1]),
  };
  return described(config);
}

function deberta(random: Random): RandomConfig {
  const { type_vocab_size: _, ...shared } = bertLike(random);
  const config = {
    model_type: "deberta-v2",
    ...shared,
    type_vocab_size: random.below(3),
    embedding_size: oneOf(random, [shared.hidden_size, 6, 33]),
    relative_attention: random.below(4) > 0,
    position_biased_input: random.below(2) === 1,
    pos_att_type: oneOf(random, [["c2p", "p2c"], "p2c|c2p", ["c2p"], "p2c", []]),
    share_att_key: random.below(2) === 1,
    norm_rel_ebd: oneOf(random, ["none", "layer_norm"]),
    // Half of the buckets must be fewer than the distances.
    position_buckets: oneOf(random, [-1, 2, 5, 12]),
    max_relative_positions: oneOf(random, [-1, 8, 30]),
    conv_kernel_size: oneOf(random, [0, 3, 5]),
    conv_groups: oneOf(random, [1, shared.num_attention_heads]),
    conv_act: oneOf(random, activations),
    pooler_hidden_act: oneOf(random, activations),
    pooler_dropout: oneOf(random, [0, 0.1]),
    cls_dropout: oneOf(random, [null, 0.2]),
    layer_norm_eps: oneOf(random, [1e-7, 1e-5]),
  };
  const { position_biased_input, max_position_embeddings } = config;
  return {
    config,
    labels: config.num_labels,
    vocabulary: config.vocab_size,
    types: config.type_vocab_size,
    maxLength: position_biased_input ? max_position_embeddings : Number.POSITIVE_INFINITY,
  };
}

function distilbert(random: Random): RandomConfig {
  const heads = between(random, 1, 4);
  const config = {
    model_type: "distilbert",
    vocab_size: between(random, 30, 200),
    dim: heads * oneOf(random, [4, 5, 8, 16]),
    n_layers: between(random, 1, 4),
    n_heads: heads,
    hidden_dim: between(random, 7, 90),
    activation: oneOf(random, activations),
    max_position_embeddings: between(random, 8, 70),
    sinusoidal_pos_embds: random.below(2) === 1,
    pad_token_id: random.below(4),
    dropout: oneOf(random, [0, 0.1]),
    attention_dropout: oneOf(random, [0, 0.2]),
    seq_classif_dropout: oneOf(random, [0, 0.2]),
    num_labels: between(random, 1, 40),
  };
  return {
    config,
    labels: config.num_labels,
    vocabulary: config.vocab_size,
    types: 0,
    maxLength: config.max_position_embeddings,
  };
}

function xlnet(random: Random): RandomConfig {
  const heads = between(random, 1, 4);
  const config = {
    model_type: "xlnet",
    vocab_size: between(random, 30, 200),
    d_model: heads * oneOf(random, [4, 6, 8, 16]), // even: half of it is sines
    n_layer: between(random, 1, 4),
    n_head: heads,
    d_inner: between(random, 7, 90),
    ff_activation: oneOf(random, activations),
    clamp_len: oneOf(random, [-1, 5]),
    layer_norm_eps: oneOf(random, [1e-12, 1e-6, 1e-5]),
    dropout: oneOf(random, [0, 0.1]),
    summary_last_dropout: oneOf(random, [0, 0.1]),
    num_labels: between(random, 1, 40),
  };
  return {
    config,
    labels: config.num_labels,
    vocabulary: config.vocab_size,
    types: 3,
    maxLength: Number.POSITIVE_INFINITY,
  };
}

/** Its windows are small: most texts are longer than what a token sees. */
function modernbert(random: Random): RandomConfig {
  const heads = between(random, 1, 4);
  const layers = between(random, 1, 4);
  const rotary = (theta: number) =>
    oneOf(random, [
      { rope_type: "default", rope_theta: theta },
      { rope_type: "linear", rope_theta: theta, factor: 2.5 },
    ]);
  const config = {
    model_type: "modernbert",
    vocab_size: between(random, 30, 200),
    hidden_size: heads * oneOf(random, [4, 6, 16, 34]), // even: halves are turned together
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: between(random, 7, 90),
    hidden_activation: oneOf(random, activations),
    max_position_embeddings: between(random, 8, 70),
    norm_eps: oneOf(random, [1e-5, 1e-6]),
    norm_bias: random.below(2) === 1,
    attention_bias: random.below(2) === 1,
    mlp_bias: random.below(2) === 1,
    classifier_bias: random.below(2) === 1,
    pad_token_id: random.below(4),
    local_attention: between(random, 0, 24),
    layer_types: Array.from({ length: layers }, () => oneOf(random, ["full_attention", "sliding_attention"])),
    rope_parameters: { full_attention: rotary(160000), sliding_attention: rotary(100) },
    classifier_pooling: oneOf(random, ["cls", "mean"]),
    classifier_activation: oneOf(random, activations),
    embedding_dropout: oneOf(random, [0, 0.1]),
    attention_dropout: oneOf(random, [0, 0.1]),
    mlp_dropout: oneOf(random, [0, 0.1]),
    classifier_dropout: oneOf(random, [0, 0.1]),
    num_labels: between(random, 1, 40),
  };
  return {
    config,
    labels: config.num_labels,
    vocabulary: config.vocab_size,
    types: 0,
    maxLength: config.max_position_embeddings,
  };
}

function bert(random: Random): RandomConfig {
  return described({ model_type: "bert", ...bertLike(random), ...classifierDropout(random) });
}

/** How the configurations of each `model_type` are drawn. */
export const draws: Readonly<Record<string, Draw>> = {
  albert,
  bert,
  camembert: roberta("camembert"),
  "deberta-v2": deberta,
  distilbert,
  electra,
  modernbert,
  roberta: roberta("roberta"),
  "xlm-roberta": roberta("xlm-roberta"),
  xlnet,
};

/** What the architectures call the activation of their feed-forward layers. */
const activationFields = ["hidden_act", "activation", "ff_activation", "hidden_activation"];

/**
 * Cases of every architecture: rows as long as the model takes, rows of one token, and others, with segments or without.
 * They take the activations in turn, so that none is left to chance.
 */
export function randomCases(seed: number, count: (modelType: string) => number): ParityCase[] {
  let turn = 0;
  const draw = (modelType: string, index: number): ParityCase => {
    const name = `${modelType} ${index}`;
    const random = generator(seed, name);
    const { config, vocabulary, labels, types, maxLength } = draws[modelType]!(random);
    const activation = activationFields.find((field) => field in config)!;
    const longest = Math.min(maxLength, 70);
    const some = Array.from({ length: random.below(6) }, () => 1 + random.below(longest));
    const lengths = [...some, index % 2 === 0 ? longest : 1];
    const used = index % 3 === 0 ? 0 : types;
    return {
      name,
      config: { ...config, [activation]: activations[turn++ % activations.length] },
      labels,
      batch: randomBatch(lengths, { vocabulary, labels, types: used, seed: seed + index }),
      maxLength,
      seed: seed + index,
    };
  };
  return Object.keys(draws).flatMap((modelType) =>
    Array.from({ length: count(modelType) }, (_, index) => draw(modelType, index)),
  );
}
