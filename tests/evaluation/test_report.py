import json
import math
import random
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from adjudge.domain import (
    ComponentScore,
    CriterionVerdict,
    Evidence,
    Group,
    ItemVerdict,
    Message,
    Policy,
    Reward,
    RewardStatus,
    Rollout,
    Sample,
    Verdict,
)
from adjudge.evaluation.report import Example, JudgeCard, ReportData, Side, StageLine, headline, render_report
from adjudge.evaluation.result import Evaluation
from adjudge.evaluation.run import ModelOutputs, contract_review, evaluate
from adjudge.validation.passport import LabelledCase, make_passport

# All data here is invented: it is there to be drawn, and no result of any model.
DOCUMENT = (
    "(a) The Provider may raise the fees at any time. (b) The Customer gets notice of changes to the service. "
    "(c) The Provider may end the service at once and without cause. (d) Minutes are kept in May."
)
QUOTES = ("The Provider may raise the fees at any time.", "The Provider may end the service at once")
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"'"


def an_answer(skill: float, dice: random.Random) -> str:
    """A review that is more often valid, quoting and right the greater the skill."""
    if dice.random() > skill:
        return "Sure! Here is my review of the contract: " + HOSTILE
    excerpt = QUOTES[0] if dice.random() < skill else "The Provider owes nothing to anybody."
    comment = {
        "guideline_id": "G1",
        "text_excerpt": excerpt,
        "comment": "Fees can be raised without limit.",
        "comment_type": "unfair",
        "recommended_action": "Cap the increase at the price index.",
    }
    return json.dumps({"comments": [comment]})


def a_sample(place: int) -> Sample:
    """One row a contract."""
    start = DOCUMENT.index(QUOTES[0])
    finding = {
        "guideline_id": "G1",
        "is_issue": place % 4 != 0,
        "text_excerpt": QUOTES[0],
        "start": start,
        "end": start + len(QUOTES[0]),
    }
    metadata = {
        "contract_id": f"c{place // 2}",
        "source": ("nda", "tos")[place % 2],
        "target_document": DOCUMENT,
        "reference": "[G1] Fees: Increases must be capped.",
        "expert_findings": [finding],
    }
    return Sample(id=f"row-{place}", messages=(Message(role="user", content="Review."),), metadata=metadata)


def a_reward(rollout: Rollout, skill: float, dice: random.Random) -> Reward:
    """Gated without JSON, else judged."""
    gate = ComponentScore(name="schema", role="gate", value=float(rollout.response.startswith("{")))
    if not gate.value:
        failed = gate.model_copy(update={"detail": "the response is not JSON"})
        return Reward(rollout_id=rollout.id, value=0.0, status=RewardStatus.GATED, components=(failed,))
    scores = {name: min(1.0, max(0.0, dice.gauss(skill, 0.15))) for name in ("grounded", "consistent", "actionable")}
    criteria = tuple(
        CriterionVerdict(
            criterion=name,
            answer="yes" if score >= 0.5 else "no",
            score=score,
            rationale=f"Invented rationale on {name}.",
            probabilities={"yes": score, "no": 1 - score},
            evidence=(Evidence(quote=QUOTES[0], found=True, match="exact"),) if name == "grounded" else (),
        )
        for name, score in scores.items()
    )
    mean = math.fsum(scores.values()) / 3
    item = ItemVerdict(item=0, criteria=criteria, score=mean)
    verdict = Verdict(judge="f00d", rollout_id=rollout.id, items=(item,), score=mean)
    judged = ComponentScore(name="judge", weight=3.0, value=mean, judgement=verdict)
    length = ComponentScore(name="length", weight=1.0, value=0.9)
    return Reward(
        rollout_id=rollout.id,
        value=0.75 * mean + 0.25 * 0.9,
        status=RewardStatus.SCORED,
        components=(gate, judged, length),
    )


def some_outputs(skill: float, rows: int, k: int = 2) -> ModelOutputs:
    """Invented answers of a model of that skill in [0, 1]."""
    dice, groups, rewards = random.Random(int(skill * 100)), [], {}
    for place in range(rows):
        sample = a_sample(place)
        rollouts = tuple(
            Rollout(
                id=f"{sample.id}#{n}", sample_id=sample.id, policy=Policy(name="p"), response=an_answer(skill, dice)
            )
            for n in range(k)
        )
        groups.append(Group(sample=sample, rollouts=rollouts))
        rewards |= {rollout.id: a_reward(rollout, skill, dice) for rollout in rollouts}
    return ModelOutputs(tuple(groups), rewards)


def an_evaluation(rows: int = 40, resamples: int = 500) -> Evaluation:
    """Base, SFT and RFT of rising skill."""
    skills = {"base": 0.25, "sft": 0.6, "rft": 0.85}
    models = {name: some_outputs(skill, rows) for name, skill in skills.items()}
    return evaluate(models, contract_review, resamples=resamples)


def a_passport(**changes: Any) -> JudgeCard:  # noqa: ANN401 (fields of the card)
    """A passport's JSON as the validation layer writes it, read as the report does."""

    def figures(criterion: str | None, auc: float) -> dict[str, Any]:
        ends = {"n": 200, "clusters": 40}
        interval = {"estimate": auc, "low": auc - 0.05, "high": auc + 0.04, **ends}
        same = dict.fromkeys(("auc", "kappa", "accuracy", "tpr", "tnr"), interval)
        return {
            "criterion": criterion,
            "source": None,
            "cases": 200,
            "positives": 90,
            "failures": 0,
            "brier": 0.2,
        } | same

    data = {
        "format": 1,
        "judge": "local:contract-judge",
        "fingerprint": "f00d",
        "status": "usable",
        "weak_criteria": ["actionable"],
        "overall": figures(None, 0.81),
        "criteria": [figures("grounded", 0.86), figures("consistent", 0.88), figures("actionable", 0.62)],
        "labels": "invented for this test",
    }
    return JudgeCard.model_validate(data | changes)


def training_rows(steps: int = 40) -> tuple[dict[str, float], ...]:
    """A rising curve with noise."""
    dice, rows = random.Random(1), []
    for step in range(1, steps + 1):
        rise = 0.45 + 0.3 * (1 - math.exp(-step / 15))
        row = {
            "step": float(step),
            "reward": rise + dice.gauss(0, 0.05),
            "component/judge": rise - 0.1 + dice.gauss(0, 0.05),
            "component/length": 0.9 + dice.gauss(0, 0.02),
            "sample_seconds": 4.0,
            "judge_seconds": 0.7,
            "update_seconds": 3.0,
            "publish_seconds": 0.1,
            "step_seconds": 8.2,
        }
        if step % 10 == 0:
            row["validation_reward"] = rise + 0.02
        rows.append(row)
    return tuple(rows)


def an_example() -> Example:
    """One row, answered by the base and the trained model."""
    sides = []
    for model, skill, seed in (("base", 0.0, 1), ("rft", 1.0, 2)):
        dice = random.Random(seed)
        rollout = Rollout(id=model, sample_id="row-1", policy=Policy(name="p"), response=an_answer(skill, dice))
        sides.append(Side(model=model, rollout=rollout, reward=a_reward(rollout, 0.8, dice)))
    return Example(title="row-1: consumer terms", document=DOCUMENT, sides=tuple(sides))


def report_data(rows: int = 40) -> ReportData:
    """A whole run."""
    return ReportData(
        task="contract-review (invented test data)",
        judge_name="local:contract-judge",
        stages=(
            StageLine(name="baseline", outcome="done", detail="mean reward 0.21", seconds=41),
            StageLine(name="judge", outcome="done", detail="usable", seconds=33),
            StageLine(name="train", outcome="done", detail="40 steps", seconds=331),
            StageLine(name="evaluate", outcome="done", detail="3 models on 40 rows", seconds=122),
        ),
        evaluation=an_evaluation(rows),
        passport=a_passport(),
        training=training_rows(),
        gate=("The gate passes: all 2 rules hold.", "pass  schema_ok of rft at least 0.6 (low): measured 0.85"),
        examples=(an_example(),),
    )


class Page(HTMLParser):
    """Elements, attributes and text of a page; checks that what opens is closed."""

    VOID = frozenset({"meta", "br", "img", "link", "input", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.marked: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it, and that it is open."""
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """It closes the element that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note what is shown."""
        if self.open and self.open[-1] != "style":
            self.texts.append(data)
        if self.open and self.open[-1] == "mark":
            self.marked.append(data)


@pytest.fixture(scope="module")
def page() -> Page:
    """The report of a whole run."""
    return Page(render_report(report_data()))


def test_page_is_well_formed_and_loads_nothing(page: Page):
    """Every element is closed; there is no script, no link, no outside address; the policy forbids all of it."""
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "embed", "img", "form", "base"}
    attributes = [(name, value or "") for _, attrs in page.tags for name, value in attrs.items()]
    assert not [pair for pair in attributes if pair[0].startswith("on") or pair[0] in {"href", "src", "srcset"}]
    policies = [attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_hostile_text_is_shown_not_obeyed(page: Page):
    """Markup in a response, a rationale, a title or a name arrives as text."""
    assert HOSTILE in "".join(page.texts)
    side = an_example().sides[0].model_copy(update={"model": HOSTILE})
    hostile = ReportData(
        task=HOSTILE,
        judge_name=HOSTILE,
        stages=(StageLine(name=HOSTILE, outcome="failed", detail=HOSTILE, seconds=3),),
        passport=a_passport(judge=HOSTILE, weak_criteria=[HOSTILE]),
        training=({"step": 1.0, "reward": 0.5, f"component/{HOSTILE}": 0.5},),
        gate=(HOSTILE,),
        warnings=(HOSTILE,),
        examples=(Example(title=HOSTILE, document=HOSTILE, sides=(side,)),),
    )
    found = Page(render_report(hostile))
    assert found.open == []
    assert not [tag for tag, attrs in found.tags if tag in {"script", "img"} or "onerror" in attrs]


def test_hidden_and_reordering_characters_are_made_visible():
    """Controls, lone surrogates and bidirectional overrides cannot disguise a text, nor break the file."""
    text = render_report(ReportData(task="a\u202eb\u0000c\ud83dd\u200be", judge_name="j"))
    assert "a\ufffdb\ufffdc\ufffdd\ufffde" in text
    text.encode()


def test_charts_are_told_in_words(page: Page):
    """Every chart has a title and a description, referred to by unique ids."""
    charts = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert len(charts) == 7  # results, three pairs, learning, two of time
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(set((attrs["aria-labelledby"] or "").split()) <= set(ids) for attrs in charts)


def test_quotation_is_marked_where_it_stands(page: Page):
    """The exact span that an answer quotes is marked, in the document and in the answer."""
    assert page.marked == [QUOTES[0].rstrip(".")] * 2


def test_reward_is_a_sum_and_each_criterion_is_told(page: Page):
    """Beside an answer stand what each component adds, each criterion's answer, probability and rationale."""
    text = re.sub(r"\s+", " ", " ".join(page.texts))
    reward = an_example().sides[1].reward
    judge = reward.component("judge")
    assert judge is not None
    assert judge.value is not None
    assert reward.value is not None
    assert f"judge {judge.value:.2f} {0.75 * judge.value:.2f} " in text
    assert f"reward {reward.value:.2f}" in text
    assert "Invented rationale on grounded." in text
    assert "stopped by schema: the response is not JSON" in text


def test_every_figure_is_on_the_page(page: Page):
    """The tables hold each estimate with its interval, on all rows and on each slice."""
    text = re.sub(r"\s+", " ", " ".join(page.texts))
    evaluation = report_data().evaluation
    assert evaluation is not None
    for rows in evaluation.slices:
        figure = evaluation.figure("rft", "reward", rows)
        assert figure is not None
        assert f"{figure.estimate:.3f} {figure.low:.3f} to {figure.high:.3f}" in text


def test_headline_says_what_the_data_show():
    """The sentence at the top names what is better and worse, and claims nothing where nothing is shown."""
    evaluation = an_evaluation()
    assert headline(evaluation).startswith("rft is better than sft in valid schema (+")
    # The invented models comment on clean rows too, the more the better they write JSON.
    assert "It is worse in false alarms (+" in headline(evaluation)
    same = some_outputs(0.6, 12)
    nothing = headline(evaluate({"sft": same, "rft": same}, resamples=100))
    assert nothing == "rft is not shown to be better than sft. No metric is shown to be worse."
    assert headline(None) == "Nothing has been compared yet."


@pytest.mark.parametrize(
    ("data", "warning"),
    [
        (ReportData(task="t", judge_name="J"), "There is no passport: nothing is known"),
        (ReportData(task="t", judge_name="J", passport=a_passport(status="not usable")), "is not usable"),
        (ReportData(task="t", judge_name="J", passport=a_passport()), "Weak criteria, not fit to train on: actionable"),
        (
            ReportData(
                task="t", judge_name="J", stages=(StageLine(name="train", outcome="failed", detail="out of disk"),)
            ),
            "Stage train failed: out of disk",
        ),
    ],
)
def test_warns_before_it_boasts(data: ReportData, warning: str):
    """No passport, a judge that is not usable, weak criteria and failed stages are said at the top."""
    text = " ".join(Page(render_report(data)).texts)
    assert (
        text.index("Before you believe a figure") < text.index(warning) < text.index("The judge", text.index(warning))
    )


def test_shows_a_passport_as_it_is_written():
    """The JSON of a passport is what the report's judge card is made from."""
    cases = [
        LabelledCase(id=str(n), criterion="grounded", source="own", cluster=str(n), label=n % 2 == 0) for n in range(40)
    ]
    passport = make_passport("J", "f", cases, {case.id: 0.5 for case in cases}, criteria=["other"], resamples=50)
    card = JudgeCard.model_validate_json(passport.model_dump_json())
    text = re.sub(r"\s+", " ", " ".join(Page(render_report(ReportData(task="t", judge_name="J", passport=card))).texts))
    assert "The judge J is not usable" in text
    assert "not fit to train on: grounded, other" in text
    assert "grounded weak 40 0.50" in text


def test_part_about_the_judge_is_put_in_as_it_is():
    """HTML of our own that tells why the judge is fit stands behind the judge's card; without it nothing is said."""
    part = "<section><h2>Is it fit?</h2></section>"
    page = render_report(ReportData(task="t", judge_name="J", passport=a_passport(), passport_html=part))
    assert page.index("<h2>The judge</h2>") < page.index(part)
    assert Page(page).open == []
    assert "Is it fit?" not in render_report(ReportData(task="t", judge_name="J", passport=a_passport()))


def test_equal_data_equal_page():
    """Nothing of time or chance gets into the page."""
    assert render_report(report_data(rows=8)) == render_report(report_data(rows=8))
