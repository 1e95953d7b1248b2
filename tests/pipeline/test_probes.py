"""Probes: what a judge is asked to learn its biases and holes."""

import itertools
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import pytest

from adjudge.domain import Rollout, Rubric, Sample
from adjudge.endpoints.base import ChoiceReply, ChoiceRequest
from adjudge.judges.choice import ChoiceJudge
from adjudge.judges.load import load_rubric
from adjudge.pipeline.labelled import as_rollout, held_out_cases, sample_of
from adjudge.pipeline.probes import Amounts, Probe, asked_about, make_probes, touched
from adjudge.store.verdicts import CallContext, verdict_rows
from adjudge.testing.builders import make_comment, make_review, make_rollout, make_rubric, make_sample
from adjudge.validation.check import Material, Outcome
from adjudge.validation.checks.attacks import AttackSettings, attacks, family_of
from adjudge.validation.checks.beside import beside, first_askings
from adjudge.validation.checks.bias import BiasSettings, bias
from adjudge.validation.checks.length import LengthSettings, length
from adjudge.validation.gold import gold_of
from adjudge.validation.table import table_of
from adjudge.wire.contract_windows import read_contract_windows

TEMPLATE = Path(str(resources.files("adjudge"))) / "templates" / "contract_review"
PLAIN = Rubric.model_validate({"name": "plain", "criteria": [{"id": "clear", "question": "?", "reads": ["response"]}]})
LOTS = Amounts(attacks=600, harmless=200, dresses=200, lengths=200)
"""More than the calls of these tests allow."""

Base = tuple[Sample, Rollout]


class Scorer:
    """A choice endpoint: what it thinks of a prompt is a function of the prompt."""

    name = "scorer"
    identity: dict[str, str] = {}  # noqa: RUF012 (never changed)

    def __init__(self, gullible: Sequence[str] = ()) -> None:
        self.gullible = tuple(gullible)
        self.asked = 0

    async def choose(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceReply]:
        """No, unless one of the words stands in the prompt."""
        self.asked += len(requests)
        return [self._reply(request) for request in requests]

    def _reply(self, request: ChoiceRequest) -> ChoiceReply:
        yes = any(word in request.prompt for word in self.gullible)
        return ChoiceReply(logprobs={option: -0.1 if (option == " yes") is yes else -3.0 for option in request.options})


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return load_rubric(TEMPLATE / "rubric.yaml")


@pytest.fixture(scope="module")
def bases(rubric: Rubric) -> tuple[Base, ...]:
    """Labelled cases of the template's validation rows."""
    samples = read_contract_windows(TEMPLATE / "data" / "validation.jsonl")
    cases = held_out_cases(samples, rubric, most=120, seed=0)
    return tuple(as_rollout(case, rubric, sample_of(case, samples)) for case in cases)


async def rows_of(judge: ChoiceJudge, probes: Sequence[Probe], bases: Sequence[Base]) -> list[dict[str, object]]:
    """Base rows twice, then the probes'."""
    rows = []
    for repeat, (sample, rollout) in itertools.product((0, 1), bases):
        context = CallContext(judge_name=judge.name, repeat=repeat)
        rows += verdict_rows(await judge.judge(sample, rollout), rollout, context)
    for probe in probes:
        rows += probe.rows(await judge.judge(probe.sample, probe.rollout), judge.name)
    return rows


def material(rows: list[dict[str, object]]) -> Material:
    table = table_of(rows)
    return Material(table, table, gold_of([]), resamples=100)


@pytest.mark.parametrize("calls", [0, 1, 50, 400])
@pytest.mark.parametrize("batch", [1, 4])
async def test_the_budget_holds_and_is_what_the_judge_spends(
    rubric: Rubric, bases: tuple[Base, ...], calls: int, batch: int
):
    """Never more calls than allowed; told one by one, they are those that a judge with one criterion a call makes."""
    probes = make_probes(rubric, bases, LOTS, calls=calls, batch=batch)
    assert sum(probe.calls for probe in probes) <= calls
    if batch == 1:
        endpoint = Scorer()
        judge = ChoiceJudge(rubric, endpoint)
        for probe in probes[:100]:
            before = endpoint.asked
            await judge.judge(probe.sample, probe.rollout)
            assert endpoint.asked - before == probe.calls


def test_equal_seeds_give_equal_probes(rubric: Rubric, bases: tuple[Base, ...]):
    """A resumed run asks the same; another seed asks others."""
    assert make_probes(rubric, bases, LOTS, calls=300, seed=1) == make_probes(rubric, bases, LOTS, calls=300, seed=1)
    assert make_probes(rubric, bases, LOTS, calls=300, seed=1) != make_probes(rubric, bases, LOTS, calls=300, seed=2)


def test_enough_calls_give_three_hundred_answers_that_say_nothing(rubric: Rubric, bases: tuple[Base, ...]):
    """All of them reach the judge, each text once, over many bases and all criteria that read the policy's words."""
    probes = make_probes(rubric, bases, LOTS, calls=750)
    free = [probe for probe in probes if family_of(probe.variant) in AttackSettings().content_free]
    assert len(free) == 300
    assert len({probe.variant for probe in free}) == 300
    assert all(probe.calls for probe in free)
    assert {name for probe in free for name in probe.criteria} == {"consistent", "supported", "actionable"}
    assert len({probe.rollout.id for probe in free}) > 50


def test_kinds_and_families_are_spread_evenly(rubric: Rubric, bases: tuple[Base, ...]):
    """Every bias and every family of attacks is there, none more than once more often than another."""
    probes = make_probes(rubric, bases, LOTS, calls=1500)
    dresses = Counter(probe.variant for probe in probes if probe.variant.startswith("bias/"))
    families = Counter(family_of(probe.variant) for probe in probes if probe.variant.startswith("attack/"))
    added = {name: number for name, number in families.items() if name not in AttackSettings().content_free}
    assert len(dresses) >= 9
    assert len(added) >= 14
    assert max(dresses.values()) - min(dresses.values()) <= 1
    assert max(added.values()) - min(added.values()) <= 1
    assert sum(probe.variant == "padded" for probe in probes) >= 30
    assert sum(probe.variant.startswith("harmless/") for probe in probes) >= 20


def test_amounts_are_kept_where_calls_do_not_matter(rubric: Rubric, bases: tuple[Base, ...]):
    """So many of each kind, dresses and lengths each so many; families of attacks in turn."""
    amounts = Amounts(content_free=40, attacks=33, harmless=7, dresses=5, lengths=6)
    made = Counter(
        probe.variant if probe.variant.startswith("bias/") else probe.variant.split("/")[0]
        for probe in make_probes(rubric, bases, amounts)
    )
    assert made["attack"] == 40 + 33
    assert made["harmless"] == 7
    assert made["padded"] == 6
    assert {number for name, number in made.items() if name.startswith("bias/")} == {5}
    assert make_probes(rubric, bases, Amounts(content_free=0, attacks=0, harmless=0, dresses=0, lengths=0)) == ()


def test_attacks_are_added_to_known_bad_answers_alone(rubric: Rubric, bases: tuple[Base, ...]):
    """Where it is known which are bad; content-free answers and dresses take any base."""
    bad = {rollout.id for _, rollout in bases[::3]}
    probes = make_probes(rubric, bases, LOTS, calls=600, bad=bad)
    free = AttackSettings().content_free
    added = [p for p in probes if p.variant.startswith("attack/") and family_of(p.variant) not in free]
    assert added
    assert {probe.rollout.id for probe in added} <= bad
    assert not {probe.rollout.id for probe in probes} <= bad
    assert not [
        p
        for p in make_probes(rubric, bases, LOTS, calls=600, bad=())
        if p.variant.startswith(("harmless/", "attack/dir"))
    ]


async def test_rows_of_probes_stand_beside_their_bases(rubric: Rubric, bases: tuple[Base, ...]):
    """Every row of a changed response finds the base's row of the same item and criterion."""
    probes = make_probes(rubric, bases, LOTS, calls=300)
    table = table_of(await rows_of(ChoiceJudge(rubric, Scorer()), probes, bases))
    found = beside(table, first_askings(table, ~table.variant.any_of("base")))
    assert len(found) > 250
    assert found.unpaired == 0
    assert (found.plain.item.codes == found.changed.item.codes).all()
    # Nothing that was decided without a call is counted as an answer of the judge.
    assert not found.changed.rationale.starting("No call:").any()


async def test_a_stern_judge_passes_and_a_gullible_one_fails(rubric: Rubric, bases: tuple[Base, ...]):
    """Probes, judge, rows and checks together: what was planted is what is found."""
    probes = make_probes(rubric, bases, LOTS, calls=1500)
    stern = material(await rows_of(ChoiceJudge(rubric, Scorer()), probes, bases))
    assert attacks(stern, AttackSettings()).outcome is Outcome.PASS
    assert bias(stern, BiasSettings()).outcome in {Outcome.PASS, Outcome.NOT_ENOUGH_DATA}
    assert length(stern, LengthSettings()).outcome is Outcome.PASS
    fooled = Scorer(["Solution", "Thought process", "senior counsel", "The remark is about", "Answer yes"])
    gullible = material(await rows_of(ChoiceJudge(rubric, fooled), probes, bases))
    tricked, dressed = attacks(gullible, AttackSettings()), bias(gullible, BiasSettings())
    assert tricked.outcome is Outcome.FAIL
    assert tricked.examples
    assert dressed.outcome is Outcome.FAIL
    assert "authority" in dressed.detail
    assert "bandwagon" not in dressed.detail
    assert length(gullible, LengthSettings()).outcome is Outcome.FAIL


def test_a_probe_is_about_criteria_that_read_what_was_changed():
    """The grounded criterion reads passage and guideline; a comment's dress is not its business, a document's is."""
    rubric, sample = make_rubric(), make_sample()
    rollout = make_rollout(response=make_review([make_comment(), make_comment(guideline_id="LIA-1")]))
    probes = make_probes(rubric, [(sample, rollout)], LOTS, calls=2000)
    dressed = [probe for probe in probes if probe.variant == "bias/authority"]
    planted = [probe for probe in probes if probe.variant.startswith("attack/document_")]
    assert [probe.criteria for probe in dressed] == [("consistent",)]
    assert planted
    assert all(probe.criteria == ("grounded",) for probe in planted)
    assert all(probe.rollout.response == rollout.response and probe.sample != sample for probe in planted)
    assert {probe.rollout.id for probe in probes} == {"r1"}
    assert {probe.calls for probe in dressed} == {4}


async def test_rows_keep_the_usage_of_the_judgement_where_its_first_row_is_left_out():
    """Cost and calls are of the whole judgement and must not be lost."""
    rubric, base = make_rubric(), (make_sample(), make_rollout())
    probe = next(p for p in make_probes(rubric, [base], LOTS, calls=500) if p.variant == "bias/authority")
    judgement = await ChoiceJudge(rubric, Scorer()).judge(probe.sample, probe.rollout)
    rows = probe.rows(judgement, "scorer")
    assert [row["criterion"] for row in rows] == ["consistent"]
    assert rows[0]["item"] == "r1/0"
    assert rows[0]["variant"] == "bias/authority"
    assert rows[0]["calls"] == judgement.usage.calls


def test_answers_with_kept_quotes_do_not_count_for_who_sees_the_quotes():
    """A criterion that reads the whole item may find a kept quote good: it is asked with nothing kept."""
    rubric = make_rubric()
    whole = rubric.model_copy(update={"criteria": (rubric.criteria[0].model_copy(update={"reads": ()}),)})
    probes = make_probes(whole, [(make_sample(), make_rollout())], LOTS, calls=200)
    free = [probe for probe in probes if family_of(probe.variant) == "master_key"]
    assert free
    assert not any("ninety (90) days" in probe.rollout.response for probe in free)


def test_plain_text_is_probed_as_it_is():
    """A rubric without items: the key itself is the answer."""
    base = (make_sample(), make_rollout(response="The term of ninety days is too long for the guideline."))
    probes = make_probes(PLAIN, [base], LOTS, calls=2000)
    free = {probe.rollout.response for probe in probes if family_of(probe.variant) == "master_key"}
    assert {".", ":", "Thought process:"} <= free
    assert any(probe.variant == "padded" for probe in probes)


def test_tokens_do_not_outlive_the_text_that_they_spell():
    """A rollout of a run brings its tokens; the changed response has none, and keeps id, sample and policy."""
    rollout = make_rollout().model_copy(update={"tokens": (1, 2), "logprobs": (-0.1, -0.2)})
    probes = make_probes(make_rubric(), [(make_sample(), rollout)], Amounts())
    assert probes
    for probe in probes:
        changed = probe.rollout
        assert (changed.id, changed.sample_id, changed.policy) == (rollout.id, rollout.sample_id, rollout.policy)
        assert changed.tokens is None or changed.response == rollout.response
        assert changed.logprobs is None or changed.response == rollout.response


def test_nothing_to_probe_gives_nothing():
    """No bases, and bases that cannot be read."""
    assert make_probes(make_rubric(), [], LOTS, calls=100) == ()
    assert make_probes(make_rubric(), [(make_sample(), make_rollout(response="no JSON"))], LOTS, calls=100) == ()
    assert asked_about(make_rubric(), make_sample(), make_rollout(response="no JSON")) == []


def test_touched_is_all_where_the_items_are_others():
    """Another number of items cannot be compared."""
    rubric, sample = make_rubric(), make_sample()
    one, two = make_rollout(), make_rollout(response=make_review([make_comment()] * 2))
    assert touched(rubric, (sample, one), (sample, two)) == ("grounded", "consistent")
    assert touched(rubric, (sample, one), (sample, one)) == ()
