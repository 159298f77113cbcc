"""The stages: each takes the setting and returns what it found, with a list `failed` of what is not as it must be."""

import tempfile
from dataclasses import dataclass

import torch

import bench
from driver import Driver, succeeded
from models import ARCHITECTURES, LABELS, load_model, make_batch, padded, save_model


@dataclass
class Setting:
    device: str
    driver: Driver

    @property
    def tiny(self):
        return self.device == "cpu"


LENGTHS = [37, 1, 12, 60, 5, 24]
TRAINING = {"learningRate": 3e-4, "weightDecay": 0.01, "dropout": False}
BOUNDS = {"logits": 1e-4, "kernels": 1e-4, "bf16": 1e-2, "gradients": 1e-3, "losses": 1e-2}


def largest(a, b):
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def judged(figures):
    """Figures by name of case, and the names of those beyond their bounds."""
    failed = [
        f"{case}: {name} is {value:.1e}, expected at most {BOUNDS[name]:.0e}"
        for case, values in figures.items()
        for name, value in values.items()
        if not value <= BOUNDS[name]
    ]
    return {"failed": failed, "figures": figures, "bounds": BOUNDS}


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

            ours = logits()
            bf16 = torch.tensor(logits(precision="bf16")).sigmoid()
            figures[model_type] = {
                "logits": largest(ours, expected.tolist()),
                "kernels": largest(ours, logits(kernels=True)),
                "bf16": (bf16 - expected.sigmoid()).abs().max().item(),
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


def relative(ours, expected, whole):
    # What is zero in exact arithmetic, such as a key's bias, has only roundings to be relative to.
    size = expected.norm()
    return ((torch.tensor(ours) - expected).norm() / (whole if size < 1e-6 * whole else size)).item()


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


def out_of_memory(setting):
    """A step with too little memory is computed in parts, with the same loss and gradient norm, and training goes on."""
    sizes = {**ARCHITECTURES["bert"], "hidden_size": 64, "max_position_embeddings": 512}
    rows, free = (64, 96 << 20) if setting.tiny else (512, 400 << 20)
    with tempfile.TemporaryDirectory() as folder:
        save_model("bert", sizes, folder)
        batches = [make_batch([9], 120, seed=5), make_batch([400] * rows, 120, seed=4)]
        # The first step, of a small batch, makes all that a process makes once.
        small = {"what": "train", "steps": 1, "training": TRAINING}
        large = {"what": "train", "steps": 1, "first": 1}
        enough = [succeeded(one) for one in setting.driver(folder, [small, large], batches, LABELS)][1]
        actions = [small, {"what": "leave free", "bytes": free}, large, {**small, "first": 0}]
        results = [succeeded(one) for one in setting.driver(folder, actions, batches, LABELS)]
        short, again = results[2], results[3]
    failed = []
    if short["parts"] < 2:
        failed.append("memory was not short: the step was computed in one part")
    for name in ("losses", "gradientNorms"):
        if not abs(short[name][0] / enough[name][0] - 1) < 1e-4:
            failed.append(f"{name}: {short[name][0]} in parts, {enough[name][0]} in one")
    return {"failed": failed, "parts": [enough["parts"], short["parts"], again["parts"]]}


def soak(setting):
    """Many steps over batches of many shapes: losses stay finite, and memory does not grow."""
    times = 30 if setting.tiny else 3000
    with tempfile.TemporaryDirectory() as folder:
        save_model("bert", ARCHITECTURES["bert"], folder)
        batches = [make_batch([1 + (i * k) % 70 for i in range(1, 9)], 120, k) for k in range(1, 40)]
        train = {"what": "train", "steps": times, "training": {**TRAINING, "dropout": True}}
        results = setting.driver(folder, [train, {**train, "training": TRAINING}], batches, LABELS)
    losses = [loss for result in results for loss in succeeded(result)["losses"]]
    memory = [result["memory"] for result in results]
    failed = ["a loss is not finite"] if None in losses else []
    if memory[1] > memory[0] * 1.05 + (64 << 20):
        failed.append(f"memory grew from {memory[0]} to {memory[1]} bytes")
    return {"failed": failed, "steps": 2 * times, "memory": memory}


ALL = {
    "parity": parity,
    "gradients": gradients,
    "curves": curves,
    "out-of-memory": out_of_memory,
    "soak": soak,
    "bench": bench.run,
}
