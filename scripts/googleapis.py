"""Copies Google's protos out of the installed googleapis-common-protos, so that buf finds them without a network.

Usage: `python scripts/googleapis.py OUT`. Only the files that the project imports are copied, with what they import.
"""

import re
import sys
from importlib.metadata import files
from pathlib import Path, PurePosixPath

PROTO_ROOT = Path("protos")
DISTRIBUTION = "googleapis-common-protos"
IMPORT = re.compile(r'^import\s+(?:public\s+|weak\s+)?"(google/[^"]+)"', re.MULTILINE)
PROTOBUF = "google/protobuf/"
"""What lies here comes with every protobuf compiler."""


def main(out: Path) -> None:
    """Write the closure of the project's Google imports under `out`, leaving files that are right untouched."""
    available = installed_protos()
    for name in sorted(closure(imports_of_project(), available)):
        target = out / name
        source = available[name].read_bytes()
        if not target.exists() or target.read_bytes() != source:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source)


def installed_protos() -> dict[str, Path]:
    """Every `.proto` of the distribution, by the name it is imported under."""
    listed = files(DISTRIBUTION) or []
    return {str(PurePosixPath(file)): Path(str(file.locate())) for file in listed if file.suffix == ".proto"}


def imports_of_project() -> set[str]:
    """The Google protos that the project's own protos import, without protobuf's own."""
    return {name for proto in PROTO_ROOT.rglob("*.proto") for name in imports_of(proto)}


def imports_of(proto: Path) -> set[str]:
    """The Google protos that one file imports, without protobuf's own."""
    return {name for name in IMPORT.findall(proto.read_text("utf-8")) if not name.startswith(PROTOBUF)}


def closure(names: set[str], available: dict[str, Path]) -> set[str]:
    """`names` and all that they import. Raises SystemExit for a name that is not installed."""
    found: set[str] = set()
    open_names = set(names)
    while open_names:
        name = open_names.pop()
        if name not in available:
            raise SystemExit(f"no proto {name!r} in {DISTRIBUTION}; imports of the project must come from it")
        found.add(name)
        open_names |= imports_of(available[name]) - found
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
