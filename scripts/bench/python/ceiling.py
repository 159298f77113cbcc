"""Operations per second of large matrix products: the most that a layer can reach.

In: {threads}; then, for each line of stdin, {precisions, repetitions}.
Out: a line {versions} at the start; then for each line of stdin a line {precision: operations per second}.
"""

import json
import platform
import sys
import time

import torch
import transformers

SIZE = 2048

torch.set_num_threads(json.loads(sys.argv[1])["threads"])
a, b = torch.randn(SIZE, SIZE), torch.randn(SIZE, SIZE)
a_bf16, b_bf16 = a.bfloat16(), b.bfloat16()
a_int8, b_int8 = (torch.randint(-127, 127, (SIZE, SIZE), dtype=torch.int8) for _ in range(2))
products = {
    "fp32": lambda: torch.mm(a, b),
    "bf16": lambda: torch.mm(a_bf16, b_bf16),
    "int8": lambda: torch._int_mm(a_int8, b_int8),
}


def operations_per_second(precision, repetitions):
    """Of the median product."""
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        products[precision]()
        times.append(time.perf_counter() - begin)
    return 2 * SIZE**3 / sorted(times)[len(times) // 2]


def write(value):
    print(json.dumps(value), flush=True)


with torch.inference_mode():
    for product in products.values():
        product()
    write(
        {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        }
    )
    for line in sys.stdin:
        asked = json.loads(line)
        write({name: operations_per_second(name, asked["repetitions"]) for name in asked["precisions"]})
