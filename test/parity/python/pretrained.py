"""Pretrained models as they lie on the hub, and what transformers makes of them for classification.

In: a list of {directory, classifier, config, base}: a random model, saved into `directory` by itself (base) or with the head
that it is pretrained with; transformers' classifier of it is saved into `classifier`.
Out: a list of {missing, unexpected}: names that transformers had to initialise, and that it did not use.
"""

import json
import sys

import torch
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoModelForPreTraining
from transformers import AutoModelForSequenceClassification, logging

logging.set_verbosity_error()  # what is missing is the answer here


def make(config, base):
    if base:
        return AutoModel.from_config(config)
    try:
        return AutoModelForPreTraining.from_config(config)
    except ValueError:
        return AutoModelForMaskedLM.from_config(config)


def answer(request):
    fields = dict(request["config"])
    config = AutoConfig.for_model(fields.pop("model_type"), **fields)
    make(config, request["base"]).save_pretrained(request["directory"])
    model, report = AutoModelForSequenceClassification.from_pretrained(
        request["directory"], output_loading_info=True, dtype=torch.float32
    )
    model.save_pretrained(request["classifier"])
    return {"missing": sorted(report["missing_keys"]), "unexpected": sorted(report["unexpected_keys"])}


torch.set_num_threads(1)
json.dump([answer(request) for request in json.load(sys.stdin)], sys.stdout)
