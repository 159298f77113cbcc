"""Fine-tunes a model with Hugging Face in PyTorch, on given rows in a given order; see compare-finetuning.mjs.

One parameter: a JSON file {model, rows, labels, orders, validation, seed, batchSize, warmup, learningRate, answer}. Writes to
`answer` a list with {microF1, loss, seconds} of each epoch.
"""

import json
import sys
import time

import torch
from sklearn.metrics import f1_score
from transformers import AutoModelForSequenceClassification, get_linear_schedule_with_warmup

request = json.load(open(sys.argv[1]))
torch.manual_seed(request["seed"])
model = AutoModelForSequenceClassification.from_pretrained(request["model"], dtype=torch.float32)
rows = request["rows"]
labels = torch.tensor(request["labels"], dtype=torch.float32).view(len(rows), -1)


def batches(order):
    size = request["batchSize"]
    return [order[i : i + size] for i in range(0, len(order), size)]


def logits_of(chosen):
    longest = max(len(rows[i]) for i in chosen)
    ids = torch.tensor([rows[i] + [0] * (longest - len(rows[i])) for i in chosen])
    mask = torch.tensor([[1] * len(rows[i]) + [0] * (longest - len(rows[i])) for i in chosen])
    return model(input_ids=ids, attention_mask=mask).logits


def exempt(name):
    return "bias" in name or "LayerNorm" in name


optimizer = torch.optim.AdamW(
    [
        {"params": [p for n, p in model.named_parameters() if not exempt(n)], "weight_decay": 0.01},
        {"params": [p for n, p in model.named_parameters() if exempt(n)], "weight_decay": 0.0},
    ],
    lr=request["learningRate"],
    fused=True,
)
steps = sum(len(batches(order)) for order in request["orders"])
schedule = get_linear_schedule_with_warmup(optimizer, round(request["warmup"] * steps), steps)

epochs = []
for order in request["orders"]:
    started = time.time()
    model.train()
    losses = []
    for chosen in batches(order):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits_of(chosen), labels[chosen])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        by_length = sorted(request["validation"], key=lambda i: len(rows[i]))
        decided = torch.cat([logits_of(chosen) > 0 for chosen in batches(by_length)])
    score = f1_score(labels[by_length], decided, average="micro", zero_division=0)
    epochs.append({"microF1": score, "loss": sum(losses) / len(losses), "seconds": time.time() - started})
    print(f"  Hugging Face, epoch {len(epochs)}: {score:.4f}", file=sys.stderr, flush=True)

json.dump(epochs, open(request["answer"], "w"))
