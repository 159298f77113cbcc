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

import peer
from carried import NEEDS_GPU
from lengths import EPOCH_ROWS, LONGEST, comment_lengths
from models import BASE, TINY, make_batch, save_model

BATCH_ROWS = 32
LEARNING_RATE = 2e-5

# What of ours is timed in each precision; experiments are named.
OURS = {"fp32": [(), ("graphs",)], "tf32": [("tf32",), ("tf32", "graphs")], "bf16": [(), ("flash",), ("graphs",), ("flash", "graphs")]}


def stage(precision):
    return lambda carried: run(carried, precision)


def run(carried, precision):
    if carried.tiny and precision == "tf32":
        return NEEDS_GPU
    sizes = TINY if carried.tiny else BASE
    warm, timed = (2, 2) if carried.tiny else (20, 100)
    batches = shuffled(sizes["vocab_size"], warm + timed)
    by_length = grouped(sizes["vocab_size"], warm + timed)
    figures, failed = {}, []

    def measure(name, body):
        try:
            figures[name] = body()
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            failed.append(f"{name}: {error}")

    with tempfile.TemporaryDirectory() as folder:
        save_model(sizes, folder)
        job = {
            "device": carried.device,
            "model": str(folder),
            "warm": warm,
            "longest": LONGEST,
            "learningRate": LEARNING_RATE,
        }
        for experiments in OURS[precision]:
            if carried.tiny and "flash" in experiments:
                continue  # the CPU has no such kernels
            number_format = "fp32" if precision == "tf32" else precision
            mine = {**job, "batches": batches, "precision": number_format, "experiments": experiments}
            measure(" ".join(["ours", *experiments]), lambda: rates(ours(carried, mine), timed))
        for padded in (True, False):
            for compiled in (False,) if carried.tiny else (False, True):
                name = f"transformers, {'padded' if padded else 'grouped'}{', compiled' if compiled else ''}"
                rows = batches if padded else by_length
                theirs = {**job, "batches": rows, "precision": precision, "padded": padded, "compiled": compiled}
                measure(name, lambda: rates(transformers(carried, theirs), timed))
    return {"failed": failed, **judged(figures, carried)}


def judged(figures, carried):
    if carried.tiny:
        return {"figures": {}}
    speed = {name: figure["trainingRows"] for name, figure in figures.items()}
    best = {
        side: max((rows for name, rows in speed.items() if name.startswith(side)), default=None)
        for side in ("ours", "transformers")
    }
    found = {"figures": figures, "epochSeconds": {name: EPOCH_ROWS / rows for name, rows in speed.items()}}
    return {**found, "ratioOfBest": best["ours"] / best["transformers"]} if all(best.values()) else found


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


def rates(seconds, timed):
    rows = timed * BATCH_ROWS
    return {"trainingRows": rows / seconds["trainingSeconds"], "predictedRows": rows / seconds["predictionSeconds"]}


def ours(carried, job):
    return answered(job, lambda *files: carried.node("scripts/device-check/ours.mjs", *files))


def transformers(carried, job):
    return answered(job, lambda *files: carried.run([sys.executable, peer.__file__, *files]))


def answered(job, program):
    """What a process of its own writes when it was given a job."""
    with tempfile.TemporaryDirectory() as exchange:
        files = [os.path.join(exchange, name) for name in ("job.json", "result.json")]
        Path(files[0]).write_text(json.dumps(job))
        program(*files)
        return json.loads(Path(files[1]).read_text())
