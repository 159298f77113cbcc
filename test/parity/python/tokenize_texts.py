"""Token ids of transformers' tokenizers: a JSON list of cases in, a JSON list of lists of id lists out."""

import json
import sys

from transformers import AutoTokenizer, BertTokenizerFast, PreTrainedTokenizerFast, logging

logging.set_verbosity_error()  # "sequence is longer than the maximum" is no news here


def encode(case):
    if case["kind"] == "file":  # tokenizer.json and nothing else, which some tokenizer classes only take a part of
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=f"{case['directory']}/tokenizer.json")
    else:
        kind = BertTokenizerFast if case["kind"] == "bert" else AutoTokenizer
        tokenizer = kind.from_pretrained(case["directory"], **case["options"])
    if "saveTo" in case:
        tokenizer.save_pretrained(case["saveTo"])
    return tokenizer(case["texts"], truncation=True, max_length=case["maxLength"], padding=False)["input_ids"]


json.dump([encode(case) for case in json.load(sys.stdin)], sys.stdout)
