"""The command line as a function, and the rehearsal task in a folder of its own."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest

from adjudge.cli.main import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def adjudge(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def command(*arguments: object) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return command


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """The rehearsal task, small; returns its folder."""
    folder = tmp_path / "task"
    shutil.copytree(str(resources.files("adjudge") / "templates" / "tiny"), folder)
    file = folder / "task.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in (("max_steps: 12", "max_steps: 2"), ("global_batch_size: 32", "global_batch_size: 8")):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return folder
