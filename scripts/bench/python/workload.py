"""Writes what both sides of the benchmark read: a model directory with texts.safetensors in it.

In: {directory, model: {layers, hidden, intermediate} or the path of a model directory, batches, batchSize, maxLength}.
Out: {lengths}, the length of each row in tokens.

texts.safetensors: ids and labels of the rows one after the other, offsets [rows + 1], and shuffled [rows], a random order.
The rows are sorted by length, and each batchSize of them is a batch of length-grouped training.
"""

import json
import math
import sys

import numpy
import torch
from safetensors.numpy import save_file
from transformers import AutoModelForSequenceClassification, BertConfig

LABELS = 6
SEED = 1
# Words of a comment in the Toxic Comment data: a log-normal with the data's mean (67.27) and standard deviation (99.23).
MEDIAN_WORDS, MEAN_WORDS = 37.8, 67.27
TOKENS_PER_WORD = 1.4
CLS, SEP, FIRST_WORD, VOCABULARY = 101, 102, 1000, 30522  # bert-base-uncased
GROUP = 50  # batches that transformers' Trainer sorts together when it groups by length

request = json.loads(sys.argv[1])
random = numpy.random.default_rng(SEED)


def lengths_of_rows():
    """Every k-th batch of a whole sorted group: a few rows with the lengths of many, grouped as tightly as in real use."""
    rows = GROUP * request["batchSize"]
    sigma = math.sqrt(2 * math.log(MEAN_WORDS / MEDIAN_WORDS))
    words = random.lognormal(math.log(MEDIAN_WORDS), sigma, rows)
    lengths = numpy.minimum(numpy.rint(TOKENS_PER_WORD * words) + 2, request["maxLength"]).astype(int)
    group = numpy.sort(lengths).reshape(GROUP, request["batchSize"])
    chosen = [int((i + 0.5) * GROUP / request["batches"]) for i in range(request["batches"])]
    return group[chosen].flatten()


def write_texts(lengths):
    offsets = numpy.concatenate([[0], numpy.cumsum(lengths)])
    ids = random.integers(FIRST_WORD, VOCABULARY, offsets[-1])
    ids[offsets[:-1]] = CLS
    ids[offsets[1:] - 1] = SEP
    tensors = {
        "ids": ids.astype(numpy.int32),
        "offsets": offsets.astype(numpy.int32),
        "labels": (random.random(len(lengths) * LABELS) < 0.1).astype(numpy.float32),
        "shuffled": random.permutation(len(lengths)).astype(numpy.int32),
    }
    save_file(tensors, f"{request['directory']}/texts.safetensors")


def write_model():
    torch.manual_seed(SEED)  # of a random model, and of the head of a pretrained one
    labels = {"num_labels": LABELS, "problem_type": "multi_label_classification"}
    if isinstance(request["model"], str):
        model = AutoModelForSequenceClassification.from_pretrained(
            request["model"], **labels, dtype=torch.float32
        )
    else:
        shape = request["model"]
        config = BertConfig(
            vocab_size=VOCABULARY,
            num_hidden_layers=shape["layers"],
            hidden_size=shape["hidden"],
            num_attention_heads=shape["hidden"] // 64,
            intermediate_size=shape["intermediate"],
            **labels,
        )
        model = AutoModelForSequenceClassification.from_config(config)
    model.save_pretrained(request["directory"])


lengths = lengths_of_rows()
write_texts(lengths)
write_model()
json.dump({"lengths": lengths.tolist()}, sys.stdout)
