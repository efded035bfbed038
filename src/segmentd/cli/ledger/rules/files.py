"""Files of rules of categories."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from segmentd.client.category_rules import CategoryRule
from segmentd.errors import ErrorReason, SegmentdError

REQUIRED: Final = ("category", "expression")
ALLOWED: Final = (*REQUIRED, "description")


class RulesFileError(SegmentdError):
    """A file is none of rules."""

    reason = ErrorReason.INVALID_FIELD

    def __init__(self, path: Path, error: str) -> None:
        super().__init__(f"{path.name}: {error}", field="rules", value=path.name)


def read_rules(path: Path) -> tuple[CategoryRule, ...]:
    """The rules of a YAML file: `rules`, a list of `category`, `expression` and maybe `description`.

    Raises RulesFileError, OSError.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RulesFileError(path, f"no YAML in UTF-8: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict) or set(content) != {"rules"} or not isinstance(content["rules"], list):
        raise RulesFileError(path, "it must have one key, `rules`, with a list")
    return tuple(_rule(path, place, entry) for place, entry in enumerate(content["rules"], 1))


def _rule(path: Path, place: int, entry: Any) -> CategoryRule:
    if not isinstance(entry, dict):
        raise RulesFileError(path, f"rule {place} is no mapping of {', '.join(ALLOWED)}")
    for key in entry:
        if key not in ALLOWED:
            raise RulesFileError(path, f"rule {place} has the key {key!r}; allowed are {', '.join(ALLOWED)}")
    for key in REQUIRED:
        if key not in entry:
            raise RulesFileError(path, f"rule {place} lacks {key!r}")
    texts = {key: value for key, value in entry.items() if isinstance(value, str)}
    if len(texts) < len(entry):
        raise RulesFileError(path, f"rule {place}: {', '.join(sorted(entry.keys() - texts.keys()))} must be text")
    return CategoryRule(**texts)
