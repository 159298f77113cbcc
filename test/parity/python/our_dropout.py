"""tagformer's dropout, whose factors follow from seed, step and place (native/runtime/mode.h, native/kernels/cpu/mask.h), as a module of
PyTorch: what is drawn is the same on both sides, and so is what depends on it."""

import torch

WORD = 0xFFFFFFFF
ROTATIONS = [(10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20)]


def threefry(key, x):
    """Threefry-4x32 with 20 rounds (Salmon et al., SC11)."""
    x = list(x)
    keys = [*key, 0x1BD11BDA ^ key[0] ^ key[1] ^ key[2] ^ key[3]]
    x = [(a + k) & WORD for a, k in zip(x, keys)]
    for number in range(20):
        pairs = [(0, 1), (2, 3)] if number % 2 == 0 else [(0, 3), (2, 1)]
        for (to, turned), by in zip(pairs, ROTATIONS[number % 8]):
            x[to] = (x[to] + x[turned]) & WORD
            x[turned] = ((x[turned] << by | x[turned] >> (32 - by)) & WORD) ^ x[to]
        if number % 4 == 3:
            group = number // 4 + 1
            x = [(a + keys[(group + i) % 5]) & WORD for i, a in enumerate(x)]
            x[3] = (x[3] + group) & WORD
    return x


def stream_of(name):
    """The 64-bit FNV-1a hash."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


class OurDropout(torch.nn.Module):
    """Of `[rows, width]`; `seed` and `step` are set from outside."""

    def __init__(self, rate, site):
        super().__init__()
        self.threshold, self.site = round(rate * 65536), site
        self.seed = self.step = 0

    def factor(self, row, column):
        key = [self.seed & WORD, self.seed >> 32, self.step, self.site]
        block, within = divmod(column, 128)
        word = threefry(key, [block * 16 + within % 16, row, 0, 0])[within // 32]
        bits = word & 0xFFFF if within % 32 < 16 else word >> 16
        return 0.0 if bits < self.threshold else 65536 / (65536 - self.threshold)

    def forward(self, x):
        rows, width = x.shape
        factors = [[self.factor(row, column) for column in range(width)] for row in range(rows)]
        return x * torch.tensor(factors, dtype=torch.float32)
