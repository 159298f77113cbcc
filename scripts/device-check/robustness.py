"""What must not go wrong: too little memory, many steps, an access that is not allowed."""

import shutil
import tempfile

from comparing import TRAINING
from driver import succeeded
from models import ARCHITECTURES, LABELS, make_batch, save_model
from setting import NEEDS_GPU


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


def sanitizer(setting):
    """Two steps and a prediction of several architectures under compute-sanitizer, which sees forbidden accesses."""
    if setting.tiny:
        return NEEDS_GPU
    program = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if program is None:
        return {"failed": [], "notRun": "there is no compute-sanitizer"}
    actions = [{"what": "train", "steps": 2, "training": {**TRAINING, "dropout": True}}, {"what": "predict"}]
    failed = []
    for model_type in ("bert", "modernbert", "deberta-v2", "xlnet"):
        with tempfile.TemporaryDirectory() as folder:
            sizes = ARCHITECTURES[model_type]
            save_model(model_type, sizes, folder)
            setting.driver.under = [program, "--error-exitcode", "9", "--leak-check", "no"]
            try:
                setting.driver(folder, actions, [make_batch([9, 1, 30], sizes["vocab_size"], 1)], LABELS)
            except RuntimeError as error:
                failed.append(f"{model_type}: {error}")
            finally:
                setting.driver.under = []
    return {"failed": failed}
