"""Every code block of README, CONTRIBUTING and docs does what it says.

- python: runs in an empty folder; a ```text block right behind it is what it prints.
- console: commands exist; with ``<!-- runs -->`` before it, it is run; with ``<!-- needs: model -->``, it is run where
  the embedded model was pulled.
- yaml: loads as what it is (a task, a rubric, judge tests, or a section of a task).
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from adjudge.errors import MissingError
from adjudge.judges.load import load_rubric
from adjudge.judges.suite.suite import load_suite
from adjudge.models.cache import folder_of
from adjudge.pipeline.config import Task
from adjudge.pipeline.taskfile import load_task

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(
    r"(?:<!-- (?P<mark>[^>]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
LANGUAGES = {"python", "text", "console", "yaml", ""}
MARKS = {None, "runs", "needs: model"}


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, what stands before it, and what it should print."""

    page: str
    line: int
    language: str
    text: str
    mark: str | None
    printed: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(text: str, page: str) -> list[Block]:
    found = list(FENCE.finditer(text))
    behind = [*found[1:], None][: len(found)]
    return [
        Block(
            page,
            text[: one.start()].count("\n") + 1,
            one["language"],
            one["text"],
            one["mark"],
            following["text"]
            if following and following["language"] == "text" and not text[one.end() : following.start()].strip()
            else None,
        )
        for one, following in zip(found, behind, strict=True)
    ]


BLOCKS = [block for page in PAGES for block in blocks_of(page.read_text(), str(page.relative_to(ROOT)))]


def only(language: str, *, run: bool = False) -> list[Block]:
    return [b for b in BLOCKS if b.language == language and (b.mark in {"runs", "needs: model"}) >= run]


def environment() -> dict[str, str]:
    """This interpreter's own commands come first."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_blocks_are_found_with_mark_line_and_output():
    """The collector sees language, mark and the printed text, and does not take a distant text for it."""
    page = "<!-- runs -->\n```console\na\n```\n\n```python\nb\n```\n\n```text\nc\n```\nwords\n```text\nd\n```\n"
    found = [(b.line, b.language, b.mark, b.printed) for b in blocks_of(page, "p")]
    assert found == [
        (1, "console", "runs", None),
        (6, "python", None, "c\n"),
        (10, "text", None, None),
        (14, "text", None, None),
    ]


def test_all_fences_are_blocks_that_are_checked():
    """No fence escapes the collector, and none has a language or mark that nobody checks."""
    fences = sum(page.read_text().count("```") - page.read_text().count("`````") for page in PAGES)
    assert fences == 2 * len(BLOCKS)
    assert {block.language for block in BLOCKS} <= LANGUAGES
    assert {block.mark for block in BLOCKS} <= MARKS


@pytest.mark.parametrize("block", only("python"), ids=str)
def test_python_runs_and_prints_what_follows(block: Block, tmp_path: Path):
    """A python block runs as it is printed here, and prints the text behind it and nothing else."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.text], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (block.printed or "")


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_examples_run(path: Path, tmp_path: Path):
    """An example runs offline, and its first docstring names the command."""
    text = path.read_text()
    assert f"python examples/{path.name}" in text
    if "needs: model" in text:
        pulled()
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def pulled() -> None:
    """Skip where the embedded model is not on this machine."""
    try:
        folder_of("smollm2-135m")
    except MissingError:
        pytest.skip("the model smollm2-135m is not on this machine: adjudge models pull smollm2-135m")


@pytest.mark.parametrize("block", only("console", run=True), ids=str)
def test_marked_commands_run(block: Block, tmp_path: Path):
    """Commands marked as runnable leave with 0, in a folder that has the sources and nothing else."""
    if block.mark == "needs: model":
        pulled()
    # Copied, not linked: a command may write beside the task.
    shutil.copytree(ROOT / "src" / "adjudge" / "templates", tmp_path / "src" / "adjudge" / "templates")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],  # noqa: S607  (the path is what is tested)
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr


def commands() -> list[tuple[str, tuple[str, ...]]]:
    """Each adjudge command of the pages once: its words and its options, with where it stands first."""
    found: dict[tuple[str, ...], str] = {}
    for block in only("console"):
        for line in block.text.splitlines():
            words = line.split("#")[0].split()
            if words and words[0] == "adjudge":
                names = []
                for word in words[1:]:
                    if not re.fullmatch(r"[a-z]+", word):
                        break
                    names.append(word)
                options = sorted({word for word in words if word.startswith("--")})
                found.setdefault((" ".join(names), *options), str(block))
    return [(place, command) for command, place in found.items()]


@pytest.mark.parametrize(("place", "command"), commands(), ids=lambda part: part if isinstance(part, str) else part[0])
def test_commands_and_their_options_exist(place: str, command: tuple[str, ...]):
    """Every `adjudge ...` of a console block is a command, and its help knows the options used."""
    names, *options = command
    code = "from adjudge.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *names.split(), "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, place
    assert f"Usage: adjudge {names}" in done.stdout
    assert [option for option in options if option not in done.stdout] == []


def test_make_targets_exist():
    """Every `make ...` of a console block is a target with a word of help."""
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        word
        for block in only("console")
        for line in block.text.splitlines()
        for word in re.findall(r"^make ([a-z-]+)", line)
    }
    assert named
    assert named <= targets


@pytest.mark.parametrize("block", only("yaml"), ids=str)
def test_yaml_is_what_it_looks_like(block: Block, tmp_path: Path):
    """A task loads as a task, a rubric as a rubric, judge tests as tests; a lone section fits into a task."""
    keys = set(yaml.safe_load(block.text))
    file = tmp_path / "file.yaml"
    file.write_text(block.text)
    if "criteria" in keys:
        load_rubric(file)
    elif "cases" in keys:
        load_suite(file, load_rubric(ROOT / "src/adjudge/templates/contract_review/rubric.yaml"))
    elif "name" in keys:
        load_task(file)
    else:
        whole = yaml.safe_load((ROOT / "src/adjudge/templates/tiny/task.yaml").read_text())
        assert keys < set(whole)
        Task.model_validate({**whole, **yaml.safe_load(block.text)})
