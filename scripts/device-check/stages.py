"""The stages: each takes the setting and returns what it found, with a list `failed` of what is not as it must be."""

import tempfile

import torch

import bench
import experiments
import memory
import node
import robustness
from comparing import LENGTHS, TRAINING, judged, largest, relative
from driver import succeeded
from models import ARCHITECTURES, LABELS, load_model, make_batch, padded, save_model


def loss_of(logits, labels):
    return torch.nn.functional.binary_cross_entropy_with_logits(logits.float(), labels)


def parity(setting):
    """Logits of every architecture against transformers on the same device, and against the CPU's kernels."""
    figures = {}
    for model_type, sizes in ARCHITECTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            save_model(model_type, sizes, folder)
            batch = make_batch(LENGTHS, sizes["vocab_size"], seed=2)
            theirs = load_model(folder, setting.device)
            with torch.no_grad():
                expected = theirs(**padded(batch, theirs)[0]).logits.cpu().flatten()

            def logits(**how):
                return succeeded(setting.driver(folder, [{"what": "predict"}], [batch], LABELS, **how)[0])["logits"]

            def off(**how):
                return (torch.tensor(logits(**how)).sigmoid() - expected.sigmoid()).abs().max().item()

            ours = logits()
            figures[model_type] = {
                "logits": largest(ours, expected.tolist()),
                "kernels": largest(ours, logits(kernels=True)),
                "bf16": off(precision="bf16"),
                **({} if setting.tiny else {"tf32": off(experiments=("tf32",))}),
            }
    return judged(figures)


def gradients(setting):
    """Every gradient of every architecture against PyTorch's, relative to its norm."""
    figures = {}
    for model_type, sizes in ARCHITECTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            save_model(model_type, sizes, folder)
            batch = make_batch(LENGTHS, sizes["vocab_size"], seed=3)
            theirs = load_model(folder, setting.device)
            inputs, labels = padded(batch, theirs)
            loss_of(theirs(**inputs).logits, labels).backward()
            ours = succeeded(setting.driver(folder, [{"what": "gradients"}], [batch], LABELS)[0])["gradients"]
            expected = {name: p.grad.cpu().flatten() for name, p in theirs.named_parameters() if p.grad is not None}
            whole = torch.stack([one.norm() for one in expected.values()]).norm()
            figures[model_type] = {"gradients": max(relative(ours[name], one, whole) for name, one in expected.items())}
    return judged(figures)


def curves(setting):
    """The losses of many AdamW steps against PyTorch's and against the CPU's kernels."""
    steps = 20 if setting.tiny else 200
    with tempfile.TemporaryDirectory() as folder:
        save_model("bert", ARCHITECTURES["bert"], folder)
        batches = [make_batch(LENGTHS, 120, seed) for seed in range(10)]
        action = {"what": "train", "steps": steps, "training": TRAINING}
        ours = succeeded(setting.driver(folder, [action], batches, LABELS)[0])["losses"]
        kernels = succeeded(setting.driver(folder, [action], batches, LABELS, kernels=True)[0])["losses"]
        expected = their_losses(load_model(folder, setting.device), batches, steps)
    found = judged({"PyTorch": {"losses": largest(ours, expected)}, "kernels": {"losses": largest(ours, kernels)}})
    return {**found, "steps": steps, "ours": ours, "theirs": expected}


def their_losses(model, batches, steps):
    def exempt(name):
        return "bias" in name or "norm" in name.lower()

    named = list(model.named_parameters())
    groups = [
        {"params": [p for name, p in named if not exempt(name)], "weight_decay": 0.01},
        {"params": [p for name, p in named if exempt(name)], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=TRAINING["learningRate"])
    losses = []
    for step in range(steps):
        inputs, labels = padded(batches[step % len(batches)], model)
        loss = loss_of(model(**inputs).logits, labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


ALL = {
    "parity": parity,
    "gradients": gradients,
    "curves": curves,
    "flash": experiments.flash,
    "graphs": experiments.graphs,
    "memory": memory.run,
    "out-of-memory": robustness.out_of_memory,
    "soak": robustness.soak,
    "sanitizer": robustness.sanitizer,
    "node": node.run,
    "bench-fp32": bench.stage("fp32"),
    "bench-tf32": bench.stage("tf32"),
    "bench-bf16": bench.stage("bf16"),
}
