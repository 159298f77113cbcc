"""Random models in transformers, and batches for them."""

import random

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

LABELS = 6

SIZES = {"vocab_size": 120, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64}
BERT = {**SIZES, "max_position_embeddings": 80}

ARCHITECTURES = {
    "albert": {**BERT, "embedding_size": 16},
    "bert": BERT,
    "camembert": BERT,
    "deberta-v2": {**BERT, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_buckets": 16},
    "distilbert": {
        "vocab_size": 120,
        "dim": 32,
        "n_layers": 3,
        "n_heads": 4,
        "hidden_dim": 64,
        "max_position_embeddings": 80,
    },
    "electra": {**BERT, "embedding_size": 16},
    "modernbert": {**SIZES, "max_position_embeddings": 80, "local_attention": 16, "pad_token_id": 0},
    "roberta": BERT,
    "xlm-roberta": BERT,
    "xlnet": {"vocab_size": 120, "d_model": 32, "n_layer": 3, "n_head": 4, "d_inner": 64},
}
BASE = {"vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
        "intermediate_size": 3072}


def save_model(model_type, sizes, directory, seed=1):
    """Makes a random model and saves it."""
    torch.manual_seed(seed)
    config = AutoConfig.for_model(model_type, **sizes, num_labels=LABELS)
    model = AutoModelForSequenceClassification.from_config(config)
    for parameter in model.parameters():
        # Larger weights than a fresh model's, so that every part of it matters to the logits.
        if parameter.dim() > 1 and sizes is not BASE:
            torch.nn.init.normal_(parameter, std=0.15)
    model.save_pretrained(directory)
    return directory


def load_model(directory, device, dtype=torch.float32):
    model = AutoModelForSequenceClassification.from_pretrained(directory, dtype=dtype)
    return model.eval().to(device)


def make_batch(lengths, vocabulary, seed):
    """A ragged batch as the engine takes it; ids from 5 on, which are nobody's padding."""
    draw = random.Random(seed)
    offsets = [0]
    for length in lengths:
        offsets.append(offsets[-1] + length)
    return {
        "ids": [draw.randrange(5, vocabulary) for _ in range(offsets[-1])],
        "offsets": offsets,
        "labels": [float(draw.random() < 0.3) for _ in range(len(lengths) * LABELS)],
    }


def rows_of(batch):
    return [batch["ids"][a:b] for a, b in zip(batch["offsets"], batch["offsets"][1:])]


def padded(batch, model, length=None):
    """The same batch as transformers takes it, and its labels."""
    rows = rows_of(batch)
    length = length or max(map(len, rows))
    left = model.config.model_type == "xlnet"  # it reads the last token
    pad = getattr(model.config, "pad_token_id", None) or 0

    def side_by_side(values, fill):
        return torch.tensor(
            [[fill] * (length - len(row)) + row if left else row + [fill] * (length - len(row)) for row in values],
            device=model.device,
        )

    inputs = {"input_ids": side_by_side(rows, pad), "attention_mask": side_by_side([[1] * len(row) for row in rows], 0)}
    return inputs, torch.tensor(batch["labels"], device=model.device).view(len(rows), LABELS)
