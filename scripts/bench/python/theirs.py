"""One sample of Hugging Face PyTorch; ours.mjs is its twin.

In: {directory, work: train | predict | check, precision, batches: padded | grouped, fused, batchSize, maxLength, passes,
warmUp, threads, optimizer}.
Out: {seconds, peakMemory}, the time of each pass over all rows, or for a check {logits, loss}.
"""

import json
import resource
import sys
import time

import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

request = json.loads(sys.argv[1])
torch.set_num_threads(request["threads"])
texts = load_file(f"{request['directory']}/texts.safetensors")
model = AutoModelForSequenceClassification.from_pretrained(request["directory"], dtype=torch.float32)


def batch_of(rows, width):
    lengths = [int(texts["offsets"][row + 1] - texts["offsets"][row]) for row in rows]
    ids = torch.zeros(len(rows), width or max(lengths), dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for i, (row, length) in enumerate(zip(rows, lengths)):
        begin = int(texts["offsets"][row])
        ids[i, :length] = texts["ids"][begin : begin + length]
        mask[i, :length] = 1
    labels = texts["labels"].view(len(texts["shuffled"]), -1)[rows]
    return {"input_ids": ids, "attention_mask": mask}, labels


def all_batches():
    grouped = request["batches"] == "grouped"
    rows = range(len(texts["shuffled"])) if grouped else texts["shuffled"].tolist()
    size = request["batchSize"]
    width = None if grouped else request["maxLength"]
    return [batch_of(list(rows[i : i + size]), width) for i in range(0, len(rows), size)]


def logits_of(inputs):
    with torch.autocast("cpu", torch.bfloat16, enabled=request["precision"] == "bf16"):
        logits = model(**inputs).logits
    return logits.float()


def make_optimizer():
    options = request["optimizer"]
    exempt = lambda name: name.endswith("bias") or "LayerNorm" in name
    groups = [
        {
            "params": [p for n, p in model.named_parameters() if not exempt(n)],
            "weight_decay": options["weightDecay"],
        },
        {"params": [p for n, p in model.named_parameters() if exempt(n)], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups,
        lr=options["learningRate"],
        betas=(options["beta1"], options["beta2"]),
        eps=options["epsilon"],
        fused=request["fused"],
    )


def trainer():
    model.train()
    optimizer = make_optimizer()

    def step(inputs, labels):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits_of(inputs), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), request["optimizer"]["maxGradientNorm"])
        optimizer.step()
        loss.item()

    return step


def predictor():
    model.eval()

    @torch.inference_mode()
    def step(inputs, labels):
        logits_of(inputs).numpy()

    return step


def measure(step):
    batches = all_batches()
    longest = max(batches, key=lambda batch: batch[0]["input_ids"].numel())
    for _ in range(request["warmUp"]):
        step(*longest)
    seconds = []
    for _ in range(request["passes"]):
        begin = time.perf_counter()
        for batch in batches:
            step(*batch)
        seconds.append(time.perf_counter() - begin)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "peakMemory": 1024 * kilobytes}


@torch.inference_mode()
def check():
    model.eval()
    batches = all_batches()
    logits = [logits_of(inputs) for inputs, _ in batches]
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits[0], batches[0][1])
    return {"logits": torch.cat(logits).flatten().tolist(), "loss": loss.item()}


works = {"train": lambda: measure(trainer()), "predict": lambda: measure(predictor()), "check": check}
json.dump(works[request["work"]](), sys.stdout)
