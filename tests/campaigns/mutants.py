"""Small lies in the source of a rule module, one at a time: what a test must notice."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """One change of one module. `name` stays the same while the line does, wherever the line moves."""

    module: str
    line: int
    what: str
    name: str
    number: int
    """The how-manyeth change of the module."""
    lines: frozenset[int] = frozenset()
    """Those of the statement that is changed: where none of them is run, nothing is changed for a test."""


def mutants(path: Path, root: Path, only: Collection[str] = ()) -> list[Mutant]:
    """Every change that is made to a module's functions, or to those named, in the order of its source."""
    source = path.read_text(encoding="utf-8")
    lines, seen = source.splitlines(), dict[str, int]()
    module = str(path.relative_to(root).with_suffix("")).replace("/", ".")
    tree, found = ast.parse(source), []
    places = _places(tree)
    wanted = {id(inner) for each in tree.body if getattr(each, "name", "") in only for inner in ast.walk(each)}
    for number, (node, what, _) in enumerate(_changes(tree)):
        if only and id(node) not in wanted:
            continue
        text = f"{module.rsplit('.', 1)[-1]}: {lines[node.lineno - 1].strip()} [{what}]"
        seen[text] = seen.get(text, 0) + 1
        name = text if seen[text] == 1 else f"{text} #{seen[text]}"
        found.append(Mutant(module, node.lineno, what, name, number, places[id(node)]))
    return found


def _places(tree: ast.Module) -> dict[int, frozenset[int]]:
    """The lines of the innermost statement around each node; of one that holds others, those before them."""
    found: dict[int, frozenset[int]] = {}
    for node in ast.walk(tree):  # outer ones come first
        if isinstance(node, ast.stmt):
            inner = [
                each
                for name in ("body", "orelse", "finalbody", "handlers", "cases")
                for each in getattr(node, name, ())
            ]
            end = min(
                (each.lineno for each in inner if hasattr(each, "lineno")), default=(node.end_lineno or node.lineno) + 1
            )
            lines = frozenset(range(node.lineno, max(end, node.lineno + 1)))
            found.update((id(each), lines) for each in ast.walk(node) if hasattr(each, "lineno"))
    return found


def mutated(path: Path, number: int) -> ast.Module:
    """The module with one change."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    _, _, change = list(_changes(tree))[number]
    change()
    return ast.fix_missing_locations(tree)


def sample(among: list[Mutant], count: int) -> list[Mutant]:
    """The same ones each time, until their line changes."""
    return sorted(among, key=lambda each: hashlib.sha256(each.name.encode()).digest())[:count]


Change = tuple[ast.expr | ast.stmt, str, Callable[[], None]]


def _changes(tree: ast.Module) -> Iterator[Change]:
    """Only inside functions: what stands at a module's top is data, and annotations and texts say nothing to a caller."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            quiet = {id(inner) for each in _silent(node) for inner in ast.walk(each)}
            for statement in node.body:
                for inner in _own(statement):
                    if id(inner) not in quiet:
                        yield from _of(inner)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """A statement and what is in it, without inner functions: they come by themselves."""
    if isinstance(node, ast.FunctionDef):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _own(child)


def _silent(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Docstring, annotations, and words inside f-strings."""
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        yield first
    for node in ast.walk(function):
        if isinstance(node, ast.AnnAssign):
            yield node.annotation
        if isinstance(node, ast.JoinedStr):
            yield from (each for each in node.values if isinstance(each, ast.Constant))
        if isinstance(node, ast.FormattedValue) and node.format_spec:
            yield node.format_spec
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id in {"list", "dict", "set"}
        ):
            yield node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            yield node.args[1]


def _of(node: ast.AST) -> Iterator[Change]:  # noqa: PLR0912  one case a kind of lie
    match node:
        case ast.Compare():
            for at, op in enumerate(node.ops):
                if (other := COMPARISONS.get(type(op))) is not None:
                    yield node, f"{_word(op)} → {_word(other())}", _put(node.ops, at, other())
        case ast.BoolOp():
            other_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield node, f"{_word(node.op)} → {_word(other_op)}", _set(node, "op", other_op)
        case ast.UnaryOp(op=ast.Not()):
            yield node, "no not", _without_not(node)
        case ast.BinOp() if type(node.op) in ARITHMETIC:
            other_type = ARITHMETIC[type(node.op)]
            yield node, f"{_word(node.op)} → {_word(other_type())}", _set(node, "op", other_type())
        case ast.Constant(value=bool()):
            yield node, f"{node.value} → {not node.value}", _set(node, "value", not node.value)
        case ast.Constant(value=int() | float()):
            yield node, f"{node.value} + 1", _set(node, "value", node.value + 1)  # type: ignore[operator]
        case ast.Constant(value=str()) if node.value.strip():
            yield node, f"{node.value!r} → other", _set(node, "value", f"?{node.value}")
        case ast.If() | ast.IfExp():
            yield node, "if → if not", _set(node, "test", ast.UnaryOp(op=ast.Not(), operand=node.test))
        case ast.Return() if node.value is not None and not _is_none(node.value):
            yield node, "returns None", _set(node, "value", ast.Constant(value=None))
        case ast.Continue():
            yield node, "continue → pass", _become_pass(node)
        case _:
            return


def _word(op: ast.AST) -> str:
    return type(op).__name__


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _set(node: ast.AST, name: str, value: object) -> Callable[[], None]:
    return lambda: setattr(node, name, value)


def _put(among: list[ast.cmpop], at: int, value: ast.cmpop) -> Callable[[], None]:
    return lambda: among.__setitem__(at, value)


def _without_not(node: ast.UnaryOp) -> Callable[[], None]:
    """`not x` becomes `not not x`."""
    return lambda: setattr(node, "operand", ast.UnaryOp(op=ast.Not(), operand=node.operand))


def _become_pass(node: ast.Continue) -> Callable[[], None]:
    """`continue` becomes a statement that does nothing."""

    def change() -> None:
        node.__class__ = ast.Pass  # type: ignore[assignment]

    return change
