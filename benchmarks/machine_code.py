"""What LLVM makes of the kernels: the loops of their machine code for this processor and for others, by vector width.

    python -m benchmarks.machine_code                # this processor, AVX2, AVX-512 of Intel's, NEON
    python -m benchmarks.machine_code --kernel "compare float64" --cpu haswell --listing

Nothing is run, so it works for processors that are not here. NEON is made of the code that LLVM has optimised for a
processor with vectors as wide (SSE2), since Numba compiles for the machine it runs on.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

CPUS: Final = ("host", "haswell", "sapphirerapids", "neon")
NARROW_CPU: Final = "x86-64"
NEON_TRIPLE: Final = "aarch64-unknown-linux-gnu"
REGISTERS: Final = {"zmm": 512, "ymm": 256, "xmm": 128, "v": 128, "q": 128}

_REGISTER: Final = re.compile(r"\b([xyz]mm|[vq])\d+")
_LABEL: Final = re.compile(r"^(\.LBB\d+_\d+):")
_JUMP: Final = re.compile(r"^\s+(?:j\w+|b\.\w+|b|cbn?z\s+\w+,|tbn?z\s+\w+,\s+#\d+,)\s+(\.LBB\d+_\d+)\b")
_OTHER_FUNCTION: Final = re.compile(
    r"^define (?:linkonce_odr |internal )?([^{\n]*@(?!_ZN)[^{\n]*?)(?: #\d+)?(?: comdat)? \{\n.*?^\}\n",
    re.MULTILINE | re.DOTALL,
)
_BODY: Final = re.compile(r"^_ZN\S+:\n(.*?)^\.Lfunc_end", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Loop:
    """An innermost loop: its instructions, how many of them work on vectors, and the bits of the widest of these."""

    instructions: int
    vector_instructions: int
    bits: int

    def __str__(self) -> str:
        """As one word of a line."""
        vectors = f"{self.vector_instructions} of {self.bits} bits" if self.bits else "none of vectors"
        return f"{self.instructions} ({vectors})"


def kernels() -> dict[str, tuple[Callable[..., Any], tuple[Any, ...]]]:
    """The kernels worth a look, with the types of their arguments."""
    from numba import types  # noqa: PLC0415  (the environment says which processor, and is read when Numba is)

    from segmentd.kernels.program import arithmetic, calendar, compare, lookup, words  # noqa: PLC0415

    def column(dtype: Any) -> Any:
        return types.Array(dtype, 1, "C", readonly=True)

    def at_least_of_codes(codes: int, bound: int, out: int) -> None:
        at_least_5(codes, bound, out)

    def both(left: int, right: int, out: int) -> None:
        words.and_at(left, right, out)

    at_least_5 = words.at_least_of(5)
    plane, ints, doubles = types.uint64[::1], types.int64[::1], types.float64[::1]
    number, real = types.int64, types.float64
    integers = dict.fromkeys(("int8", "int16", "int32", "int64"), (compare.compare_ints_with_bound, number))
    floats = dict.fromkeys(("float32", "float64"), (compare.compare_doubles_with_bound, real))
    compared = {
        f"compare {kind}": (kernel, (number, column(getattr(types, kind)), bound, number, plane))
        for kind, (kernel, bound) in (integers | floats).items()
    }
    int_column, double_column = column(types.int64), column(types.float64)
    pair = (int_column, int_column)
    return compared | {
        "compare two float64": (compare.compare_double_pairs, (number, double_column, double_column, number, plane)),
        "compare codes of 5 bits": (at_least_of_codes, (number, number, number)),
        "and": (both, (number, number, number)),
        "look up a bit": (lookup.lookup_bits, (column(types.int32), column(types.uint8), number, number, plane)),
        "add int64": (arithmetic.add_ints, (*pair, number, number, number, ints, plane)),
        "multiply float64": (arithmetic.multiply_doubles, (double_column, double_column, number, doubles)),
        "days between": (calendar.days_between, (*pair, number, ints)),
        "months between": (calendar.months_between, (*pair, number, ints)),
    }


def compile_kernel(function: Callable[..., Any], arguments: tuple[Any, ...], *, neon: bool) -> str:
    """The assembly of one kernel alone."""
    from numba import njit, types  # noqa: PLC0415

    plain = getattr(function, "py_func", function)
    compiled = njit(types.void(*arguments), error_model="numpy")(plain)
    (signature,) = compiled.signatures
    return neon_assembly(compiled.inspect_llvm(signature)) if neon else str(compiled.inspect_asm(signature))


def neon_assembly(code: str) -> str:
    """LLVM's code, optimised for another processor, as instructions of AArch64."""
    from llvmlite import binding  # noqa: PLC0415

    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    machine = binding.Target.from_triple(NEON_TRIPLE).create_target_machine(opt=3)
    code = _OTHER_FUNCTION.sub(r"declare \1\n", code)
    code = re.sub(r'^target triple = ".*"', f'target triple = "{NEON_TRIPLE}"', code, flags=re.MULTILINE)
    code = re.sub(
        r'^target datalayout = ".*"', f'target datalayout = "{machine.target_data}"', code, flags=re.MULTILINE
    )
    return str(machine.emit_assembly(binding.parse_assembly(code)))


def body_of(assembly: str) -> list[str]:
    """The instructions and labels of the kernel itself, without what calls it from Python."""
    found = _BODY.search(assembly)
    if found is None:
        raise ValueError("the assembly has no function")
    return [line for line in found[1].splitlines() if _LABEL.match(line) or re.match(r"\s+[a-z]", line)]


def innermost_loops(lines: list[str]) -> Iterator[Loop]:
    """The loops in which there is no other."""
    labels = {found[1]: index for index, line in enumerate(lines) if (found := _LABEL.match(line))}
    spans = [
        (labels[jump[1]], index)
        for index, line in enumerate(lines)
        if (jump := _JUMP.match(line)) and labels.get(jump[1], len(lines)) <= index
    ]
    for start, stop in sorted(spans):
        if not any(start <= other[0] and other[1] <= stop and other != (start, stop) for other in spans):
            yield count([line for line in lines[start : stop + 1] if not _LABEL.match(line)])


def count(instructions: list[str]) -> Loop:
    """The instructions by whether they work on vectors."""
    widths = [max((REGISTERS[name] for name in _REGISTER.findall(line)), default=0) for line in instructions]
    return Loop(len(instructions), sum(map(bool, widths)), max(widths, default=0))


def describe(cpu: str, wanted: str | None, *, listing: bool) -> None:
    """Print a line a kernel, or its instructions."""
    for name, (function, arguments) in kernels().items():
        if wanted in (None, name):
            lines = body_of(compile_kernel(function, arguments, neon=cpu == "neon"))
            loops = ", ".join(map(str, innermost_loops(lines))) or f"no loop: {count(lines)}"
            print(f"{cpu:<15} {name:<24} {loops}", *(lines if listing else ()), sep="\n", flush=True)


def main() -> None:
    """Describe all processors, each in a process of its own, since Numba compiles for one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu", help=f"one of {', '.join(CPUS)}, or any name that LLVM knows")
    parser.add_argument("--kernel", help="only this one")
    parser.add_argument("--listing", action="store_true", help="print the instructions")
    options = parser.parse_args()
    if options.cpu:
        describe(options.cpu, options.kernel, listing=options.listing)
        return
    for cpu in CPUS:
        name = NARROW_CPU if cpu == "neon" else cpu
        environment = os.environ | ({} if cpu == "host" else {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": ""})
        arguments = [sys.executable, "-m", "benchmarks.machine_code", "--cpu", cpu]
        arguments += ["--kernel", options.kernel] if options.kernel else []
        subprocess.run(arguments, env=environment, check=True)  # noqa: S603  (this file itself)


if __name__ == "__main__":
    main()
