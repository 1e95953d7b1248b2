"""A task folder as it lies in a function's package, with a judge on the loopback interface."""

import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

MakeFunction = Callable[..., Path]

SHIM = """
from adjudge.pipeline.reward_lambda import task_handler

_handler = task_handler()


def lambda_handler(event, context):
    return _handler(event, context)
"""


@pytest.fixture
def make_function(tmp_path: Path) -> MakeFunction:
    """Makes the function's folder: ``make_function(url, {"limits": ...})``; the dictionary goes into ``judge``."""

    def make(url: str, judge: dict[str, Any] | None = None, reward: dict[str, Any] | None = None) -> Path:
        template = Path(str(resources.files("adjudge"))) / "templates" / "tiny"
        folder = tmp_path / "function"
        (folder / "task").mkdir(parents=True)
        (folder / "lambda_function.py").write_text(SHIM)
        shutil.copy(template / "rubric.yaml", folder / "task")
        task = {
            "name": "letters",
            "judge": {"model": f"openai-compat:{url}#judge", **(judge or {})},
            "reward": {"terms": [{"type": "judged"}], **(reward or {})},
        }
        (folder / "task" / "task.yaml").write_text(yaml.safe_dump(task))
        return folder

    return make


@pytest.fixture
def task_folder(tmp_path: Path) -> Path:
    """The task that counts letters, with its scripted judge: no server, no key."""
    folder = tmp_path / "task"
    shutil.copytree(Path(str(resources.files("adjudge"))) / "templates" / "tiny", folder)
    return folder
