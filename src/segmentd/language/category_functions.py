"""Categories are paths, such as `INCOME/SALARY`: what is under `INCOME` is that itself and all that it includes."""

from __future__ import annotations

from typing import Final

IS_UNDER: Final = "is_under_string_string"
"""Overload id of `category.isUnder(parent)`."""

SEPARATOR: Final = "/"


def is_under(category: str, parent: str) -> bool:
    """Whether a category is the parent or below it: `INCOME/SALARY` is under `INCOME`, and `INCOMES` is not."""
    return category == parent or category.startswith(parent + SEPARATOR)
