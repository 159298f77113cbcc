"""Speed of training and prediction against transformers, on the same weights and batches, one run each.

An epoch is that of the toxic-comments table; its seconds are those of the steps that were timed, times as many.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

import peer as peer_program
from driver import run as run_program
from driver import succeeded
from lengths import EPOCH_ROWS, LONGEST, comment_lengths
from models import ARCHITECTURES, BASE, LABELS, make_batch, save_model

BATCH_ROWS = 32
TRAINING = {"learningRate": 2e-5, "dropout": True}

# What of ours is timed in each precision; experiments are named.
OURS = {"fp32": [(), ("graphs",)], "tf32": [("tf32",), ("tf32", "graphs")], "bf16": [(), ("flash",), ("graphs",), ("flash", "graphs")]}


def stage(precision):
    return lambda setting: run(setting, precision)


def run(setting, precision):
    if setting.tiny and precision == "tf32":
        return {"failed": [], "notRun": "needs a GPU"}
    sizes = sizes_of(setting)
    warm, timed = (2, 2) if setting.tiny else (20, 100)
    batches = shuffled(sizes["vocab_size"], warm + timed)
    by_length = grouped(sizes["vocab_size"], warm + timed)
    figures, failed = {}, []

    def measure(name, body):
        try:
            figures[name] = body()
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            failed.append(f"{name}: {error}")

    with tempfile.TemporaryDirectory() as folder:
        save_model("bert", sizes, folder)
        for experiments in OURS[precision]:
            name = " ".join(["ours", *experiments])
            measure(name, lambda: ours(setting, folder, batches, warm, precision, experiments))
        for padded in (True, False):
            for compiled in (False,) if setting.tiny else (False, True):
                name = f"transformers, {'padded' if padded else 'grouped'}{', compiled' if compiled else ''}"
                rows = batches if padded else by_length
                measure(name, lambda: rates(peer(setting, folder, rows, warm, precision, padded, compiled), timed))
    return {"failed": failed, **judged(figures, setting)}


def judged(figures, setting):
    if setting.tiny:
        return {"figures": {}}
    speed = {name: figure["trainingRows"] for name, figure in figures.items()}
    best = {
        side: max((rows for name, rows in speed.items() if name.startswith(side)), default=None)
        for side in ("ours", "transformers")
    }
    found = {"figures": figures, "epochSeconds": {name: EPOCH_ROWS / rows for name, rows in speed.items()}}
    return {**found, "ratioOfBest": best["ours"] / best["transformers"]} if all(best.values()) else found


def sizes_of(setting):
    return {**ARCHITECTURES["bert"], "max_position_embeddings": LONGEST} if setting.tiny else BASE


def shuffled(vocabulary, count):
    """Batches of the table's lengths in random order."""
    return cut(comment_lengths(count * BATCH_ROWS), vocabulary)


def grouped(vocabulary, count):
    """The same rows, each batch of similar lengths, in random order."""
    batches = cut(sorted(comment_lengths(count * BATCH_ROWS)), vocabulary)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(1)).tolist()
    return [batches[i] for i in order]


def cut(lengths, vocabulary):
    return [make_batch(lengths[i : i + BATCH_ROWS], vocabulary, i) for i in range(0, len(lengths), BATCH_ROWS)]


def ours(setting, folder, batches, warm, precision, experiments):
    timed = len(batches) - warm
    actions = [
        {"what": "train", "steps": warm, "training": TRAINING},
        # A recording is made when a shape comes the second time: shapes of the steps that are timed are made before.
        *([{"what": "train", "steps": 2 * timed, "first": warm}] if "graphs" in experiments else []),
        {"what": "train", "steps": timed, "first": warm},
        {"what": "predict", "times": warm},
        {"what": "predict", "times": timed, "first": warm},
    ]
    number_format = "fp32" if precision == "tf32" else precision
    results = setting.driver(folder, actions, batches, LABELS, number_format, experiments=experiments)
    seconds = [succeeded(result)["seconds"] for result in results]
    return rates({"trainingSeconds": seconds[-3], "predictionSeconds": seconds[-1]}, timed)


def rates(seconds, timed):
    rows = timed * BATCH_ROWS
    return {"trainingRows": rows / seconds["trainingSeconds"], "predictedRows": rows / seconds["predictionSeconds"]}


def peer(setting, folder, batches, warm, precision, padded, compiled):
    """What transformers takes for the same, in a process of its own."""
    job = {
        "device": setting.device,
        "model": str(folder),
        "batches": batches,
        "warm": warm,
        "precision": precision,
        "padded": padded,
        "longest": LONGEST,
        "compiled": compiled,
        "learningRate": TRAINING["learningRate"],
    }
    with tempfile.TemporaryDirectory() as exchange:
        files = [os.path.join(exchange, name) for name in ("job.json", "result.json")]
        Path(files[0]).write_text(json.dumps(job))
        run_program([sys.executable, peer_program.__file__, *files], setting.driver.seconds_left)
        return json.loads(Path(files[1]).read_text())


def used_memory(setting):
    return None if setting.tiny else peer_program.used_memory(torch.device(setting.device))
