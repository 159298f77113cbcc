"""What every stage is given, and what it may say of itself."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from driver import Driver

# One command on a lent machine runs ten minutes at most.
STAGE_SECONDS = 540
ALL_SECONDS = 1740

NEEDS_GPU = {"failed": [], "notRun": "needs a GPU"}


@dataclass
class Setting:
    device: str
    driver: Driver
    carry: Path
    started: float = field(default_factory=time.monotonic)
    stage_started: float = 0.0

    @property
    def tiny(self):
        """The CPU plays the device: this tries the stages out, and measures nothing."""
        return self.device == "cpu"

    @property
    def seconds_left(self):
        now = time.monotonic()
        return min(STAGE_SECONDS - (now - self.stage_started), ALL_SECONDS - (now - self.started))

    def begin_stage(self):
        self.stage_started = time.monotonic()
        self.driver.deadline = time.monotonic() + self.seconds_left
