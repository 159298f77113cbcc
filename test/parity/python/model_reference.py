"""Models in transformers: their logits, gradients and training losses on given batches.

In: a list of {directory, config?, seed?, ids, offsets, types, labels, steps?}. With a config, a random model is made
and saved into the directory first. Rows are padded as the architecture asks. Labels may hold null (not labelled).
Out: a list of {logits, loss, losses}; the gradients lie in directory/gradients.safetensors.
"""

import json
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForSequenceClassification


def make_model(request):
    directory = request["directory"]
    if "config" in request:
        torch.manual_seed(request.get("seed", 0))
        fields = dict(request["config"])
        config = AutoConfig.for_model(fields.pop("model_type"), **fields)
        model = AutoModelForSequenceClassification.from_config(config)
        # Larger weights than a fresh model's, so that every part of it matters to the logits.
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.15)
            else:
                parameter.data += 0.1 * torch.randn_like(parameter)
        model.save_pretrained(directory)
    return AutoModelForSequenceClassification.from_pretrained(directory, dtype=torch.float32).eval()


def padded(values, offsets, left):
    rows = [values[a:b] for a, b in zip(offsets, offsets[1:])]
    longest = max(map(len, rows))
    fill = [[0] * (longest - len(row)) for row in rows]
    return torch.tensor([pad + row if left else row + pad for row, pad in zip(rows, fill)])


def inputs_of(request, model):
    offsets = request["offsets"]
    left = model.config.model_type == "xlnet"  # it reads the last token
    inputs = {
        "input_ids": padded(request["ids"], offsets, left),
        "attention_mask": padded([1] * offsets[-1], offsets, left),
    }
    if request["types"]:
        inputs["token_type_ids"] = padded(request["types"], offsets, left)
    return inputs


def loss_of(logits, labels):
    labelled = ~labels.isnan()
    return torch.nn.functional.binary_cross_entropy_with_logits(logits[labelled], labels[labelled])


def training_losses(model, inputs, labels, steps):
    def exempt(name):
        return "bias" in name or "norm" in name.lower()

    groups = [
        {"params": [p for n, p in model.named_parameters() if not exempt(n)], "weight_decay": 0.01},
        {"params": [p for n, p in model.named_parameters() if exempt(n)], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=3e-4)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model(**inputs).logits, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def answer(request):
    model = make_model(request)
    inputs = inputs_of(request, model)
    labels = torch.tensor([float("nan") if x is None else x for x in request["labels"]], dtype=torch.float32)
    labels = labels.view(len(request["offsets"]) - 1, -1)
    logits = model(**inputs).logits
    loss = loss_of(logits, labels)
    loss.backward()
    gradients = {n: p.grad.contiguous() for n, p in model.named_parameters() if p.grad is not None}
    save_file(gradients, f"{request['directory']}/gradients.safetensors")
    return {
        "logits": logits.flatten().tolist(),
        "loss": loss.item(),
        "losses": training_losses(model, inputs, labels, request.get("steps", 0)),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)  # the models are small: two threads wait for each other most of the time
    json.dump([answer(request) for request in json.load(sys.stdin)], sys.stdout)
