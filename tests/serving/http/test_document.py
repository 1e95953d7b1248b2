"""The OpenAPI document is true: schemathesis asks what it allows and what it forbids, and finds nothing."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from adjudge.judges.rubric import RubricJudge
from adjudge.rewards.composite import CompositeReward
from adjudge.rewards.registry import RewardConfig, build_reward
from adjudge.serving.http.app import Served
from adjudge.serving.http.settings import HttpSettings
from adjudge.testing.builders import make_rubric, make_sample
from adjudge.testing.http_service import http_service
from adjudge.testing.judges import agreeing

TOKEN = "a-token-of-the-tests-0123456789"  # noqa: S105  (made up)


def reward() -> CompositeReward:
    """A real one: a gate, a judged term and set match."""
    rubric = make_rubric(items=False).model_copy(update={"fields": {}})
    config = RewardConfig.model_validate(
        {"gates": [{"type": "minimum_content"}], "terms": [{"type": "judged"}, {"type": "set_match"}]}
    )
    return build_reward(config, RubricJudge(rubric, agreeing(rubric)), Path())


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("schemathesis"), reason="needs schemathesis, of the extra [dev]")
def test_the_service_does_what_its_document_says(tmp_path: Path):
    """Statuses, types and forms are those of the document; what it forbids is refused, token too; nothing breaks."""
    settings = HttpSettings(cohort_seconds=0.05, request_seconds=5)
    with http_service(Served(reward(), {"row-1": make_sample("row-1")}), settings, token=TOKEN) as url:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", str(Path(__file__).parent / "schemathesis.toml")),
                *("run", f"{url}/openapi.json", "--header", f"Authorization: Bearer {TOKEN}"),
                *("--checks", "all", "--max-examples", "25", "--seed", "1", "--no-color"),
                *("--generation-database", "none"),
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "No issues found" in done.stdout or "passed" in done.stdout, done.stdout[-2000:]
