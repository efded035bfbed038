"""Compiled programs, kept while their definitions are the same ones."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from segmentd.plan import Program, compile_program
from segmentd.schema import Subject
from segmentd.segments.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class ProgramKey:
    """What a program depends on: one state of a ledger's definitions, and what is asked of it."""

    ledger: str
    catalogue_version: int
    subject: Subject
    segments: tuple[str, ...]
    computed: tuple[str, ...]


class Programs:
    """The `capacity` most recently used programs, shared by all threads."""

    def __init__(self, capacity: int = 256) -> None:
        self._capacity = capacity
        self._programs: OrderedDict[ProgramKey, Program] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._programs)

    def find(self, key: ProgramKey) -> Program | None:
        """The program, if it is kept."""
        with self._lock:
            program = self._programs.get(key)
            if program is not None:
                self._programs.move_to_end(key)
            return program

    def get(self, key: ProgramKey, catalogue: Catalogue) -> Program:
        """The program, compiled from the catalogue if it is not kept. Two threads may compile the same one."""
        program = self.find(key)
        if program is None:
            program = _compile(key, catalogue)
            with self._lock:
                self._programs[key] = program
                while len(self._programs) > self._capacity:
                    self._programs.popitem(last=False)
        return program


def _compile(key: ProgramKey, catalogue: Catalogue) -> Program:
    environment = catalogue.environments[key.subject]
    computed = [
        (attribute, environment.compile(f"{key.subject}.{attribute}", result=None).tree) for attribute in key.computed
    ]
    return compile_program(key.segments, computed, catalogue.definitions(key.subject), catalogue.schemas[key.subject])
