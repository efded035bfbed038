"""The supported subset: its table, the expressions that reach each operation, and the operations left out."""

from __future__ import annotations

import pytest

from segmentd.language import Environment, ExpressionError
from segmentd.language.celtree_pb2 import CheckedExpr
from segmentd.language.overloads import SUPPORTED, ZONED_GETTERS, Evaluation, is_tabulated, of_function
from segmentd.language.tree import Call, walk
from segmentd.schema import DataType
from tests.language.operations import REFUSED, USES
from tests.language.schemas import SCHEMA


@pytest.fixture(scope="module")
def environment() -> Environment:
    """The environment of the shared schema."""
    return Environment(SCHEMA)


def test_every_operation_has_a_use() -> None:
    """The table of uses names exactly the supported operations."""
    assert set(USES) == set(SUPPORTED)


def test_no_operation_is_both() -> None:
    """What is refused is not in the table of what is supported."""
    assert not set(REFUSED) & set(SUPPORTED)


@pytest.mark.parametrize("overload", sorted(SUPPORTED))
def test_supported(environment: Environment, overload: str) -> None:
    """An expression compiles to the operation; one on literals is evaluated, and stands in the checked tree only."""
    compiled = environment.compile(USES[overload], result=None)
    if SUPPORTED[overload].evaluation is Evaluation.CONSTANT:
        references = CheckedExpr.FromString(compiled.checked).reference_map.values()
        assert [overload] in [list(reference.overload_id) for reference in references]
    else:
        assert overload in {node.overload for node in walk(compiled.tree) if isinstance(node, Call)}


@pytest.mark.parametrize("overload", sorted(REFUSED))
def test_refused(environment: Environment, overload: str) -> None:
    """A standard operation outside of the subset is refused by its name."""
    with pytest.raises(ExpressionError) as failure:
        environment.compile(REFUSED[overload], result=None)
    assert overload in {issue.metadata["operation"] for issue in failure.value.issues}
    assert failure.value.reason == "UNSUPPORTED_OPERATION"


@pytest.mark.parametrize("overload", sorted(SUPPORTED))
def test_evaluation_of_text(environment: Environment, overload: str) -> None:
    """Every operation that the table calls tabulated is one on text or lists, and no other is."""
    nodes = [node for node in walk(environment.compile(USES[overload], result=None).tree) if isinstance(node, Call)]
    for node in nodes:
        if node.overload == overload and overload != "conditional":
            types = [argument.type for argument in node.arguments[:1]]
            zoned = overload in ZONED_GETTERS.values()
            textual = not zoned and any(map(_is_textual, [*types, node.type]))
            assert is_tabulated(node) == textual


def _is_textual(type_: DataType) -> bool:
    return type_.kind in ("STRING", "LIST")


@pytest.mark.parametrize("overload", sorted(set(SUPPORTED) - {"decimal_to_double"}))
def test_names_are_those_of_the_checker(environment: Environment, overload: str) -> None:
    """The official checker resolves a use of the operation to this very id."""
    checked = CheckedExpr.FromString(environment.compile(USES[overload], result=None).checked)
    assert overload in {name for reference in checked.reference_map.values() for name in reference.overload_id}


def test_operations_of_a_function() -> None:
    """A function's operations are found by the name that it has in CEL's trees."""
    assert [overload.id for overload in of_function("size")] == ["string_size", "list_size", "size_string", "size_list"]
    assert of_function("exists") == ()
