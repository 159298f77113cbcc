"""The engine as a program (native/test/driver): built, and given jobs."""

import json
import os
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import torch


def build(root):
    """Builds it against the torch of this Python; returns the program."""
    directory = root / "build" / "device-check"
    definitions = {
        "CMAKE_BUILD_TYPE": "Release",
        "TAGFORMER_TORCH": os.path.dirname(torch.__file__),
        "TAGFORMER_TORCH_VERSION": torch.__version__,
    }
    run(["cmake", "-S", root, "-B", directory, *(f"-D{name}={value}" for name, value in definitions.items())])
    build_target(directory, "device_driver")
    return directory / "device_driver"


def build_cuda_library(program):
    """Builds the second library beside a driver that was built; returns why it cannot be, or nothing."""
    try:
        build_target(Path(program).parent, "tagformer_cuda")
        return ""
    except RuntimeError as error:
        return str(error)


def build_target(directory, target):
    run(["cmake", "--build", directory, "--target", target, "--parallel", str(os.cpu_count())])


def run(words, seconds=None, **options):
    words = [str(word) for word in words]
    outcome = subprocess.run(words, capture_output=True, text=True, timeout=seconds, **options)
    if outcome.returncode != 0:
        raise RuntimeError(f"{words[0]} ended with {outcome.returncode}: {(outcome.stdout + outcome.stderr)[-3000:]}")
    return outcome.stdout


# Where the CPU plays the device, its memory is limited by addresses (RLIMIT_AS). glibc reserves 64 MB of them for each
# thread's arena and keeps those of freed tensors; then oneDNN finds no room for its code, however small the batch.
NO_SPARE_ADDRESSES = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "131072"}


class Driver:
    def __init__(self, program, device):
        self.program = program
        self.device = device
        self.deadline = None
        # What to run the program under, such as compute-sanitizer.
        self.under = []

    @property
    def seconds_left(self):
        return None if self.deadline is None else max(1.0, self.deadline - time.monotonic())

    def __call__(self, directory, actions, batches, labels, precision="fp32", kernels=False, experiments=()):
        """The results of actions on the model in a Hugging Face directory. `kernels`: on the CPU, over the CPU's own
        kernels; otherwise on the device, which the CPU can play too.
        `experiments`: those that must have an effect."""
        job = {
            "config": json.loads((Path(directory) / "config.json").read_text()),
            "labels": labels,
            "tensors": tensors_of(Path(directory) / "model.safetensors"),
            "precision": precision,
            "device": "cpu" if kernels else self.device,
            "dense": not kernels and self.device == "cpu",
            "experiments": list(experiments),
            "batches": batches,
            "actions": actions,
        }
        with tempfile.TemporaryDirectory() as folder:
            files = [os.path.join(folder, name) for name in ("job.json", "result.json")]
            with open(files[0], "w") as file:
                json.dump(job, file)
            settings = NO_SPARE_ADDRESSES if self.device == "cpu" else {}
            run([*self.under, self.program, *files], self.seconds_left, env={**os.environ, **settings})
            with open(files[1]) as file:
                answer = json.load(file)
        if "error" in answer:
            raise RuntimeError(f"{answer['error']}: {answer['message']}")
        missing = set(experiments) - set(answer["experiments"].split())
        if missing:
            raise RuntimeError(f"{', '.join(missing)} had no effect: the model computed without")
        return answer["results"]


def tensors_of(file):
    """Where the tensors of a safetensors file lie."""
    with open(file, "rb") as opened:
        (length,) = struct.unpack("<Q", opened.read(8))
        header = json.loads(opened.read(length))
    header.pop("__metadata__", None)
    return [
        {
            "name": name,
            "file": str(file),
            "dtype": tensor["dtype"],
            "shape": tensor["shape"],
            "begin": 8 + length + tensor["data_offsets"][0],
            "end": 8 + length + tensor["data_offsets"][1],
        }
        for name, tensor in header.items()
    ]


def succeeded(result):
    """A result that is no error."""
    if "error" in result:
        raise RuntimeError(f"{result['error']}: {result['message']}")
    return result
