"""Generates the Python stubs of the project's protos, or with `--check` says where the committed ones differ.

Usage: `python scripts/stubs.py [--check]`, from the root of the repository.
"""

import argparse
import difflib
import re
import sys
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

BIN = Path(sys.executable).parent
GOOGLE_ROOT = Path("build/googleapis")
SOURCE_ROOT = Path("src")
ENDINGS = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")
DIFF_LINES = 20
LINE_LENGTH = 120
"""Descriptors are single lines of many thousand characters."""
SERVICE = re.compile(r"^service\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ProtoRoot:
    """A folder of protos: what their imports are relative to, and the folder below it that is searched."""

    include: Path
    folder: Path


ROOTS = (
    ProtoRoot(Path("protos"), Path("protos/segmentd")),
    ProtoRoot(SOURCE_ROOT, Path("src/segmentd/language")),
)


def main() -> int:
    """Regenerate or compare, as the command line asks; the exit code is 1 on drift."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the committed stubs and write nothing")
    check: bool = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        for root in ROOTS:
            generate(root, fresh)
        return report_drift(fresh) if check else install(fresh)


def generate(root: ProtoRoot, out: Path) -> None:
    """Compile every proto of `root` into `out`; those that define a service also get gRPC stubs."""
    protos = sorted(root.folder.rglob("*.proto"))
    services = [proto for proto in protos if SERVICE.search(proto.read_text("utf-8"))]
    compile_protos(root, protos, [f"--python_out={out}", f"--mypy_out=quiet:{out}"])
    compile_protos(root, services, [f"--grpc_python_out={out}", f"--mypy_grpc_out=quiet:{out}"])


def compile_protos(root: ProtoRoot, protos: list[Path], outputs: list[str]) -> None:
    """Run protoc over `protos`. Raises SystemExit when it finds an error."""
    if not protos:
        return
    well_known = files("grpc_tools") / "_proto"
    includes = [f"-I{root.include}", f"-I{GOOGLE_ROOT}", f"-I{well_known}"]
    plugins = [f"--plugin={name}={BIN / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    if protoc.main(["protoc", *includes, *plugins, *outputs, *map(str, protos)]) != 0:
        raise SystemExit(f"protoc refused the protos under {root.folder}")


def install(fresh: Path) -> int:
    """Replace the stubs in the source tree by those under `fresh`, and remove those without a proto."""
    wanted = stubs_under(fresh)
    for name in stubs_under(SOURCE_ROOT) - wanted:
        (SOURCE_ROOT / name).unlink()
        print(f"removed {SOURCE_ROOT / name}")
    for name in sorted(wanted):
        text = read(fresh / name)
        if read(SOURCE_ROOT / name) != text:
            (SOURCE_ROOT / name).write_text(text, "utf-8")
            print(f"wrote {SOURCE_ROOT / name}")
    return 0


def report_drift(fresh: Path) -> int:
    """Print the start of each difference between the source tree and `fresh`; 1 when there is one, else 0."""
    drifted = [
        name
        for name in sorted(stubs_under(fresh) | stubs_under(SOURCE_ROOT))
        if read(fresh / name) != read(SOURCE_ROOT / name)
    ]
    for name in drifted:
        committed, generated = (read(root / name).splitlines() for root in (SOURCE_ROOT, fresh))
        diff = list(difflib.unified_diff(committed, generated, "committed", "generated", n=1, lineterm=""))
        shown = (line[:LINE_LENGTH] for line in diff[:DIFF_LINES])
        print(f"{SOURCE_ROOT / name}: {len(diff)} lines of difference", *shown, sep="\n  ")
    if drifted:
        print(f"{len(drifted)} stubs do not match the protos; run `make protos` and commit the result")
    return 1 if drifted else 0


def stubs_under(root: Path) -> set[Path]:
    """The generated files below `root`, relative to it."""
    return {path.relative_to(root) for path in root.rglob("*_pb2*") if path.name.endswith(ENDINGS)}


def read(path: Path) -> str:
    """The text of a file, empty when there is none."""
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
