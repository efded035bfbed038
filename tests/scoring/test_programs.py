"""Programs are compiled once while nothing changes, and a bounded number of them is kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from segmentd.ledger.model import Attribute, Ledger
from segmentd.schema import DOUBLE, AttributeSpec, Subject
from segmentd.scoring.programs import ProgramKey, Programs
from segmentd.segments.catalogue import Catalogue, build_catalogue
from segmentd.segments.model import Segment, State

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LEDGER = Ledger("main", "", "EUR", "UTC", NOW, NOW, "e")


def catalogue() -> Catalogue:
    """An attribute, a computed one, and a segment."""
    specs = (AttributeSpec("income", DOUBLE), AttributeSpec("half", DOUBLE, expression="customer.income / 2.0"))
    attributes = [Attribute(Subject.CUSTOMER, spec, "", "", None, NOW, NOW, "e") for spec in specs]
    rich = Segment("rich", "", "", Subject.CUSTOMER, "customer.income > 1.0", (), {}, State.ACTIVE, NOW, NOW, "e")
    return build_catalogue(LEDGER, attributes, [rich])


KEY = ProgramKey("main", 1, Subject.CUSTOMER, ("rich",), ("half",))


def test_a_program_answers_what_its_key_asks() -> None:
    """The program has the segments and computed attributes of its key, and reads what they need."""
    program = Programs().get(KEY, catalogue())
    assert program.segments == ("rich",)
    assert [output.id for output in program.computed] == ["half"]
    assert set(program.attributes) == {"income"}


def test_a_program_is_compiled_once() -> None:
    """Asked again, the same program comes back; another version of the catalogue has another one."""
    programs, definitions = Programs(), catalogue()
    assert programs.find(KEY) is None
    first = programs.get(KEY, definitions)
    assert programs.get(KEY, definitions) is first
    assert programs.find(KEY) is first
    assert programs.get(replace(KEY, catalogue_version=2), definitions) is not first


def test_the_least_recently_used_program_is_dropped() -> None:
    """Beyond the capacity, the program that was not asked for the longest goes first."""
    programs, definitions = Programs(capacity=2), catalogue()
    keys = [replace(KEY, catalogue_version=version) for version in range(3)]
    programs.get(keys[0], definitions)
    programs.get(keys[1], definitions)
    programs.get(keys[0], definitions)
    programs.get(keys[2], definitions)
    assert len(programs) == 2
    assert [programs.find(key) is not None for key in keys] == [True, False, True]
