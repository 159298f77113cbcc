"""Scores by transformers.pipeline, of models made here or saved by tagformer. Runs with transformers 4 and 5.

In: a list of {directory, texts, make?: {config, seed}}. With `make`, a random model of that configuration and a
tokenizer of its architecture's class are made and saved into the directory first.
Out: for each directory and text, the probability of each label by name.
"""

import json
import string
import sys

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, pipeline

VERSION = int(transformers.__version__.split(".")[0])
WORDS = "the my a parcel is was late please help when will it arrive today again refund login fails money back".split()
LETTERS = list(string.ascii_letters + string.digits + string.punctuation)

# Special tokens in the order of their ids.
BERT_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_TOKENS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
SPECIAL = {
    "albert": ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"],
    "camembert": ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>", "<mask>"],
    "deberta-v2": BERT_TOKENS,
    "modernbert": BERT_TOKENS,
    "roberta": ROBERTA_TOKENS,
    "xlm-roberta": ROBERTA_TOKENS,
    "xlnet": ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eop>", "<eod>"],
}
PADDING = {"albert": 0, "camembert": 1, "roberta": 1, "xlm-roberta": 1, "xlnet": 5}


def word_pieces():
    pieces = dict.fromkeys([*BERT_TOKENS, *WORDS, *LETTERS, *("##" + letter for letter in LETTERS)])
    return {token: i for i, token in enumerate(pieces)}


def unigrams(special):
    pieces = [("▁" + word, -3.0) for word in WORDS] + [("▁", -5.0)] + [(letter, -8.0) for letter in LETTERS]
    return [(token, 0.0) for token in special] + pieces


def byte_pairs(special):
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("i", "s"), ("Ġ", "is"), ("r", "e")]
    vocabulary = {token: i for i, token in enumerate([*special, *alphabet, *("".join(m) for m in merges)])}
    return vocabulary, merges


def backend_of(model_type):
    """The library's tokenizer as transformers 4 converts it from an architecture's original files."""
    special = SPECIAL.get(model_type, BERT_TOKENS)
    if model_type in ("bert", "distilbert", "electra"):
        backend = Tokenizer(models.WordPiece(word_pieces(), unk_token="[UNK]"))
        backend.normalizer = normalizers.BertNormalizer(lowercase=True)
        backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        backend.decoder = decoders.WordPiece()
    elif model_type in ("roberta", "modernbert"):
        vocabulary, merges = byte_pairs(special)
        backend = Tokenizer(models.BPE(vocabulary, merges))
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        backend.decoder = decoders.ByteLevel()
    else:
        unknown = next(i for i, token in enumerate(special) if token.lower() in ("<unk>", "[unk]"))
        backend = Tokenizer(models.Unigram(unigrams(special), unknown))
        if model_type in ("albert", "xlnet"):
            steps = [normalizers.NFKD(), normalizers.StripAccents()]
            backend.normalizer = normalizers.Sequence(
                [*steps, normalizers.Lowercase()] if model_type == "albert" else steps
            )
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace("▁", "always")]
        )
        backend.decoder = decoders.Metaspace("▁", "always")
    first, last = ("<s>", "</s>") if "<s>" in special and model_type != "xlnet" else ("[CLS]", "[SEP]")
    template = f"{first}:0 $A:0 {last}:0"
    if model_type == "xlnet":
        first, last, template = "<cls>", "<sep>", "$A:0 <sep>:0 <cls>:2"
    ids = [(token, backend.token_to_id(token)) for token in (first, last)]
    backend.post_processor = processors.TemplateProcessing(single=template, special_tokens=ids)
    return backend


def tokenizer_of(model_type):
    named = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), BERT_TOKENS))
    if model_type == "modernbert":
        # Its published models have no class of their own, and say which inputs they take.
        inputs = ["input_ids", "attention_mask"]
        backend = backend_of(model_type)
        return transformers.PreTrainedTokenizerFast(tokenizer_object=backend, model_input_names=inputs, **named)
    stem = {
        "albert": "Albert",
        "bert": "Bert",
        "camembert": "Camembert",
        "deberta-v2": "DebertaV2",
        "distilbert": "DistilBert",
        "electra": "Electra" if VERSION == 4 else "Bert",
        "roberta": "Roberta",
        "xlm-roberta": "XLMRoberta",
        "xlnet": "XLNet",
    }[model_type]
    if VERSION == 4:
        return getattr(transformers, f"{stem}TokenizerFast")(tokenizer_object=backend_of(model_type))
    kind = getattr(transformers, f"{stem}Tokenizer")
    if stem in ("Bert", "DistilBert"):
        return kind(vocab=word_pieces())
    if stem == "Roberta":
        vocabulary, merges = byte_pairs(ROBERTA_TOKENS)
        return kind(vocab=vocabulary, merges=merges)
    return kind(vocab=unigrams(SPECIAL[model_type]))


def make(directory, config, seed):
    torch.manual_seed(seed)
    fields = dict(config)
    model_type = fields.pop("model_type")
    tokenizer = tokenizer_of(model_type)
    fields["vocab_size"] = len(tokenizer)
    fields["pad_token_id"] = PADDING.get(model_type, 0)
    model = AutoModelForSequenceClassification.from_config(AutoConfig.for_model(model_type, **fields))
    for parameter in model.parameters():  # so large that every part of the model matters to the scores
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.3)
        else:
            parameter.data += 0.1 * torch.randn_like(parameter)
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)


def scores(directory, texts):
    model = AutoModelForSequenceClassification.from_pretrained(directory)
    classify = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(directory))
    answers = classify(texts, function_to_apply="sigmoid", top_k=None)
    return [{one["label"]: one["score"] for one in answer} for answer in answers]


def answer(request):
    directory = request["directory"]
    if "make" in request:
        make(directory, **request["make"])
    return scores(directory, request["texts"])


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    json.dump([answer(request) for request in json.load(sys.stdin)], sys.stdout)
