"""The house: layers, sizes, what every file promises."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_arrows_run_one_way():
    """Import-linter finds no import against the layers."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path):
    """No file of the package is over 400 lines, no function over 60, and none prints."""
    text = path.read_text()
    tree = ast.parse(text)
    assert text.count("\n") <= 400
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or node.lineno) - node.lineno < 60, node.name
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"line {node.lineno}"


def test_every_dependency_has_its_reason():
    """docs/dependencies.md names each package of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    told = (ROOT / "docs" / "dependencies.md").read_text()
    missing = [name for line in wanted if (name := re.split(r"[<>=\[; ]", line)[0]) not in told]
    assert missing == []


def test_help_imports_nothing_heavy():
    """`adjudge --help` loads neither torch nor transformers, aiohttp, numpy or pydantic."""
    code = (
        "import sys\nfrom adjudge.cli.main import main\nsys.argv = ['adjudge', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'transformers', 'aiohttp', 'numpy', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_python_blocks_of_the_docs_run(page: Path, tmp_path: Path):
    """Every python block runs as it is printed, and prints what its comments say."""
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)):
        script = tmp_path / f"block{number}.py"
        script.write_text(block)
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
        said = re.findall(r"print\(.*\)  # (.*)", block)
        assert done.stdout.splitlines() == said


def test_commands_in_the_docs_exist():
    """Every `adjudge ...` and `make ...` line of a console block names a command that exists."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for block in re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL):
            for line in filter(None, (part.split("#")[0].strip() for part in block.splitlines())):
                words = line.split()
                if words[0] == "make":
                    assert words[1] in targets, line
                elif words[0] == "adjudge":
                    names = [word for word in words[1:3] if re.fullmatch(r"[a-z]+", word)]
                    code = "from adjudge.cli.main import main; main()"
                    done = subprocess.run(
                        [sys.executable, "-c", code, *names, "--help"], capture_output=True, text=True, check=False
                    )
                    assert done.returncode == 0, line
