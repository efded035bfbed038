"""Rules of categories, compiled against a ledger's vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from segmentd.errors import FieldViolation
from segmentd.facts.rules.model import CategoryRules, rule_field
from segmentd.language import CompiledExpression, ExpressionError
from segmentd.ledger.vocabulary import Terms, Vocabulary
from segmentd.plan import Program, compile_plannable, compile_program
from segmentd.schema import BOOL, Subject
from segmentd.segments.compilation import reference_issues
from segmentd.segments.errors import UnknownReferenceError


@dataclass(frozen=True, eq=False)
class CompiledRules:
    """Rules with what their expressions mean; `terms` are those of transactions that they were compiled in."""

    rules: CategoryRules
    terms: Terms
    expressions: tuple[CompiledExpression, ...]

    @cached_property
    def program(self) -> Program:
        """What says of transactions which rules are true of them: a segment a rule, named by its place."""
        trees = {str(place): expression.tree for place, expression in enumerate(self.expressions)}
        return compile_program(tuple(trees), (), trees, self.terms.schema)

    def reads(self, attribute_id: str) -> bool:
        """Whether a rule reads the attribute itself."""
        return any(attribute_id in expression.attributes for expression in self.expressions)


def compile_rules(rules: CategoryRules, vocabulary: Vocabulary) -> CompiledRules:
    """The rules compiled. Raises ExpressionError for the first that is wrong, which says where it stands."""
    terms = vocabulary.terms[Subject.TRANSACTION]
    return CompiledRules(
        rules, terms, tuple(_compile(rule.expression, place, terms) for place, rule in enumerate(rules.rules))
    )


def _compile(text: str, place: int, terms: Terms) -> CompiledExpression:
    try:
        expression = compile_plannable(terms.environment, text, result=BOOL)
        # Segments select customers and accounts, so a transaction is in none.
        if issues := reference_issues(expression, frozenset()):
            raise UnknownReferenceError(issues)
    except ExpressionError as error:
        error.fields = (FieldViolation(f"{rule_field(place)}.expression", error.message),)
        raise
    return expression
