"""Figures, and what they may be at most."""

import torch

LENGTHS = [37, 1, 12, 60, 5, 24]
TRAINING = {"learningRate": 3e-4, "weightDecay": 0.01, "dropout": False}
BOUNDS = {
    "logits": 1e-4,
    "kernels": 1e-4,
    "bf16": 1e-2,
    "tf32": 1e-2,
    "gradients": 1e-3,
    "losses": 1e-2,
    # Of the same operations, and of the same but for the order of sums.
    "again": 0.0,
    "recorded": 1e-4,
}


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


def relative(ours, expected, whole):
    # What is zero in exact arithmetic, such as a key's bias, has only roundings to be relative to.
    size = expected.norm()
    return ((torch.tensor(ours) - expected).norm() / (whole if size < 1e-6 * whole else size)).item()
