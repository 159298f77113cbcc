"""Speed and memory of training and prediction against transformers, on the same weights and batches, one run each."""

import random
import tempfile
import time

import torch

from driver import succeeded
from models import ARCHITECTURES, BASE, LABELS, load_model, make_batch, padded, save_model

# The toxic-comments table's training rows, of at most 100 tokens each.
EPOCH_ROWS = 143_614
BATCH_ROWS = 32
LONGEST = 100


def run(setting):
    model_type = "bert"
    sizes = {**ARCHITECTURES["bert"], "max_position_embeddings": LONGEST} if setting.tiny else BASE
    warm, timed = (1, 2) if setting.tiny else (10, 40)
    shuffled, grouped = batches_of(sizes["vocab_size"], warm + timed)
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        save_model(model_type, sizes, folder)
        for precision in ("fp32", "bf16"):
            figures[f"ours, {precision}"] = ours(setting, folder, shuffled, warm, precision)
            for name, batches, length in (("padded", shuffled, LONGEST), ("grouped", grouped, None)):
                for compiled in (False,) if setting.tiny else (False, True):
                    how = f"transformers, {precision}, {name}{', compiled' if compiled else ''}"
                    figures[how] = theirs(setting, folder, batches, warm, precision, length, compiled)
    rows_per_second = {name: figure["trainingRows"] for name, figure in figures.items()}
    return {
        "failed": [],
        "figures": figures,
        "epochSeconds": {name: EPOCH_ROWS / rows for name, rows in rows_per_second.items()},
    }


def batches_of(vocabulary, count):
    """Rows whose lengths are those of short comments, a quarter of them cut: in random order, and grouped by length."""
    draw = random.Random(1)
    lengths = [max(3, min(LONGEST, round(draw.lognormvariate(3.8, 0.9)))) for _ in range(count * BATCH_ROWS)]

    def cut(values):
        return [make_batch(values[i : i + BATCH_ROWS], vocabulary, i) for i in range(0, len(values), BATCH_ROWS)]

    grouped = cut(sorted(lengths))
    draw.shuffle(grouped)
    return cut(lengths), grouped


def ours(setting, folder, batches, warm, precision):
    timed = len(batches) - warm
    training = {"learningRate": 2e-5, "dropout": True}
    actions = [
        {"what": "train", "steps": warm, "training": training},
        {"what": "train", "steps": timed, "first": warm},
        {"what": "predict", "times": warm},
        {"what": "predict", "times": timed, "first": warm},
    ]
    results = [succeeded(result) for result in setting.driver(folder, actions, batches, LABELS, precision)]
    rows = timed * BATCH_ROWS
    return {
        "trainingRows": rows / results[1]["seconds"],
        "predictedRows": rows / results[3]["seconds"],
        "memory": results[1]["memory"],
    }


def theirs(setting, folder, batches, warm, precision, length, compiled):
    model = load_model(folder, setting.device).train()
    run_model = torch.compile(model) if compiled else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, fused=setting.device != "cpu")
    kind = torch.device(setting.device).type
    autocast = torch.autocast(kind, torch.bfloat16, enabled=precision == "bf16")
    timed = len(batches) - warm

    def train(batch):
        inputs, labels = padded(batch, model, length)
        with autocast:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(run_model(**inputs).logits, labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    def predict(batch):
        with torch.inference_mode(), autocast:
            run_model(**padded(batch, model, length)[0]).logits.cpu()

    training = seconds_of(train, batches, warm, setting)
    memory = memory_in_use(setting)
    model.eval()
    prediction = seconds_of(predict, batches, warm, setting)
    rows = timed * BATCH_ROWS
    del model, run_model, optimizer
    if kind != "cpu":
        torch.cuda.empty_cache()
    return {"trainingRows": rows / training, "predictedRows": rows / prediction, "memory": memory}


def seconds_of(body, batches, warm, setting):
    for batch in batches[:warm]:
        body(batch)
    synchronise(setting)
    start = time.perf_counter()
    for batch in batches[warm:]:
        body(batch)
    synchronise(setting)
    return time.perf_counter() - start


def synchronise(setting):
    if setting.device != "cpu":
        torch.cuda.synchronize(setting.device)


def memory_in_use(setting):
    """Of the whole GPU, as the driver counts it for ours; nothing comparable on the CPU, where this process is large."""
    if setting.device == "cpu":
        return None
    free, total = torch.cuda.mem_get_info(setting.device)
    return total - free
