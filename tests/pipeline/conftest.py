"""The rehearsal task in a folder of its own, ready to be changed."""

import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from adjudge.pipeline.taskfile import LoadedTask, load_task

MakeTask = Callable[..., LoadedTask]


@pytest.fixture
def make_task(tmp_path: Path) -> MakeTask:
    """Makes the task: ``make_task({"train.max_steps": 3})`` sets dotted keys, None removes one."""

    def make(changes: dict[str, Any] | None = None, *, name: str = "task") -> LoadedTask:
        folder, template = tmp_path / name, Path(str(resources.files("adjudge"))) / "templates" / "tiny"
        if not folder.exists():
            shutil.copytree(template, folder)
        file = folder / "task.yaml"
        data = yaml.safe_load((template / "task.yaml").read_text(encoding="utf-8"))
        small = {
            "train.max_steps": 4,
            "train.save_steps": 2,
            "train.global_batch_size": 8,
            "train.number_generation": 4,
            "policy.warm_start.sft.max_steps": 2,
            "evaluate.samples_per_row": 2,
            "evaluate.baseline.samples_per_row": 2,
            "evaluate.resamples": 100,
        }
        for dotted, value in {**small, **(changes or {})}.items():
            *parents, last = dotted.split(".")
            node = data
            for part in parents:
                node = node.setdefault(part, {})
            if value is None:
                node.pop(last, None)
            else:
                node[last] = value
        file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        return load_task(folder)

    return make
