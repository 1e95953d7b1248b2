"""The run folder ``runs/NAME/``: where each file lies, which stages are done, and that only one process writes."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from adjudge.domain.base import digest
from adjudge.errors import MissingError, RunError
from adjudge.store.atomic import disk_error, read_json, write_bytes, write_json


class RunFolder:
    """Paths and stage marks of one run. Make it with `create`, `open` or `open_or_create`.

    Attributes:
        path: the folder.
        journal, rollouts, verdicts, metrics: append-only JSONL files (see `adjudge.store.jsonl`).
        passport, evaluation, gate: JSON results of the stages.
        checkpoints: folder of ``step-N/`` folders.
        report: the HTML report.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest_file = path / "manifest.json"
        self.config_file = path / "config.yaml"
        self.journal = path / "journal.jsonl"
        self.rollouts = path / "rollouts.jsonl"
        self.verdicts = path / "verdicts.jsonl"
        self.metrics = path / "metrics.jsonl"
        self.passport = path / "passport.json"
        self.evaluation = path / "evaluation.json"
        self.gate = path / "gate.json"
        self.checkpoints = path / "checkpoints"
        self.report = path / "report.html"
        self.unproven_file = path / "unproven.json"

    @classmethod
    def create(cls, path: Path, *, manifest: dict[str, Any], config: str) -> Self:
        """A new run folder.

        Args:
            path: must not hold a run yet.
            manifest: JSON data about the run; ``created`` (UTC) and ``config_fingerprint`` are added.
            config: the configuration as resolved, YAML.

        Raises:
            RunError: there is a run in the folder.
            MissingError: the disk refuses.
        """
        run = cls(path)
        if run.manifest_file.exists():
            raise RunError(
                f"{path} already holds a run.",
                "A run folder belongs to one configuration, so that its numbers stay what they were.",
                "Add --resume to go on with it, or choose another folder with --out.",
            )
        write_bytes(run.config_file, config.encode())
        created = datetime.now(UTC).isoformat(timespec="seconds")
        # The manifest comes last: a folder without one is no run, whatever else is in it.
        write_json(run.manifest_file, {**manifest, "created": created, "config_fingerprint": digest(config)})
        return run

    @classmethod
    def open(cls, path: Path) -> Self:
        """The run in `path`.

        Raises:
            MissingError: there is none.
            RunError: its manifest is damaged.
        """
        run = cls(path)
        if not run.manifest_file.is_file():
            raise MissingError(
                f"{path} holds no run: there is no manifest.json.",
                "`adjudge run` writes it first of all.",
                "Point to a folder that `adjudge run` has made.",
            )
        read_json(run.manifest_file)
        return run

    @classmethod
    def open_or_create(cls, path: Path, *, manifest: dict[str, Any], config: str) -> Self:
        """The run in `path` when its configuration is the same, a new one when there is none.

        Raises:
            RunError: the run in the folder has another configuration.
        """
        if not (path / "manifest.json").exists():
            return cls.create(path, manifest=manifest, config=config)
        run = cls.open(path)
        if run.manifest.get("config_fingerprint") != digest(config):
            raise RunError(
                f"{path} holds a run of another configuration.",
                f"The configuration was changed since: compare it with {run.config_file}.",
                "Choose another folder with --out, or restore the configuration to go on with this run.",
            )
        return run

    @property
    def manifest(self) -> dict[str, Any]:
        """What was given to `create`, with ``created`` and ``config_fingerprint``."""
        return read_json(self.manifest_file)

    @property
    def unproven(self) -> str:
        """Why this run's judge is not proven, in a sentence that every artefact repeats; empty where it is."""
        return str(read_json(self.unproven_file)["why"]) if self.unproven_file.is_file() else ""

    def mark_unproven(self, why: str) -> None:
        """Mark the run for good: what was trained on an unproven judge stays so, whatever is measured later."""
        if not self.unproven:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            write_json(self.unproven_file, {"why": why, "since": now})

    def checkpoint(self, step: int) -> Path:
        """Folder of the checkpoint after optimizer step `step`."""
        return self.checkpoints / f"step-{step}"

    def stage_file(self, stage: str) -> Path:
        """The mark of a finished stage."""
        if not stage.isidentifier():
            msg = f"not a stage name: {stage!r}"
            raise ValueError(msg)
        return self.path / "stages" / f"{stage}.json"

    def finish_stage(self, stage: str, inputs: str, results: dict[str, Any]) -> None:
        """Mark `stage` as done.

        Args:
            stage: for example ``baseline``.
            inputs: fingerprint of all that the stage read; another one makes the stage due again.
            results: JSON data that later stages and the report need.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(self.stage_file(stage), {"stage": stage, "inputs": inputs, "finished": now, "results": results})

    def stage_results(self, stage: str, inputs: str) -> dict[str, Any] | None:
        """Results of a stage that is done with these very inputs; None when it is due (again)."""
        if not self.stage_file(stage).is_file():
            return None
        mark = read_json(self.stage_file(stage))
        results = mark.get("results")
        return results if mark.get("inputs") == inputs and isinstance(results, dict) else None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out while in the block.

        The lock belongs to the open file, so the system takes it from a process that dies: a stale one cannot exist.

        Raises:
            RunError: another process works in this folder.
        """
        path = self.path / "lock"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise disk_error(path, error) from error
        try:
            if not _try_lock(handle):
                raise RunError(
                    f"{self.path} is in use by another process ({_holder(path)}).",
                    "Two writers would mix their results.",
                    "Wait for it to end or stop it, or choose another folder with --out.",
                )
            now = datetime.now(UTC).isoformat(timespec="seconds")
            os.ftruncate(handle, 0)
            os.write(handle, json.dumps({"pid": os.getpid(), "since": now}).encode())
            yield
        finally:
            os.close(handle)


def _holder(path: Path) -> str:
    """Who says to hold the lock; only for the message, the system knows better."""
    try:
        note = json.loads(path.read_bytes())
        return f"pid {int(note['pid'])} since {note['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "unknown"


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            # Far behind the note, so that others can still read who holds the lock.
            os.lseek(handle, 1 << 20, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
