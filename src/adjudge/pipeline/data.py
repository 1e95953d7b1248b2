"""The rows of a task's splits as samples, and the fingerprint of every file that a run reads."""

import hashlib
from collections import Counter
from pathlib import Path

from adjudge.domain import Sample, load_samples
from adjudge.errors import DataError
from adjudge.pipeline.config import Split
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.rewards.json_schema import JsonSchemaConfig
from adjudge.rewards.python_function import PythonFunctionConfig
from adjudge.wire.contract_windows import read_contract_windows


def split_samples(task: LoadedTask, split: Split, limit: int | None = None) -> tuple[Sample, ...]:
    """The samples of one split, in file order.

    Args:
        task: names the files.
        split: train, validation or test.
        limit: most rows of each file; the stricter of this and the task's own limit counts.

    Raises:
        MissingError: the file is not there.
        DataError: a row is wrong, there is none, or two files have a row of the same id.
    """
    own: int | None = getattr(task.config.data.limit, split)
    most = min((number for number in (limit, own) if number is not None), default=None)
    names: tuple[str, ...] = getattr(task.config.data, split)
    samples = tuple(sample for name in names for sample in _rows(task, split, name, most))
    twice = next((key for key, number in Counter(sample.id for sample in samples).items() if number > 1), None)
    if twice is not None:
        raise DataError(
            f"The row '{twice}' is in two files of data.{split}.",
            "Rollouts and rewards name a row by its id.",
            "Name each file once, or rename the row.",
        )
    return samples


def _rows(task: LoadedTask, split: Split, name: str, limit: int | None) -> tuple[Sample, ...]:
    data, path = task.config.data, task.path(name)
    if data.format == "contract-windows":
        samples = read_contract_windows(
            path,
            crop_chars=data.crop_chars,
            limit=limit,
            seed=data.seed,
            max_comments=data.max_comments,
            quote_words=data.quote_words,
        )
    else:
        samples = load_samples(path)[:limit]
    if not samples:
        raise DataError(
            f"{path} has no rows.",
            f"The {split} split of the task cannot be empty.",
            f"Add rows, or name another file in data.{split}.",
        )
    return samples


def file_fingerprints(task: LoadedTask) -> dict[str, str]:
    """Name in the task -> SHA-256 (first 16 hex characters) of each file that the task reads; absent ones left out."""
    config = task.config
    names = [*config.data.train, *config.data.validation, *config.data.test]
    names.append(config.judge.grader or config.judge.rubric)
    parts = (*config.reward.gates, *config.reward.terms, *config.reward.metrics)
    own = [part.file for part in parts if isinstance(part, JsonSchemaConfig | PythonFunctionConfig)]
    scripts = [_script(model) for model in config.judge.models]
    validate = config.validation
    files = (validate.tests, validate.gold, validate.passport, *scripts, *own)
    names += [name for name in files if name is not None]
    return {name: _sha256(task.path(name)) for name in dict.fromkeys(names) if task.path(name).is_file()}


def _script(model: str) -> str | None:
    provider, _, name = model.partition(":")
    return name if provider == "scripted" else None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
