"""What holds for every file of the package: layers, sizes, no printing, no NaN, no module-level mutable state."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXTRAS = ("train", "aws", "graders", "redis", "serve", "stats", "verifiers")
SOURCES = sorted((ROOT / "src").rglob("*.py"))
each_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))


def test_arrows_run_one_way():
    """Import-linter finds no import against the layers."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_every_package_has_its_layer():
    """No package of ours stands outside of the layers that import-linter keeps and CONTRIBUTING.md shows."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    kept = next(contract for contract in settings["contracts"] if contract["type"] == "layers")
    layers = [set(re.findall(r"\w+", layer)) for layer in kept["layers"]]
    found = {path.name for path in (ROOT / "src" / "adjudge").iterdir() if (path / "__init__.py").is_file()}
    assert found == set().union(*layers)
    picture = (ROOT / "CONTRIBUTING.md").read_text().split("```")[1].splitlines()
    shown = [set(re.findall(r"\w+", line.split("  ")[0])) for line in picture if line]
    assert [names for names in shown if names != {"errors"}] == layers


@each_source
def test_files_and_functions_stay_small(path: Path):
    """No file is over 400 lines and no function over 60."""
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    long = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > 60
    ]
    assert long == []


def habits(text: str) -> list[str]:
    """What a file of the package must not do, with its line."""
    tree = ast.parse(text)
    found: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="print" | "eval" | "exec" as name)):
                found.append(f"line {node.lineno}: {name}()")
            case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(value))]) if "nan" in value.lower():
                found.append(f"line {node.lineno}: float({value!r})")
            case ast.Attribute(attr="nan" | "NaN" | "NAN"):
                found.append(f"line {node.lineno}: NaN as a value")
            case ast.ExceptHandler(type=None):
                found.append(f"line {node.lineno}: bare except")
            case ast.Global():
                found.append(f"line {node.lineno}: global")
    return found


@each_source
def test_no_file_prints_or_holds_a_nan(path: Path):
    """Nothing is printed, evaluated, caught without a name or marked by NaN, and no function assigns a global."""
    assert habits(path.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "print('x')",
        "x = float('nan')",
        "x = float('-NaN')",
        "import math\nx = math.nan",
        "try:\n    pass\nexcept:\n    pass",
        "def f():\n    global x\n    x = 1",
        "eval('1')",
    ],
)
def test_the_check_sees_what_it_looks_for(text: str):
    """Each of the habits is found where it is."""
    assert len(habits(text)) == 1


def test_every_import_is_declared():
    """What the package imports is of Python, its own, or a dependency in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = [
        *project["dependencies"],
        *(line for name in EXTRAS for line in extras[name]),
    ]
    # The plug-in for pytest is imported by pytest alone.
    declared = {plain(re.split(r"[<>=\[; ]", line)[0]) for line in lines} | {"pytest"}
    homes = packages_distributions()
    undeclared = {
        f"{path.name}: {name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        for name in imported(node)
        if name not in sys.stdlib_module_names
        and name != "adjudge"
        # An extra that is not installed has no home here; its name must do.
        and not declared & {plain(home) for home in homes.get(name, [name])}
    }
    assert undeclared == set()


def plain(package: str) -> str:
    """The name of a distribution, spelt one way."""
    return package.lower().replace("_", "-")


def imported(node: ast.AST) -> list[str]:
    """Top-level modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [(node.module or "").partition(".")[0]]
    return []


def test_help_imports_nothing_heavy():
    """`adjudge --help` loads neither torch nor transformers, aiohttp, numpy or pydantic."""
    code = (
        "import sys\nfrom adjudge.cli.main import main\nsys.argv = ['adjudge', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'torch', 'transformers', 'aiohttp', 'numpy', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage: adjudge" in done.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "src").rglob("__init__.py")), ids=lambda path: path.parent.name)
def test_packages_import_nothing_heavy(path: Path):
    """Importing a package by itself loads neither torch nor transformers nor an HTTP client."""
    name = ".".join(path.parent.relative_to(ROOT / "src").parts)
    code = (
        f"import sys, {name}\n"
        "heavy = {'torch', 'transformers', 'peft', 'aiohttp', 'scipy', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
