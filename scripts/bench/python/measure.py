"""What a sample consists of: a warm-up, the times of passes over all batches, and the memory that they took."""

import json
import re
import sys
import time


def peak_memory():
    with open("/proc/self/status") as file:
        return 1024 * int(re.search(r"^VmHWM:\s+(\d+) kB$", file.read(), re.MULTILINE)[1])


def measure(request, step, batches, warm_up):
    """Each batch is the arguments of `step`; `warm_up` is a list of them."""
    for _ in range(request["warmUp"]):
        for batch in warm_up:
            step(*batch)
    seconds = []
    for _ in range(request["passes"]):
        begin = time.perf_counter()
        for batch in batches:
            step(*batch)
        seconds.append(time.perf_counter() - begin)
    return {"seconds": seconds, "peakMemory": peak_memory()}


def answer(works):
    """Makes what was asked for and tells the result."""
    request = json.loads(sys.argv[1])
    json.dump(works[request["work"]](request), sys.stdout)
    sys.stdout.flush()
