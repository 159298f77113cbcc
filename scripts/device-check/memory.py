"""Memory of a training run of BERT-base against transformers, each in a process of its own."""

import tempfile

import bench
from driver import succeeded
from models import LABELS, save_model


def run(setting):
    """Bytes of the GPU that each took, its context included. On the CPU only whether the stage runs."""
    sizes, steps = bench.sizes_of(setting), 2 if setting.tiny else 20
    batches = bench.shuffled(sizes["vocab_size"], steps)
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        save_model("bert", sizes, folder)
        for precision in ("fp32", "bf16"):
            before = bench.used_memory(setting)
            action = {"what": "train", "steps": steps, "training": bench.TRAINING}
            result = succeeded(setting.driver(folder, [action], batches, LABELS, precision)[0])
            figures[f"ours, {precision}"] = {"bytes": less(result["memory"], before)}
            peer = bench.peer(setting, folder, batches, 1, precision, padded=True, compiled=False)
            figures[f"transformers, {precision}"] = {"bytes": less(peer["memory"], before)}
    return {"failed": [], "figures": {} if setting.tiny else figures}


def less(used, before):
    return None if used is None or before is None else used - before
