"""Selections: expressions over jet columns, as `pt > 550 and abs(eta) < 2 and truth == t_bqq`.

An expression has comparisons, `and`, `or`, `not`, arithmetic, `abs` and numbers. Its names are the
jet columns of `columns.py`, those that a reader declares besides, and, as constants, the names of
TRUTH. Nothing else is allowed, so that a configuration is checked without data and never runs
code. Integers are calculated with in 64 bits and a sign, or as floating-point numbers where they
are beyond that; compared, they are exact.
"""

import ast
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from tagline.data.columns import JET_COLUMNS, TRUTH
from tagline.settings.strict import did_you_mean

Array = npt.NDArray[Any]
Read = Callable[[str], Array]

COLUMNS = tuple(column.name for column in JET_COLUMNS)
FUNCTIONS: dict[str, Callable[..., Any]] = {"abs": np.abs}
ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.USub: np.negative,
}
COMPARISONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
LOGIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.And: np.logical_and,
    ast.Or: np.logical_or,
    ast.Not: np.logical_not,
}


@dataclass(frozen=True)
class Term:
    """One of the conditions that a selection joins by `and`."""

    text: str
    tree: ast.expr

    @property
    def names(self) -> set[str]:
        """Its columns and truths."""
        called = {node.func for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        return {
            node.id
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Name) and node not in called
        }

    def passes(self, read: Read) -> npt.NDArray[np.bool_]:
        """Return (J,), true where a jet passes; `read` returns the values (J,) of a column."""
        with np.errstate(divide="ignore", invalid="ignore"):
            passing: npt.NDArray[np.bool_] = _evaluate(self.tree, read)
        return passing


@cache
def parse(expression: str) -> tuple[Term, ...]:
    """Return the terms of an expression in order; an empty one has none.

    Raises:
        ValueError: the expression is not one of the language above.
    """
    if not expression.strip():
        return ()
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"selection {expression!r}: {error.msg}") from None
    terms = tuple(Term(ast.unparse(part), part) for part in _conjuncts(tree))
    for term in terms:
        _check_condition(term.tree, expression)
        if not term.names - TRUTH.keys():
            raise ValueError(f"selection {expression!r}: {term.text!r} reads no jet column")
    return terms


def check(expression: str, *, further: Collection[str]) -> None:
    """Raise ValueError if an expression cannot be understood, or jets have not all of its columns.

    Args:
        expression: the selection.
        further: names of columns besides the common ones.
    """
    known = (*COLUMNS, *further, *TRUTH)
    for name in sorted({name for term in parse(expression) for name in term.names}):
        _check_name(name, known, expression)
        if name in TRUTH and name in further:
            raise ValueError(
                f"selection {expression!r}: {name!r} is a truth, and a column that needs another "
                "name to be selected on"
            )


def passes(expression: str, read: Read, *, num_jets: int) -> npt.NDArray[np.bool_]:
    """Return (J,), true where a jet passes all terms."""
    everything = np.ones(num_jets, np.bool_)
    return reduce(np.logical_and, (term.passes(read) for term in parse(expression)), everything)


def _conjuncts(tree: ast.expr) -> list[ast.expr]:
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        return [part for value in tree.values for part in _conjuncts(value)]
    return [tree]


def _check_condition(tree: ast.expr, expression: str) -> None:
    match tree:
        case ast.BoolOp(values=values):
            operands, check_operand = values, _check_condition
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            operands, check_operand = [operand], _check_condition
        case ast.Compare(left=left, ops=operators, comparators=right):
            _check_operators(operators, COMPARISONS, expression)
            operands, check_operand = [left, *right], _check_number
        case _:
            raise ValueError(f"selection {expression!r}: {ast.unparse(tree)!r} is not a condition")
    for operand in operands:
        check_operand(operand, expression)


def _check_number(tree: ast.expr, expression: str) -> None:
    match tree:
        case ast.Constant(value=int() | float()) if not isinstance(tree.value, bool):
            operands: list[ast.expr] = []
        case ast.Name():
            operands = []
        case ast.UnaryOp(op=operator, operand=operand):
            _check_operators([operator], ARITHMETIC, expression)
            operands = [operand]
        case ast.BinOp(left=left, op=operator, right=right):
            _check_operators([operator], ARITHMETIC, expression)
            operands = [left, right]
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
            _check_name(name, tuple(FUNCTIONS), expression)
            operands = [argument]
        case _:
            raise ValueError(f"selection {expression!r}: {ast.unparse(tree)!r} is not a number")
    for operand in operands:
        _check_number(operand, expression)


def _check_name(name: str, known: tuple[str, ...], expression: str) -> None:
    if name not in known:
        raise ValueError(
            f"selection {expression!r}: unknown name {name!r}; {did_you_mean(name, list(known))}"
        )


def _check_operators(
    operators: list[Any], known: dict[type[ast.AST], Callable[..., Any]], expression: str
) -> None:
    for operator in operators:
        if type(operator) not in known:
            raise ValueError(
                f"selection {expression!r}: operator {type(operator).__name__} is not allowed"
            )


def _evaluate(tree: ast.expr, read: Read) -> Any:  # noqa: ANN401 (a number or an array)
    match tree:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return TRUTH[name] if name in TRUTH else read(name)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return LOGIC[ast.Not](_evaluate(operand, read))
        case ast.UnaryOp(op=operator, operand=operand):
            return ARITHMETIC[type(operator)](_operand(operand, read))
        case ast.BinOp(left=left, op=operator, right=right):
            return ARITHMETIC[type(operator)](_operand(left, read), _operand(right, read))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return FUNCTIONS[name](_operand(argument, read))
        case ast.BoolOp(op=operator, values=values):
            return reduce(LOGIC[type(operator)], [_evaluate(value, read) for value in values])
        case ast.Compare(left=left, ops=operators, comparators=comparators):
            values = [_evaluate(value, read) for value in (left, *comparators)]
            pairs = zip(operators, values[:-1], values[1:], strict=True)
            return reduce(
                np.logical_and, [COMPARISONS[type(sign)](low, high) for sign, low, high in pairs]
            )
        case _:
            raise AssertionError(f"{ast.dump(tree)} passed the check")


def _operand(tree: ast.expr, read: Read) -> Any:  # noqa: ANN401 (a number or an array)
    """Return what arithmetic can take: short integers, and those without a sign, wrap."""
    values = _evaluate(tree, read)
    if not isinstance(values, np.ndarray) or values.dtype.kind == "f":
        return values
    is_beyond = values.dtype == np.uint64 and values.max(initial=0) > np.iinfo(np.int64).max
    return values.astype(np.float64 if is_beyond else np.int64, copy=False)
