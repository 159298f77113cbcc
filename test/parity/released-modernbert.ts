// A small ModernBERT in the fields of its first release.

/** As the first release wrote it: no layer_types, no rope_parameters. */
export const releasedModernBert = {
  model_type: "modernbert",
  vocab_size: 300,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 5,
  num_attention_heads: 2,
  max_position_embeddings: 8192,
  local_attention: 128,
  global_attn_every_n_layers: 3,
  global_rope_theta: 160000.0,
  local_rope_theta: 10000.0,
  pad_token_id: 283,
};
