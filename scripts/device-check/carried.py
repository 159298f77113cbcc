"""tagformer with the Node.js that pack.mjs packed, on a machine that has none."""

import lzma
import os
import subprocess
import sys
import tarfile
import time

import torch

# One command on a lent machine runs ten minutes at most.
STAGE_SECONDS = 540
ALL_SECONDS = 1740

NEEDS_GPU = {"failed": [], "notRun": "needs a GPU"}


class Carried:
    def __init__(self, carry, folder, device):
        with lzma.open(carry) as stream, tarfile.open(fileobj=stream) as archive:
            archive.extractall(folder, filter="data")
        self.folder = folder
        self.device = device
        self.started = self.stage_started = time.monotonic()
        # Where the script is tried out tagformer is set up already.
        own = {"LIBTORCH": os.path.dirname(torch.__file__), "TAGFORMER_CACHE": str(folder / "cache")}
        self.environment = {**os.environ, **({} if self.tiny else own), "TAGFORMER_PARITY_PYTHON": sys.executable}

    @property
    def tiny(self):
        """The CPU plays the device: this tries the script out, and measures nothing."""
        return self.device == "cpu"

    @property
    def seconds_left(self):
        now = time.monotonic()
        return min(STAGE_SECONDS - (now - self.stage_started), ALL_SECONDS - (now - self.started))

    def node(self, script, *words):
        """Runs a script of the project with the Node.js that was carried along; returns what it printed."""
        return self.run([self.folder / "bin" / "node", self.folder / script, *words])

    def run(self, words):
        words = [str(word) for word in words]
        outcome = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=max(1.0, self.seconds_left),
        )
        if outcome.returncode != 0:
            said = (outcome.stdout + outcome.stderr)[-3000:]
            raise RuntimeError(f"{words[0]} ended with {outcome.returncode}: {said}")
        return outcome.stdout
