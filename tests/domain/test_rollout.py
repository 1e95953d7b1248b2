import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adjudge.domain import Group, Policy, Rollout
from adjudge.testing.builders import make_group, make_rollout, make_sample

POLICY = Policy(name="p", version=1)


@given(st.integers(0, 6), st.integers(0, 6))
def test_there_is_one_logprob_a_token(tokens, logprobs):
    """A rollout is accepted exactly when tokens and log-probabilities are equally many."""
    fields = {"tokens": (1,) * tokens, "logprobs": (-0.5,) * logprobs}
    if tokens == logprobs:
        assert Rollout(id="r", sample_id="s", policy=POLICY, response="x", **fields).logprobs == (-0.5,) * tokens
        return
    with pytest.raises(ValidationError, match="log-probability a token"):
        Rollout(id="r", sample_id="s", policy=POLICY, response="x", **fields)


def test_logprobs_without_tokens_are_refused():
    """Log-probabilities of unknown tokens cannot be trained on."""
    with pytest.raises(ValidationError, match="log-probability a token"):
        Rollout(id="r", sample_id="s", policy=POLICY, response="x", logprobs=(-0.5,))


@pytest.mark.parametrize("wrong", [float("nan"), float("-inf"), True, "-0.5"])
def test_a_logprob_is_a_finite_number(wrong):
    """NaN, infinity, bools and strings are no log-probabilities."""
    with pytest.raises(ValidationError, match="logprobs"):
        Rollout(id="r", sample_id="s", policy=POLICY, response="x", tokens=(1,), logprobs=(wrong,))


def test_a_rollout_cannot_change():
    """A rollout is a value: its response cannot be mended afterwards."""
    with pytest.raises(ValidationError, match="frozen"):
        make_rollout().response = "better"


@pytest.mark.parametrize("fields", [{"name": ""}, {"name": "p", "version": -1}, {"name": "p", "step": 1}])
def test_a_policy_has_a_name_and_a_version_from_zero(fields):
    """No name, a negative version and an unknown field are refused."""
    with pytest.raises(ValidationError):
        Policy.model_validate(fields)


@pytest.mark.parametrize(("stop", "cut"), [("stop", False), ("length", True)])
def test_a_cut_response_says_so(stop, cut):
    """Only a response that stopped at the token limit is truncated."""
    assert make_rollout().model_copy(update={"stop": stop}).truncated is cut


def test_a_group_is_of_one_sample():
    """A rollout of another sample is refused."""
    with pytest.raises(ValidationError, match="another sample"):
        Group(sample=make_sample("s1"), rollouts=(make_rollout("r1"), make_rollout("r2", sample_id="s2")))


def test_ids_in_a_group_are_unique():
    """Rewards are matched by id, so two rollouts of one id are refused."""
    with pytest.raises(ValidationError, match="same id"):
        Group(sample=make_sample(), rollouts=(make_rollout("r1"), make_rollout("r1", response="other")))


def test_a_group_is_not_empty():
    """There is no group without a rollout."""
    with pytest.raises(ValidationError, match="rollouts"):
        make_group([])


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6), st.integers(50, 80))
def test_staleness_counts_from_the_oldest_rollout(versions, now):
    """The oldest policy version of the group decides."""
    rollouts = tuple(make_rollout(f"r{n}", version=version) for n, version in enumerate(versions))
    assert Group(sample=make_sample(), rollouts=rollouts).staleness(now) == now - min(versions)
