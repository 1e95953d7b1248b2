"""Asking the same judge once more, whatever it is made of."""

import pytest

from adjudge.domain import Verdict
from adjudge.judges.fallover import FalloverJudge
from adjudge.judges.panel import PanelJudge
from adjudge.judges.votes import again
from adjudge.testing.builders import make_rollout, make_sample
from adjudge.testing.preferences import NoisyJudge


def noisy(seed: int) -> NoisyJudge:
    """A judge whose answers differ from asking to asking."""
    return NoisyJudge(lambda _: 0.5, sigma=0.1, seed=seed)


class Once:
    """A judge that cannot be asked anew."""

    name = fingerprint = "once"

    async def judge(self, sample, rollout):
        raise AssertionError


@pytest.mark.parametrize(
    "make", [lambda: PanelJudge((noisy(1), noisy(2))), lambda: FalloverJudge([noisy(1), noisy(2)])]
)
async def test_members_are_asked_anew(make):
    """A panel or fall-over asked again asks its members again, and is the same judge by fingerprint."""
    first, second = make(), again(make(), 1)
    judgements = [await judge.judge(make_sample(), make_rollout()) for judge in (first, second)]
    assert first.fingerprint == second.fingerprint
    assert all(isinstance(judgement, Verdict) for judgement in judgements)
    assert judgements[0].score != judgements[1].score


def test_a_judge_that_would_answer_from_the_journal_is_refused():
    """Its repeats would be equal by construction, and look like consistency."""
    with pytest.raises(TypeError, match="cannot be asked the same thing again"):
        again(Once(), 1)
    assert isinstance(again(Once(), 0), Once)
