"""Writes the list of ATen operators that have a CUDA kernel, as the libtorch in use declares them.

python operator_table.py TORCH_PARENT OUT: TORCH_PARENT is the folder that holds `torchgen`, which comes with libtorch's
wheel. Each line of OUT is {"NAME", CHECKED}, where CHECKED says whether the operator refuses tensors of two devices.
"""

import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])

from torchgen.gen import get_grouped_native_functions, parse_native_yaml  # noqa: E402
from torchgen.model import DeviceCheckType, DispatchKey, NativeFunctionsGroup  # noqa: E402


def members(group):
    return list(group.functions()) if isinstance(group, NativeFunctionsGroup) else [group]


def has_kernel(index, group, function):
    if isinstance(group, NativeFunctionsGroup) and group.structured:
        return index.has_kernel(group)
    return index.has_kernel(function)


def is_checked(group, function):
    # The functional and in-place forms of a structured operator are generated from its out= form.
    structured = isinstance(group, NativeFunctionsGroup) and group.structured
    declared = group.out if structured else function
    return declared.device_check != DeviceCheckType.NoCheck


def main(parent, out):
    folder = Path(parent) / "torchgen/packaged/ATen/native"
    parsed = parse_native_yaml(str(folder / "native_functions.yaml"), str(folder / "tags.yaml"))
    index = parsed.backend_indices[DispatchKey.CUDA]
    lines = sorted(
        f'{{"{function.func.name}", {int(is_checked(group, function))}}},\n'
        for group in get_grouped_native_functions(parsed.native_functions)
        for function in members(group)
        if has_kernel(index, group, function)
    )
    Path(out).write_text("".join(lines))


main(*sys.argv[1:])
