"""A user's function as a component."""

import asyncio
import sys
from pathlib import Path

import pytest

from adjudge.domain import ComponentStatus, RewardStatus
from adjudge.errors import ConfigError, MissingError
from adjudge.rewards.registry import RewardConfig, build_reward
from adjudge.testing.builders import make_rollout, make_sample

HERE = {"type": "python_function", "file": "functions.py", "function": "any_text", "sandbox": False}
BOTH = pytest.mark.parametrize("sandbox", [False, pytest.param(True, marks=pytest.mark.skipif("not on_linux()"))])


def on_linux():
    return sys.platform == "linux"


@BOTH
def test_a_function_scores(ask, sandbox):
    """Its number is the score, and None is nothing to score, in either process."""
    part = {**HERE, "sandbox": sandbox}
    assert ask(part, "something").value == 1.0
    assert ask(part, "").status is ComponentStatus.NOT_APPLICABLE


def test_a_function_may_be_async_and_tell_a_detail(ask):
    """It is handed the response and the sample as data."""
    found = ask({**HERE, "function": "told"}, "hello")
    assert (found.value, found.detail) == (0.25, "s1: hello")


@BOTH
@pytest.mark.parametrize("response", ["true", "text", "high", "low", "nan", "huge", "odd"])
def test_what_is_no_score_is_a_failure(ask, response, sandbox):
    """True, text, 1.5, NaN, a number without end, an unknown key: none becomes a number."""
    found = ask({**HERE, "function": "as_said", "sandbox": sandbox}, response)
    assert (found.status, found.value) == (ComponentStatus.FAILED, None)


@BOTH
def test_an_exception_is_a_failure_by_name(ask, sandbox):
    """The detail says which; the reward is what the failure policy makes of it."""
    found = ask({**HERE, "function": "broken", "sandbox": sandbox}, "x")
    assert found.status is ComponentStatus.FAILED
    assert "ZeroDivisionError" in found.detail
    config = RewardConfig.model_validate({"terms": [{**HERE, "function": "broken"}]})
    reward = build_reward(config, None, Path(__file__).parent)
    assert asyncio.run(reward.score(make_sample(), make_rollout())).status is RewardStatus.MASKED


@pytest.mark.skipif("not on_linux()")
def test_a_function_that_does_not_end_is_ended(ask):
    """The limit holds, and is a failure."""
    found = ask({**HERE, "function": "endless", "sandbox": True, "wall_seconds": 0.5}, "x")
    assert found.status is ComponentStatus.FAILED
    assert "timeout" in found.detail


@pytest.mark.parametrize(
    ("changed", "error"),
    [({"file": "gone.py"}, MissingError), ({"function": "gone"}, ConfigError), ({"file": "broken.py"}, ConfigError)],
)
def test_a_function_that_is_not_there_is_told_at_once(tmp_path, changed, error):
    """When the reward is built, with the file's name."""
    (tmp_path / "functions.py").write_text("x = 1\n")
    (tmp_path / "broken.py").write_text("def any_text(:\n")
    config = RewardConfig.model_validate({"terms": [{**HERE, **changed}]})
    with pytest.raises(error, match=changed.get("file", "functions.py")):
        build_reward(config, None, tmp_path)
