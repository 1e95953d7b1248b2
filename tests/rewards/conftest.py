"""What the tests of components share."""

import asyncio
from pathlib import Path

import pytest

from adjudge.domain import ComponentStatus
from adjudge.rewards.registry import RewardConfig, build_reward
from adjudge.testing.builders import make_rollout, make_sample

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def ask():
    """The component's score, alone: ``ask({type: ...}, response, sample)``."""

    def asked(part, response, sample=None, **reward):
        config = RewardConfig.model_validate({"terms": [part], **reward})
        given = build_reward(config, None, HERE)
        rollout = response if not isinstance(response, str) else make_rollout(response=response)
        return asyncio.run(given.score(sample or make_sample(), rollout)).components[0]

    return asked


@pytest.fixture(scope="session")
def holds():
    """Whether a component is built once and says something proper about any text: a score in [0, 1], or why none."""

    def held(part):
        reward = build_reward(RewardConfig.model_validate({"terms": [part]}), None, HERE)

        def check(response, sample=None):
            found = asyncio.run(reward.score(sample or make_sample(), make_rollout(response=response))).components[0]
            assert found.status is not ComponentStatus.FAILED
            assert (0.0 <= found.value <= 1.0) if found.status is ComponentStatus.SCORED else found.detail
            return found

        return check

    return held
