from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from adjudge.domain import (
    ComponentScore,
    ComponentStatus,
    CriterionVerdict,
    FailureKind,
    Group,
    ItemVerdict,
    JudgeFailure,
    Message,
    Policy,
    Reward,
    RewardStatus,
    Rollout,
    Sample,
    Verdict,
)
from adjudge.errors import DataError, RunError
from adjudge.evaluation.result import Evaluation
from adjudge.evaluation.run import ModelOutputs, contract_review, evaluate, row_kind

ROWS = 12


def a_sample(place: int) -> Sample:
    """Two rows a contract; every third contract is clean."""
    contract = place // 2
    finding = {"guideline_id": "G", "is_issue": contract % 3 != 0, "text_excerpt": None, "start": None, "end": None}
    metadata = {
        "contract_id": f"c{contract}",
        "source": "nda" if contract % 2 else "tos",
        "target_document": "The text of the contract.",
        "reference": "[G] Rule.",
        "expert_findings": [finding],
    }
    return Sample(id=f"s{place}", messages=(Message(role="user", content="?"),), metadata=metadata)


def a_reward(rollout: Rollout, score: float, judge: str = "J") -> Reward:
    """A scored reward with one judged term and its verdict."""
    answer = CriterionVerdict(criterion="grounded", answer="yes", score=score)
    verdict = Verdict(
        judge=judge,
        rollout_id=rollout.id,
        items=(ItemVerdict(item=0, criteria=(answer,), score=score),),
        score=score,
    )
    part = ComponentScore(name="judge", value=score, judgement=verdict)
    return Reward(rollout_id=rollout.id, value=score, status=RewardStatus.SCORED, components=(part,))


def a_failed_reward(rollout: Rollout, value: float | None) -> Reward:
    """The judge failed: masked, or a declared fallback value."""
    failure = JudgeFailure(judge="J", rollout_id=rollout.id, kind=FailureKind.TIMEOUT)
    part = ComponentScore(name="judge", status=ComponentStatus.FAILED, judgement=failure)
    status = RewardStatus.MASKED if value is None else RewardStatus.FALLBACK
    return Reward(rollout_id=rollout.id, value=value, status=status, components=(part,))


def outputs(scores: Sequence[Sequence[float | None]], judge: str = "J", fallback: float | None = None) -> ModelOutputs:
    """One list of scores a sample; None stands for a failed judge."""
    groups, rewards = [], {}
    for place, row in enumerate(scores):
        sample = a_sample(place)
        rollouts = tuple(
            Rollout(id=f"{sample.id}/{n}", sample_id=sample.id, policy=Policy(name="p"), response='{"comments": []}')
            for n in range(len(row))
        )
        groups.append(Group(sample=sample, rollouts=rollouts))
        for rollout, score in zip(rollouts, row, strict=True):
            made = a_failed_reward(rollout, fallback) if score is None else a_reward(rollout, score, judge)
            rewards[rollout.id] = made
    return ModelOutputs(tuple(groups), rewards)


def two_models(gain: float = 0.3) -> Evaluation:
    """A base model, and one that is better on every row by about `gain`."""
    base = [[0.1 + 0.02 * place, 0.3 + 0.02 * place] for place in range(ROWS)]
    rft = [[score + gain + 0.01 * (place % 3) for score in row] for place, row in enumerate(base)]
    return evaluate({"base": outputs(base), "rft": outputs(rft)}, resamples=500)


def test_figures_are_means_over_rows():
    """A model's figure is the mean over rows of the mean over its responses, with contracts as clusters."""
    found = two_models().figure("base", "judge_score")
    assert found is not None
    assert found.estimate == pytest.approx(0.2 + 0.02 * (ROWS - 1) / 2)
    assert (found.n, found.clusters) == (ROWS, ROWS // 2)


def test_clear_gain_is_flagged():
    """A gain on every row is called better, and loss in the other direction worse."""
    up = two_models().difference("rft", "base", "reward")
    assert up is not None
    assert up.outcome == "better"
    assert up.estimate == pytest.approx(0.31, abs=0.005)
    assert up.wins == ROWS
    down = two_models(gain=-0.1).difference("rft", "base", "reward")
    assert down is not None
    assert down.outcome == "worse"


def test_less_is_better_where_it_is():
    """More cut responses are worse although the figure rose; longer responses are neither."""
    before = outputs([[0.5]] * ROWS)
    groups = [
        group.model_copy(
            update={
                "rollouts": tuple(
                    rollout.model_copy(update={"stop": "length", "response": rollout.response + " "})
                    for rollout in group.rollouts
                )
            }
        )
        for group in before.groups
    ]
    found = evaluate({"base": before, "rft": ModelOutputs(tuple(groups), before.rewards)}, resamples=200)
    truncated, longer = (found.difference("rft", "base", name) for name in ("truncated", "response_chars"))
    assert truncated is not None
    assert longer is not None
    # Six contracts that all changed: the interval of what was not drawn still leaves out zero.
    assert (truncated.estimate, truncated.outcome, truncated.higher_is_better) == (1.0, "worse", False)
    assert (longer.estimate, longer.outcome, longer.higher_is_better) == (1.0, "unclear", None)


def test_equal_models_are_not_flagged():
    """The same model twice is neither better nor worse, in any metric on any slice."""
    scores = [[0.1 * (place % 5), 0.4] for place in range(ROWS)]
    found = evaluate({"base": outputs(scores), "copy": outputs(scores)}, contract_review, resamples=200)
    assert found.differences
    assert {difference.outcome for difference in found.differences} == {"unclear"}


def test_failed_judge_is_counted_and_never_averaged():
    """A failure is no score: neither None nor the declared fallback value moves the mean; its share is reported."""
    scores: list[list[float | None]] = [[0.8, None] for _ in range(ROWS)]
    for fallback in (None, 0.5):
        found = evaluate({"base": outputs(scores, fallback=fallback)}, resamples=100)
        reward, failed = found.figure("base", "reward"), found.figure("base", "judge_failed")
        assert reward is not None
        assert failed is not None
        assert (reward.estimate, failed.estimate) == (pytest.approx(0.8), 0.5)
        assert any("judge failed on 50.0%" in warning for warning in found.warnings)


def test_a_row_without_any_verdict_is_dropped_and_counted():
    """A row that one model has no score for leaves the comparison, visibly."""
    base: list[list[float | None]] = [[0.2 + 0.01 * place] for place in range(ROWS)]
    rft: list[list[float | None]] = [[0.4] for _ in range(ROWS - 1)] + [[None]]
    found = evaluate({"base": outputs(base), "rft": outputs(rft)}, resamples=100).difference("rft", "base", "reward")
    assert found is not None
    assert (found.dropped, found.n) == (1, ROWS - 1)


def test_best_of_k_stands_beside_the_mean():
    """The best of k is the mean of each row's maximum, and what the reward picks has that reward."""
    base = two_models().models["base"]
    assert base.per_sample == 2
    assert base.best_of_k["reward"].estimate == pytest.approx(base.figures["all"]["reward"].estimate + 0.1)
    assert base.picked["reward"].estimate == pytest.approx(base.best_of_k["reward"].estimate)
    single = evaluate({"base": outputs([[0.5]] * ROWS)}, resamples=100).models["base"]
    assert single.best_of_k == {}


def test_issue_and_clean_rows_stand_apart():
    """Finding figures exist on rows with an issue only; on clean rows it counts whether the model kept silent."""
    found = evaluate({"base": outputs([[0.5]] * ROWS)}, contract_review, resamples=100)
    assert found.slices == ("all", "clean", "issue", "source=nda", "source=tos")
    recall, silent = found.figure("base", "finding_recall", "issue"), found.figure("base", "silent", "clean")
    assert recall is not None
    assert silent is not None
    assert (recall.estimate, silent.estimate) == (0.0, 1.0)
    assert found.figure("base", "finding_recall", "clean") is None
    issue, clean = found.figure("base", "reward", "issue"), found.figure("base", "reward", "clean")
    assert issue is not None
    assert clean is not None
    assert issue.n + clean.n == ROWS


@pytest.mark.parametrize(("response", "silent"), [('{"comments": []}', 1.0), ("", 0.0), ("All is fine.", 0.0)])
def test_silence_is_a_valid_empty_review(response: str, silent: float):
    """On a clean row only a valid review without comments counts as silence; prose and nothing at all do not."""
    assert row_kind(a_sample(0)) == "clean"
    assert contract_review(a_sample(0), response)["silent"] == silent
    assert "silent" not in contract_review(a_sample(2), response)


def test_judges_are_not_mixed():
    """Two judges in one component are refused within a model and warned of between models."""
    mixed = outputs([[0.5]] * ROWS)
    odd = mixed.groups[0].rollouts[0]
    both = ModelOutputs(mixed.groups, {**mixed.rewards, odd.id: a_reward(odd, 0.5, judge="other")})
    with pytest.raises(DataError, match="never averaged"):
        evaluate({"base": both})
    found = evaluate({"base": outputs([[0.5]] * ROWS), "rft": outputs([[0.5]] * ROWS, judge="K")}, resamples=100)
    assert found.judges == ("J", "K")
    assert any("different judges" in warning for warning in found.warnings)


def _without(rewards: Mapping[str, Reward]) -> dict[str, Reward]:
    return dict(list(rewards.items())[1:])


def test_rewards_match_rollouts_by_id():
    """A missing or an extra reward is an error, never a shift."""
    good = outputs([[0.5]] * 3)
    with pytest.raises(DataError, match="do not match"):
        ModelOutputs(good.groups, _without(good.rewards))
    with pytest.raises(DataError, match="do not match"):
        ModelOutputs(good.groups[1:], good.rewards)


@pytest.mark.parametrize("models", [{}, {"base": outputs([[0.5]] * 3), "rft": outputs([[0.5]] * 4)}])
def test_models_answer_the_same_rows(models: dict[str, Any]):
    """Without models, or with models on other rows, there is nothing to compare."""
    with pytest.raises(DataError):
        evaluate(models)


def test_written_and_read_again_it_is_equal(tmp_path: Path):
    """evaluation.json holds all of it, and the same inputs give the same bytes."""
    found, path = two_models(), tmp_path / "evaluation.json"
    path.write_text(found.model_dump_json())
    assert Evaluation.read(path) == found
    assert two_models().model_dump_json() == found.model_dump_json()
    path.write_text("{}")
    with pytest.raises(RunError, match="no evaluation"):
        Evaluation.read(path)


def test_terminal_table_names_models_and_metrics():
    """One line a metric with each model's figure and interval; metrics that were not measured are left out."""
    found = two_models()
    head, reward = found.lines(["reward", "no such metric"])
    assert head.split() == ["base", "rft"]
    figures = [found.figure(model, "reward") for model in ("base", "rft")]
    assert reward == "reward  " + "  ".join(figure.text() for figure in figures if figure)
    assert len(found.lines()) == 1 + len(found.metrics())
