"""The run folder: one configuration, one writer, and stages that are done once for the same inputs."""

import subprocess
import sys
from pathlib import Path

import pytest

from adjudge.errors import MissingError, RunError
from adjudge.store.atomic import read_json, write_json
from adjudge.store.run import RunFolder

CONFIG = "name: test\n"


def make(path: Path) -> RunFolder:
    """A new run."""
    return RunFolder.create(path, manifest={"task": "test"}, config=CONFIG)


def test_a_created_run_opens_again_with_its_manifest(tmp_path: Path):
    """What was created is found again."""
    make(tmp_path / "run")
    run = RunFolder.open(tmp_path / "run")
    assert run.manifest["task"] == "test"
    assert run.config_file.read_text() == CONFIG


def test_a_run_is_not_overwritten(tmp_path: Path):
    """Creating a run where one is, is refused."""
    make(tmp_path)
    with pytest.raises(RunError, match="already holds a run"):
        make(tmp_path)


def test_a_folder_without_manifest_is_no_run(tmp_path: Path):
    """A crash before the manifest leaves no run behind, so creating it again works."""
    (tmp_path / "config.yaml").write_text("half")
    with pytest.raises(MissingError):
        RunFolder.open(tmp_path)
    assert RunFolder.open_or_create(tmp_path, manifest={}, config=CONFIG).config_file.read_text() == CONFIG


def test_a_run_of_another_configuration_is_not_resumed(tmp_path: Path):
    """Numbers of two configurations are never mixed in a folder."""
    make(tmp_path)
    assert RunFolder.open_or_create(tmp_path, manifest={}, config=CONFIG).path == tmp_path
    with pytest.raises(RunError, match="another configuration"):
        RunFolder.open_or_create(tmp_path, manifest={}, config="name: other\n")


def test_a_stage_is_done_only_for_the_inputs_it_had(tmp_path: Path):
    """Other inputs make a finished stage due again."""
    run = make(tmp_path)
    assert run.stage_results("judge", "a") is None
    run.finish_stage("judge", "a", {"auc": 0.9})
    assert run.stage_results("judge", "a") == {"auc": 0.9}
    assert run.stage_results("judge", "b") is None


def test_stage_names_cannot_leave_the_folder(tmp_path: Path):
    """A stage name is no path."""
    with pytest.raises(ValueError, match="stage name"):
        make(tmp_path).finish_stage("../x", "a", {})


def test_two_writers_exclude_each_other_and_a_dead_one_excludes_nobody(tmp_path: Path):
    """The lock holds against another process, and goes with a process that is killed."""
    make(tmp_path)
    code = (
        "import sys, pathlib\n"
        "from adjudge.store.run import RunFolder\n"
        "with RunFolder.open(pathlib.Path(sys.argv[1])).locked():\n"
        "    print('locked', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(RunError, match=f"pid {other.pid}"), RunFolder.open(tmp_path).locked():
            pytest.fail("two writers at once")
        other.kill()
        other.wait()
    with RunFolder.open(tmp_path).locked():
        assert read_json(tmp_path / "lock")["pid"] > 0


def test_a_failed_write_leaves_the_old_file(tmp_path: Path):
    """JSON is replaced as a whole or not at all, and no half file stays behind."""
    path = tmp_path / "gate.json"
    write_json(path, {"passed": True})
    with pytest.raises(ValueError):
        write_json(path, {"passed": float("nan")})
    assert read_json(path) == {"passed": True}
    assert [entry.name for entry in tmp_path.iterdir()] == ["gate.json"]


def test_damaged_json_is_an_error(tmp_path: Path):
    """A result file that something else has changed is not taken for a result."""
    (tmp_path / "gate.json").write_text('{"passed": tr')
    with pytest.raises(RunError, match="damaged"):
        read_json(tmp_path / "gate.json")
