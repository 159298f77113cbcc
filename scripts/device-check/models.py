"""A random BERT in transformers, and batches for it."""

import random

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

LABELS = 6

TINY = {"vocab_size": 120, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64}
BASE = {"vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
        "intermediate_size": 3072}


def save_model(sizes, directory):
    """Makes a random BERT and saves it."""
    torch.manual_seed(1)
    config = AutoConfig.for_model("bert", **sizes, num_labels=LABELS)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(directory)


def load_model(directory, device):
    return AutoModelForSequenceClassification.from_pretrained(directory, dtype=torch.float32).to(device)


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

    def side_by_side(values):
        return torch.tensor([row + [0] * (length - len(row)) for row in values], device=model.device)

    inputs = {"input_ids": side_by_side(rows), "attention_mask": side_by_side([[1] * len(row) for row in rows])}
    return inputs, torch.tensor(batch["labels"], device=model.device).view(len(rows), LABELS)
