"""Proves the engine on a device: python3 scripts/device-check --device cuda

For a bare machine with a GPU: it needs Python with torch, transformers and safetensors, CMake, a C++20 compiler and
Ninja or Make, and neither Node nor a network. It builds the engine as a program (native/test/driver) and compares that
with transformers in PyTorch, stage by stage. Each stage is timed; what they found is written as JSON and as a page.

With --device cpu the CPU computes as a device does, at tiny sizes: that proves this script, and no speed. A stage that
only a GPU can run then says so.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
import traceback
from pathlib import Path

import torch
import transformers

import report
import stages
from driver import Driver, build, build_cuda_library
from setting import Setting

ROOT = Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="cpu, cuda or cuda:N (default: cuda)")
    parser.add_argument("--stages", help="names with commas (default: all of them): " + ", ".join(stages.ALL))
    parser.add_argument("--driver", help="a device_driver that is built already")
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


def run_stage(name, setting):
    start = time.time()
    print(f"{name} ...", flush=True)
    setting.begin_stage()
    if setting.seconds_left <= 0:
        return {"failed": [], "notRun": "no time was left", "seconds": 0}
    try:
        found = stages.ALL[name](setting)
    except Exception as error:  # the others shall run whatever one does
        found = {"failed": [f"{type(error).__name__}: {error}"], "trace": traceback.format_exc()}
    found["seconds"] = round(time.time() - start, 1)
    print(f"{name}: {report.outcome(found)} ({found['seconds']} s)", flush=True)
    return found


def main():
    options = arguments()
    names = options.stages.split(",") if options.stages else list(stages.ALL)
    unknown = [name for name in names if name not in stages.ALL]
    if unknown:
        sys.exit(f"no stage is called {', '.join(unknown)}; there are {', '.join(stages.ALL)}")
    if options.device != "cpu" and not torch.cuda.is_available():
        sys.exit("PyTorch sees no GPU here; --device cpu tries this script out at tiny sizes")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    # Figures of fp32 are of fp32, on both sides.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    found = {"machine": machine(options.device), "stages": {}}
    start = time.time()
    program = options.driver or build(ROOT)
    found["machine"]["cudaLibrary"] = build_cuda_library(program) or "built"
    found["machine"]["buildSeconds"] = round(time.time() - start, 1)
    setting = Setting(options.device, Driver(program, options.device), Path(options.carry))
    for name in names:
        found["stages"][name] = run_stage(name, setting)
        report.write(found, Path(options.output))
    print(json.dumps({name: report.outcome(stage) for name, stage in found["stages"].items()}))
    sys.exit(1 if any(stage["failed"] for stage in found["stages"].values()) else 0)


if __name__ == "__main__":
    main()
