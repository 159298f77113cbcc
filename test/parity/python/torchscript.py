"""TorchScript modules on given batches, and what they are made of.

In: a list of {file, directory, batches: [{ids, mask, types?}]}, each `[texts, length]`, null where left out. `directory`
is the same model for transformers.
Out: a list of {logits: [...] for each batch, theirs: [...] of transformers, names: whether the parameters' names are
transformers', files: the extra files, trainable: whether a gradient step changes the logits}.
"""

import json
import sys

import torch
from transformers import AutoModelForSequenceClassification


def inputs_of(batch):
    names = {"ids": "input_ids", "mask": "attention_mask", "types": "token_type_ids"}
    return {names[key]: torch.tensor(value) for key, value in batch.items() if value is not None}


def answer(request):
    files = {"config.json": ""}
    module = torch.jit.load(request["file"], _extra_files=files)
    theirs = AutoModelForSequenceClassification.from_pretrained(request["directory"]).eval()
    inputs = [inputs_of(batch) for batch in request["batches"]]
    with torch.no_grad():
        ours = [module(**batch).flatten().tolist() for batch in inputs]
        expected = [theirs(**batch).logits.flatten().tolist() for batch in inputs]
    module.train()  # changes nothing: there is no dropout in it
    before = module(**inputs[0])
    before.square().mean().backward()
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.grad is not None:
                parameter -= 0.1 * parameter.grad
        after = module(**inputs[0])
    return {
        "logits": ours,
        "theirs": expected,
        "names": sorted(dict(module.named_parameters())) == sorted(dict(theirs.named_parameters())),
        "files": {name: json.loads(text)["model_type"] for name, text in files.items()},
        "trainable": bool((after - before).abs().max() > 0),
        "evaluates": before.flatten().tolist(),
    }


torch.set_num_threads(1)
json.dump([answer(request) for request in json.load(sys.stdin)], sys.stdout)
