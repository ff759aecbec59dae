"""What every file keeps to: budgets, docstrings, reasons for exceptions, nothing of anybody's machine."""

from __future__ import annotations

import ast
import inspect
import re
import statistics
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import menjin

ROOT = Path(__file__).parents[2]
HOUSES = ["src/menjin", "simulator/src/wxsim"]
Function = ast.FunctionDef | ast.AsyncFunctionDef
EXCEPTION = re.compile(r"#\s*(noqa|type:\s*ignore)")
REASONED = re.compile(
    r"# noqa: [A-Z0-9]+(, ?[A-Z0-9]+)* +(- |# )\S+"
    r"|# type: ignore\[[a-z, -]+\] +(- |# )\S+"
)
ELSEWHERE = re.compile(
    "|".join(
        ["/" + "work/", "/" + "root/", "/tm" + "p/bash", "pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npm"]
    )
)


@cache
def python_files(folder: str) -> tuple[Path, ...]:
    """Return the Python files below a folder."""
    return tuple(sorted((ROOT / folder).rglob("*.py")))


def functions(path: Path) -> Iterator[Function]:
    """Yield every function of a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, Function):
            yield node


def length(node: Function) -> int:
    """Return a function's lines, without its docstring."""
    last = node.end_lineno or node.lineno
    first = node.body[0]
    spoken = ast.get_docstring(node) is not None
    return last - node.lineno + 1 - ((first.end_lineno or first.lineno) - first.lineno + 1 if spoken else 0)


@pytest.mark.parametrize("house", HOUSES)
def test_files_and_functions_keep_to_their_budget(house: str) -> None:
    """No file over 400 lines, median at most 120; no function over 60, median at most 10."""
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in python_files(house)}
    sizes = {f"{path.name}:{node.name}": length(node) for path in lines for node in functions(path)}
    assert not {path.name: count for path, count in lines.items() if count > 400}
    assert not {name: count for name, count in sizes.items() if count > 60}
    assert statistics.median(lines.values()) <= 120
    assert statistics.median(sizes.values()) <= 10


def test_public_names_are_there_and_explained() -> None:
    """menjin.__all__ is importable, names nothing twice, and each class and function of it has its own docstring."""
    assert len(set(menjin.__all__)) == len(menjin.__all__)
    for name in menjin.__all__:
        thing = getattr(menjin, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert (thing.__doc__ or "").strip(), name
            assert not (thing.__doc__ or "").startswith(f"{name}("), f"{name} has only the docstring dataclass made"


def test_every_test_says_what_it_expects() -> None:
    """Each test function has a docstring."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for folder in ("tests", "simulator/tests")
        for path in python_files(folder)
        for node in functions(path)
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert not silent


@pytest.mark.parametrize("folder", [*HOUSES, "demo", "tests"])
def test_every_exception_to_a_rule_has_its_reason(folder: str) -> None:
    """A noqa names its rule and a type: ignore its error, and both say why on the line."""
    bare = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in python_files(folder)
        if path != Path(__file__)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if EXCEPTION.search(line) and not REASONED.search(line)
    ]
    assert not bare


def test_control_the_judge_of_exceptions_is_not_blind() -> None:
    """Control: a bare one is seen, one with a reason passes."""
    assert not REASONED.search("x = 1  # noqa: S105")
    assert not REASONED.search("x = 1  # noqa")
    assert REASONED.search("x = 1  # noqa: S105 - a sample")
    assert REASONED.search("x = 1  # type: ignore[attr-defined] # untyped upstream")


def test_nothing_names_a_machine_or_a_registry() -> None:
    """No tracked file holds a path of somebody's machine or a package registry's host."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, timeout=20, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    found = []
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = ROOT / name
        text = path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""
        found += [f"{name}: {match[0]}" for match in ELSEWHERE.finditer(text)]
    assert not found
