"""One sample of Hugging Face PyTorch; ../ours.mjs is its twin.

In: {directory, set, work: train | predict | start | check, trains, precision, batches: padded | grouped, paddedTo, fused,
batchSize, warmUp, warmUpRows, passes, threads, optimizer}.
Out: {seconds, peakMemory}, the time of each pass over all texts; for a check {logits}, and {loss, gradientNorm} where the
contestant trains.
"""

import json
import re
import sys
import time

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

request = json.loads(sys.argv[1])
directory = request["directory"]
torch.set_num_threads(request["threads"])


def read_texts():
    with open(f"{directory}/texts-{request['set']}.json") as file:
        return json.load(file)


def load():
    return AutoModelForSequenceClassification.from_pretrained(directory, dtype=torch.float32)


def padded(model, texts, rows, width):
    """The ids of the rows and what belongs to them, padded as the architecture asks."""
    left = model.config.model_type == "xlnet"  # it reads the last token

    def pad(values, fill):
        lists = [values[row] for row in rows]
        longest = width or max(map(len, lists))
        fills = [[fill] * (longest - len(row)) for row in lists]
        return torch.tensor([f + row if left else row + f for f, row in zip(fills, lists)])

    inputs = {
        "input_ids": pad(texts["ids"], model.config.pad_token_id or 0),
        "attention_mask": pad([[1] * len(ids) for ids in texts["ids"]], 0),
    }
    if left:
        inputs["token_type_ids"] = pad(texts["types"], 3)
    labels = torch.tensor([texts["labels"][row] for row in rows], dtype=torch.float32)
    return inputs, labels


def by_falling_length(texts):
    return sorted(range(len(texts["ids"])), key=lambda row: -len(texts["ids"][row]))


def all_batches(model, texts):
    grouped = request["batches"] == "grouped"
    rows = by_falling_length(texts) if grouped else list(range(len(texts["ids"])))
    size = request["batchSize"]
    width = None if grouped else request["paddedTo"]
    return [padded(model, texts, rows[i : i + size], width) for i in range(0, len(rows), size)]


def logits_of(model, inputs):
    with torch.autocast("cpu", torch.bfloat16, enabled=request["precision"] == "bf16"):
        logits = model(**inputs).logits
    return logits.float()


def make_optimizer(model):
    options = request["optimizer"]
    exempt = lambda name: name.endswith("bias") or "norm" in name.lower()
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


def training_step(model):
    optimizer = make_optimizer(model)

    def step(inputs, labels):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits_of(model, inputs), labels)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), request["optimizer"]["maxGradientNorm"])
        optimizer.step()
        return {"loss": loss.item(), "gradientNorm": norm.item()}

    return step


def prediction_step(model):
    @torch.inference_mode()
    def step(inputs, labels):
        logits_of(model, inputs).numpy()

    return step


def peak_memory():
    with open("/proc/self/status") as file:
        return 1024 * int(re.search(r"^VmHWM:\s+(\d+) kB$", file.read(), re.MULTILINE)[1])


def measure(step, batches, warm_up):
    for _ in range(request["warmUp"]):
        step(*warm_up)
    seconds = []
    for _ in range(request["passes"]):
        begin = time.perf_counter()
        for batch in batches:
            step(*batch)
        seconds.append(time.perf_counter() - begin)
    return {"seconds": seconds, "peakMemory": peak_memory()}


def train():
    """A whole step warms up: an epoch has thousands, and only the first takes its memory from the system."""
    model = load().train()
    batches = all_batches(model, read_texts())
    return measure(training_step(model), batches, batches[0])


def predict():
    model = load().eval()
    texts = read_texts()
    warm_up = padded(model, texts, by_falling_length(texts)[: request["warmUpRows"]], None)
    return measure(prediction_step(model), all_batches(model, texts), warm_up)


def start():
    """From texts to scores by name, as people use it."""
    classifier = pipeline(
        "text-classification",
        AutoModelForSequenceClassification.from_pretrained(directory),
        tokenizer=AutoTokenizer.from_pretrained(directory),
        top_k=None,
    )
    return {"predictions": classifier(read_texts()["texts"]), "peakMemory": peak_memory()}


def check():
    """With dropout off; of every k-th text, see ../texts.mjs."""
    model = load().eval()
    texts = read_texts()
    step = -(-len(texts["ids"]) // 16)
    rows = list(range(0, len(texts["ids"]), step))
    inputs, labels = padded(model, texts, rows, None)
    with torch.inference_mode():
        logits = logits_of(model, inputs).flatten().tolist()
    return {"logits": logits, **(training_step(model)(inputs, labels) if request["trains"] else {})}


works = {"train": train, "predict": predict, "start": start, "check": check}
json.dump(works[request["work"]](), sys.stdout)
sys.stdout.flush()
