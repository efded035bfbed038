"""Asked segments and computed attributes → program: trees lowered in order of reference, then made linear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from segmentd.language.reading import is_about_pairs, read_of_subject
from segmentd.language.tree import (
    AttributeRead,
    Call,
    ItemsQuantifier,
    ListLiteral,
    Node,
    Presence,
    SegmentVerdict,
    walk,
)
from segmentd.plan.arithmetic import ARITHMETIC
from segmentd.plan.linear import Emission, linearize
from segmentd.plan.logic import LOGIC
from segmentd.plan.lowered import Sort, Truth, sort_of
from segmentd.plan.lowering import Lowering, items_column
from segmentd.plan.operations import Op
from segmentd.plan.program import NO_SEGMENT, ComputedOutput, ItemsProgram, Origin, Program
from segmentd.plan.sources import ItemsColumn
from segmentd.schema import AttributeSpec, Schema, Subject

HANDLERS = MappingProxyType(LOGIC | ARITHMETIC)
"""The operations that have kernels, by overload id; operations on text have tables instead."""


def compile_program(
    asked: Sequence[str],
    computed: Sequence[tuple[str, Node]],
    definitions: Mapping[str, Node | None],
    schema: Schema,
) -> Program:
    """The program that answers the asked segments and computed attributes.

    `definitions` holds the tree of every segment that may be referred to, None for an inactive one, which is false for
    everybody. References were checked when the definitions were made: they exist and have no cycle.
    """
    low = Lowering(HANDLERS, zone=schema.time_zone)
    contents = [_contents(tree, schema.subject) for _, tree in computed]
    named = (*asked, *(name for each in contents for name in each.segments))
    reached = _in_order_of_reference(named, definitions, schema.subject)
    for segment in reached:
        low.verdicts[segment] = _verdict(low, definitions[segment])
    emissions = [_segment_emission(low, number, low.verdicts[segment]) for number, segment in enumerate(asked)]
    outputs: list[Op] = []
    described = []
    for attribute, tree in computed:
        described.append(_emit_computed(low, attribute, tree, emissions, outputs))
    line = linearize(low.circuit, emissions)
    readers = _readers(asked, [name for name, _ in computed], contents, reached)
    macros = {column: readers[column] for column in line.columns if isinstance(column, ItemsColumn)}
    return Program(
        schema=schema,
        segments=tuple(asked),
        computed=tuple(described),
        attributes={name: readers[name] for name in sorted(each for each in readers if isinstance(each, str))},
        columns=tuple(line.columns),
        parameters=tuple(line.parameters),
        tables=tuple(line.tables),
        instructions=tuple(line.instructions),
        registers=line.registers,
        outputs=tuple(outputs),
        origin=Origin(low.circuit, tuple(emissions)),
        items=tuple(_items_programs(macros, schema)),
    )


def _items_programs(macros: Mapping[ItemsColumn, tuple[str, ...]], schema: Schema) -> Iterator[ItemsProgram]:
    """The programs over items: those whose predicates are about pairs, which takes more, apart from the others."""
    groups: dict[tuple[str, bool], list[ItemsColumn]] = {}
    for column in macros:
        groups.setdefault((column.items, is_about_pairs(column.predicate, schema.subject)), []).append(column)
    for columns in groups.values():
        yield _items_program(columns, macros, schema)


def _items_program(
    columns: Sequence[ItemsColumn], readers: Mapping[ItemsColumn, tuple[str, ...]], schema: Schema
) -> ItemsProgram:
    first = columns[0]
    predicates = dict.fromkeys(column.predicate for column in columns if not column.is_size)
    names = {predicate: f"{first.items}[{number}]" for number, predicate in enumerate(predicates)}
    definitions = {name: predicate for predicate, name in names.items()}
    items = Schema(first.subject, _specs(definitions.values()), schema.time_zone)
    program = compile_program(tuple(definitions), (), definitions, items)
    needed = {
        attribute: tuple(
            dict.fromkeys(name for column in columns if names.get(column.predicate) in own for name in readers[column])
        )
        for attribute, own in program.attributes.items()
    }
    order = {name: number for number, name in enumerate(definitions)}
    return ItemsProgram(
        items=first.items,
        subject=first.subject,
        outside=schema.subject,
        program=replace(program, attributes=needed),
        columns={column: NO_SEGMENT if column.is_size else order[names[column.predicate]] for column in columns},
        readers={column: readers[column] for column in columns},
        reads=tuple(sorted({id_ for tree in definitions.values() for id_ in read_of_subject(tree, schema.subject)})),
    )


def _specs(predicates: Iterable[Node]) -> tuple[AttributeSpec, ...]:
    """The attributes that predicates read, as they say themselves."""
    specs: dict[str, AttributeSpec] = {}
    for node in (node for predicate in predicates for node in walk(predicate)):
        if isinstance(node, AttributeRead | Presence):
            type_ = node.type_read if isinstance(node, Presence) else node.type
            specs[node.id] = AttributeSpec(node.id, type_, node.required)
    return tuple(specs.values())


def _verdict(low: Lowering, tree: Node | None) -> Truth:
    zeros, ones = low.circuit.zeros, low.circuit.ones
    if tree is None:
        return Truth(zeros, ones, zeros)
    truth = low.truth(tree)
    return Truth(truth.true, truth.false, zeros)  # null is no verdict: unknown


def _segment_emission(low: Lowering, number: int, verdict: Truth) -> Emission:
    unknown = low.circuit.complement(low.circuit.either(verdict.true, verdict.false))
    return Emission(Op.EMIT_SEGMENT, number, (verdict.true, None if unknown == low.circuit.zeros else unknown))


def _emit_computed(
    low: Lowering, attribute: str, tree: Node, emissions: list[Emission], outputs: list[Op]
) -> ComputedOutput:
    circuit = low.circuit
    lowered = low.lower(tree)
    if isinstance(lowered, Truth):
        value, present, emit = lowered.true, circuit.either(lowered.true, lowered.false), Op.EMIT_PLANE
    else:
        value, present = lowered.value, lowered.present
        emit = Op.EMIT_DOUBLE if sort_of(tree.type) is Sort.DOUBLE else Op.EMIT_INT
    unknown = circuit.complement(circuit.either(present, lowered.null))
    numbers = []
    for operation, gate in ((emit, value), (Op.EMIT_PLANE, present), (Op.EMIT_PLANE, unknown)):
        numbers.append(len(outputs))
        outputs.append(operation)
        emissions.append(Emission(operation, numbers[-1], (gate,)))
    return ComputedOutput(attribute, tree.type, *numbers)


@dataclass(frozen=True, slots=True)
class _Contents:
    """The given attributes and the macros and, from left to right, the segments that a tree names itself."""

    reads: frozenset[str | ItemsColumn] = frozenset()
    segments: tuple[str, ...] = ()


def _contents(tree: Node | None, subject: Subject) -> _Contents:
    if tree is None:
        return _Contents()
    reads: set[str | ItemsColumn] = set()
    segments: list[str] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Call):
            stack.extend(reversed(node.arguments))
        elif isinstance(node, AttributeRead | Presence):
            reads.add(node.id)
        elif isinstance(node, SegmentVerdict):
            segments.append(node.segment)
        elif isinstance(node, ListLiteral):
            stack.extend(reversed(node.elements))
        elif isinstance(node, ItemsQuantifier):
            reads.add(items_column(node))
            reads |= read_of_subject(node.predicate, subject)
    return _Contents(frozenset(reads), tuple(segments))


def _in_order_of_reference(
    segments: Iterable[str], definitions: Mapping[str, Node | None], subject: Subject
) -> Mapping[str, _Contents]:
    """Every segment that is reached, after those that it refers to. Chains may be long, so no recursion."""
    order: dict[str, _Contents] = {}
    found: dict[str, _Contents] = {}
    stack = list(reversed(list(segments)))
    while stack:
        segment = stack.pop()
        if segment in order:
            continue
        if segment in found:
            order[segment] = found[segment]
            continue
        here = found[segment] = _contents(definitions[segment], subject)
        stack.append(segment)
        stack.extend(other for other in here.segments if other not in order)
    return order


def _readers(
    asked: Sequence[str],
    computed: Sequence[str],
    contents: Sequence[_Contents],
    reached: Mapping[str, _Contents],
) -> Mapping[str | ItemsColumn, tuple[str, ...]]:
    """The given attributes and macros that are read, each with the asked names that need it, directly or by reference.

    `contents` are those of the computed attributes, `reached` those of segments, after what they refer to.
    """
    below: dict[str, frozenset[str | ItemsColumn]] = {}
    for segment, here in reached.items():
        below[segment] = _reads(here, below)
    reads = [(segment, below[segment]) for segment in asked]
    reads += [(name, _reads(here, below)) for name, here in zip(computed, contents, strict=True)]
    readers: dict[str | ItemsColumn, dict[str, None]] = {}
    for name, found in reads:
        for read in found:
            readers.setdefault(read, {})[name] = None
    return {read: tuple(names) for read, names in readers.items()}


def _reads(contents: _Contents, below: Mapping[str, frozenset[str | ItemsColumn]]) -> frozenset[str | ItemsColumn]:
    return contents.reads.union(*(below[segment] for segment in contents.segments))
