"""Proves tagformer on a GPU: python3 scripts/device-check

For a bare machine: it needs Python with torch, transformers and safetensors, CMake, a C++20 compiler and Ninja or Make,
and the file that pack.mjs packed where Node.js is. There it sets tagformer up, runs the tests of npm run test:device on
the GPU, and measures against transformers. What was found is written as JSON and as a page.

With --device cpu the CPU computes as a device does, at tiny sizes: that proves this script, and no speed.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import torch
import transformers

import bench
import report
from carried import NEEDS_GPU, Carried

ROOT = Path(__file__).resolve().parents[2]


def run_tests(carried):
    """The project's own, on the GPU. What the simulated device showed is shown again, with CUDA's numbers."""
    if carried.tiny:
        return NEEDS_GPU
    carried.node("dist/bundle/main.js", "setup", "--cuda")
    carried.node("scripts/device-check/tests.mjs")
    return {"failed": []}


STAGES = {"tests": run_tests, **{f"bench-{precision}": bench.stage(precision) for precision in bench.OURS}}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="cpu, cuda or cuda:N (default: cuda)")
    parser.add_argument("--stages", help="names with commas (default: all of them): " + ", ".join(STAGES))
    parser.add_argument("--carry", default=str(ROOT / "build/device-check/carry.tar.xz"), help="what pack.mjs packed")
    parser.add_argument("--output", default=str(ROOT / "docs" / "gpu"), help="folder of the report")
    return parser.parse_args()


def machine(device):
    facts = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(),
        "device": device,
        "processor": f"{platform.machine()}, {os.cpu_count()} threads",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    if device != "cpu":
        facts["gpu"] = torch.cuda.get_device_name(device)
        facts["cuda"] = torch.version.cuda
    return facts


def commit():
    answer = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return answer.stdout.strip() or "unknown"


def run_stage(name, carried):
    start = time.time()
    print(f"{name} ...", flush=True)
    carried.stage_started = time.monotonic()
    if carried.seconds_left <= 0:
        return {"failed": [], "notRun": "no time was left", "seconds": 0}
    try:
        found = STAGES[name](carried)
    except Exception as error:  # the others shall run whatever one does
        found = {"failed": [f"{type(error).__name__}: {error}"], "trace": traceback.format_exc()}
    found["seconds"] = round(time.time() - start, 1)
    print(f"{name}: {report.outcome(found)} ({found['seconds']} s)", flush=True)
    return found


def main():
    options = arguments()
    names = options.stages.split(",") if options.stages else list(STAGES)
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        sys.exit(f"no stage is called {', '.join(unknown)}; there are {', '.join(STAGES)}")
    if options.device != "cpu" and not torch.cuda.is_available():
        sys.exit("PyTorch sees no GPU here; --device cpu tries this script out at tiny sizes")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    # Figures of fp32 are of fp32, on both sides.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    found = {"machine": machine(options.device), "stages": {}}
    with tempfile.TemporaryDirectory() as folder:
        carried = Carried(Path(options.carry), Path(folder), options.device)
        for name in names:
            found["stages"][name] = run_stage(name, carried)
            report.write(found, Path(options.output))
    print(json.dumps({name: report.outcome(stage) for name, stage in found["stages"].items()}))
    sys.exit(1 if any(stage["failed"] for stage in found["stages"].values()) else 0)


if __name__ == "__main__":
    main()
