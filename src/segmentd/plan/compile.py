"""Asked segments and computed attributes → program: trees lowered in order of reference, then made linear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from segmentd.language.tree import AttributeRead, Call, ListLiteral, Node, Presence, SegmentVerdict
from segmentd.plan.arithmetic import ARITHMETIC
from segmentd.plan.linear import Emission, linearize
from segmentd.plan.logic import LOGIC
from segmentd.plan.lowered import Sort, Truth, sort_of
from segmentd.plan.lowering import Lowering
from segmentd.plan.operations import Op
from segmentd.plan.program import ComputedOutput, Origin, Program
from segmentd.schema import Schema

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
    contents = [_contents(tree) for _, tree in computed]
    reached = _in_order_of_reference((*asked, *(name for each in contents for name in each.segments)), definitions)
    for segment in reached:
        low.verdicts[segment] = _verdict(low, definitions[segment])
    emissions = [_segment_emission(low, number, low.verdicts[segment]) for number, segment in enumerate(asked)]
    outputs: list[Op] = []
    described = []
    for attribute, tree in computed:
        described.append(_emit_computed(low, attribute, tree, emissions, outputs))
    line = linearize(low.circuit, emissions)
    return Program(
        schema=schema,
        segments=tuple(asked),
        computed=tuple(described),
        attributes=_readers(asked, [name for name, _ in computed], contents, reached),
        columns=tuple(line.columns),
        parameters=tuple(line.parameters),
        tables=tuple(line.tables),
        instructions=tuple(line.instructions),
        registers=line.registers,
        outputs=tuple(outputs),
        origin=Origin(low.circuit, tuple(emissions)),
    )


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
    """The given attributes and, from left to right, the segments that a tree names itself."""

    attributes: frozenset[str] = frozenset()
    segments: tuple[str, ...] = ()


def _contents(tree: Node | None) -> _Contents:
    if tree is None:
        return _Contents()
    attributes: set[str] = set()
    segments: list[str] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Call):
            stack.extend(reversed(node.arguments))
        elif isinstance(node, AttributeRead | Presence):
            attributes.add(node.id)
        elif isinstance(node, SegmentVerdict):
            segments.append(node.segment)
        elif isinstance(node, ListLiteral):
            stack.extend(reversed(node.elements))
    return _Contents(frozenset(attributes), tuple(segments))


def _in_order_of_reference(segments: Iterable[str], definitions: Mapping[str, Node | None]) -> Mapping[str, _Contents]:
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
        here = found[segment] = _contents(definitions[segment])
        stack.append(segment)
        stack.extend(other for other in here.segments if other not in order)
    return order


def _readers(
    asked: Sequence[str],
    computed: Sequence[str],
    contents: Sequence[_Contents],
    reached: Mapping[str, _Contents],
) -> Mapping[str, tuple[str, ...]]:
    """The given attributes that are read, each with the asked names that need it, directly or through references.

    `contents` are those of the computed attributes, `reached` those of segments, after what they refer to.
    """
    below: dict[str, frozenset[str]] = {}
    for segment, here in reached.items():
        below[segment] = _reads(here, below)
    reads = [(segment, below[segment]) for segment in asked]
    reads += [(name, _reads(here, below)) for name, here in zip(computed, contents, strict=True)]
    readers: dict[str, dict[str, None]] = {}
    for name, attributes in reads:
        for attribute in attributes:
            readers.setdefault(attribute, {})[name] = None
    return {attribute: tuple(readers[attribute]) for attribute in sorted(readers)}


def _reads(contents: _Contents, below: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return contents.attributes.union(*(below[segment] for segment in contents.segments))
