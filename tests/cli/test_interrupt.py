"""Ctrl-C: once saves and says how to go on."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-c", "from adjudge.cli.main import main; main()"]


def test_ctrl_c_finishes_the_step_and_says_how_to_go_on(adjudge: Callable[..., Any], task: Path, tmp_path: Path):
    """Interrupted while training: exit code 130, a checkpoint of the step, and a run that goes on from it."""
    file = task / "task.yaml"
    # Far more steps than there is time for, and no checkpoint of its own accord.
    text = file.read_text(encoding="utf-8").replace("max_steps: 2", "max_steps: 100000")
    file.write_text(text.replace("save_steps: 3", "save_steps: 100000"), encoding="utf-8")
    out = tmp_path / "run"
    arguments = ["train", str(task), "--out", str(out), "--json"]
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    metrics = out / "metrics.jsonl"
    while not (metrics.exists() and b'"stage":"train"' in metrics.read_bytes()):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "Add --resume" in stderr
    assert json.loads(stdout)["error"]["exit_code"] == 130
    steps = [json.loads(line)["step"] for line in metrics.read_text(encoding="utf-8").splitlines() if "train" in line]
    assert (out / "checkpoints" / f"step-{steps[-1]}" / "checkpoint.json").is_file()
