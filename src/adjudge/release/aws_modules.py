"""Which modules of this package a function needs, and what they import of others: found by reading, nothing is run."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PACKAGE: Final = "adjudge"


@dataclass(frozen=True)
class Closure:
    """What can be reached from some modules.

    Attributes:
        files: the package's own files, relative to the folder that holds the package, in order.
        foreign: the outermost name of every other module that is imported, the standard library's too -> the modules
            of this package that import it, each with whether that happens as soon as the module is loaded.
    """

    files: tuple[str, ...]
    foreign: dict[str, dict[str, bool]]


def closure(root: Path, starts: Iterable[str], without: frozenset[str] = frozenset()) -> Closure:
    """All that the modules in `starts` import, directly or by others.

    Imports inside functions count: they run when something is used for the first time, and the file must be there
    then. Those for type checkers only do not.

    Args:
        root: folder that holds the package.
        starts: dotted names of modules.
        without: modules that the function will never load; neither they nor what only they import is taken.
    """
    found: dict[str, Path] = {}
    foreign: dict[str, dict[str, bool]] = {}
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        file = None if name in found or name in without else _file(root, name)
        if file is None:
            continue
        found[name] = file
        if "." in name:
            waiting.append(name.rpartition(".")[0])
        for imported, at_once in _imports(ast.parse(file.read_bytes()), at_once=True):
            outermost = imported.partition(".")[0]
            if outermost == PACKAGE:
                waiting.append(imported)
            else:
                importers = foreign.setdefault(outermost, {})
                importers[name] = importers.get(name, False) or at_once
    files = sorted(file.relative_to(root).as_posix() for file in found.values())
    return Closure(tuple(files), foreign)


def _file(root: Path, name: str) -> Path | None:
    """The file of a module; None for what is no module (a function imported from one)."""
    base = root.joinpath(*name.split("."))
    options = (base.with_name(f"{base.name}.py"), base / "__init__.py")
    return next((file for file in options if file.is_file()), None)


def _imports(node: ast.AST, *, at_once: bool) -> Iterator[tuple[str, bool]]:
    """Dotted names of all that may be a module; ``from a import b`` may mean the module ``a.b``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _is_type_checking(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name, at_once) for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module is not None:
            yield child.module, at_once
            yield from ((f"{child.module}.{alias.name}", at_once) for alias in child.names)
        else:
            inner = at_once and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _imports(child, at_once=inner)


def _is_type_checking(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"
