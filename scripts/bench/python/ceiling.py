"""Operations per second of large square matrix products in torch, in fp32 and bf16: the most that a layer can reach.

In: {threads}. Out: {ceilings: {fp32, bf16}, versions: {python, torch, transformers}}.
"""

import json
import platform
import sys
import time

import torch
import transformers

SIZE = 3072
REPETITIONS = 8

torch.set_num_threads(json.loads(sys.argv[1])["threads"])


def operations_per_second(dtype):
    a, b = (torch.randn(SIZE, SIZE).to(dtype) for _ in range(2))
    times = []
    for _ in range(REPETITIONS):
        begin = time.perf_counter()
        torch.mm(a, b)
        times.append(time.perf_counter() - begin)
    return 2 * SIZE**3 / min(times)


ceilings = {
    "fp32": operations_per_second(torch.float32),
    "bf16": operations_per_second(torch.bfloat16),
}
versions = {
    "python": platform.python_version(),
    "torch": torch.__version__,
    "transformers": transformers.__version__,
}
json.dump({"ceilings": ceilings, "versions": versions}, sys.stdout)
