"""Writes what all contestants read: a Hugging Face directory, and beside it sets of texts.

In: {directory, tokenizer: the directory of BERT's tokenizer, model: {type: bert | xlnet, layers, hidden, intermediate}, or
the path of a model}.
Out: {lengths: {set: [tokens of each text]}}.

A set is texts-NAME.json: {texts, ids, types, labels}, one entry a text. The texts are English words that are one token each.
"""

import json
import math
import sys

import numpy
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    PreTrainedTokenizerFast,
    XLNetConfig,
)

LABELS = 6
SEED = 1
LONGEST = 512
# Words of a comment in the Toxic Comment data: a log-normal with the data's mean (67.27) and standard deviation (99.23).
MEDIAN_WORDS, MEAN_WORDS = 37.8, 67.27
TOKENS_PER_WORD = 1.4
GROUP = 50  # batches that transformers' Trainer sorts together when it groups by length

request = json.loads(sys.argv[1])
random = numpy.random.default_rng(SEED)


def comment_lengths(count, longest):
    sigma = math.sqrt(2 * math.log(MEAN_WORDS / MEDIAN_WORDS))
    words = random.lognormal(math.log(MEDIAN_WORDS), sigma, count)
    return numpy.clip(numpy.rint(TOKENS_PER_WORD * words) + 2, 3, longest).astype(int)


def grouped_lengths(batches, batch_size, longest):
    """Every k-th batch of a sorted group: a few rows with the lengths of many, grouped as tightly as in real use."""
    group = numpy.sort(comment_lengths(GROUP * batch_size, longest)).reshape(GROUP, batch_size)
    chosen = [int((i + 0.5) * GROUP / batches) for i in range(batches)]
    return random.permutation(group[chosen].flatten())


def typical_batch(batch_size, longest):
    """Of many random batches the one that wastes a median share on padding."""
    batches = [comment_lengths(batch_size, longest) for _ in range(101)]
    return sorted(batches, key=lambda lengths: lengths.max() / lengths.mean())[50]


def english_words(tokenizer):
    """The words of BERT's vocabulary, the frequent ones first."""
    by_id = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    return [word for word, _ in by_id if word.isascii() and word.isalpha() and len(word) > 2]


def xlnet_tokenizer(words):
    """XLNet's own is not free to copy; this one puts its special tokens where XLNet's does."""
    special = ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>"]
    vocabulary = {token: i for i, token in enumerate([*special, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A:0 <sep>:0 <cls>:2", special_tokens=[("<sep>", 4), ("<cls>", 3)]
    )
    tokenizer.add_special_tokens(special)
    names = {"unk_token": "<unk>", "sep_token": "<sep>", "cls_token": "<cls>", "pad_token": "<pad>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, padding_side="left", pad_token_type_id=3, **names
    )


def bert_tokenizer():
    tokenizer = AutoTokenizer.from_pretrained(request["tokenizer"], model_max_length=LONGEST)
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    return tokenizer


def config_of(shape):
    common = {
        "num_labels": LABELS,
        "problem_type": "multi_label_classification",
        "initializer_range": 0.04,  # about what trained weights have: a fresh model hardly tells one text from another
    }
    heads = shape["hidden"] // 64
    if shape["type"] == "bert":
        return BertConfig(
            num_hidden_layers=shape["layers"],
            hidden_size=shape["hidden"],
            num_attention_heads=heads,
            intermediate_size=shape["intermediate"],
            position_embedding_type="absolute",  # transformers 5 leaves it out, and CTranslate2 asks for it
            **common,
        )
    return XLNetConfig(
        n_layer=shape["layers"],
        d_model=shape["hidden"],
        n_head=heads,
        d_inner=shape["intermediate"],
        **common,
    )


def write_model():
    torch.manual_seed(SEED)  # of a random model, and of the head of a pretrained one
    if isinstance(request["model"], str):
        labels = {"num_labels": LABELS, "problem_type": "multi_label_classification"}
        model = AutoModelForSequenceClassification.from_pretrained(
            request["model"], **labels, dtype=torch.float32
        )
    else:
        model = AutoModelForSequenceClassification.from_config(config_of(request["model"]))
        # A trained model's biases are not all zero; equal ones would even be shared in an ONNX file.
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.data += 0.02 * torch.randn_like(parameter)
    model.save_pretrained(request["directory"])
    return model.config.model_type


def write_texts(name, lengths, words, tokenizer):
    weights = 1 / numpy.arange(1, len(words) + 1)  # Zipf's law
    draw = lambda count: random.choice(words, count, p=weights / weights.sum())
    texts = [" ".join(draw(length - 2)) for length in lengths]
    encoded = tokenizer(texts, return_token_type_ids=True)
    if [len(ids) for ids in encoded["input_ids"]] != list(lengths):
        raise ValueError(f"the texts of {name} have other lengths than planned")
    content = {
        "texts": texts,
        "ids": encoded["input_ids"],
        "types": encoded["token_type_ids"],
        "labels": (random.random((len(texts), LABELS)) < 0.1).astype(int).tolist(),
    }
    with open(f"{request['directory']}/texts-{name}.json", "w") as file:
        json.dump(content, file)


sets = {
    "mixed": grouped_lengths(batches=3, batch_size=32, longest=100),
    "small": grouped_lengths(batches=3, batch_size=16, longest=100),
    "full": numpy.full(16, 128),
    "long": typical_batch(batch_size=32, longest=LONGEST),
    "one": numpy.array([55]),
    "one-short": numpy.array([16]),
    "one-long": numpy.array([200]),
}
model_type = write_model()
bert = bert_tokenizer()
words = english_words(bert)
tokenizer = xlnet_tokenizer(words) if model_type == "xlnet" else bert
tokenizer.save_pretrained(request["directory"])
for name, lengths in sets.items():
    write_texts(name, lengths, words, tokenizer)
json.dump({"lengths": {name: lengths.tolist() for name, lengths in sets.items()}}, sys.stdout)
