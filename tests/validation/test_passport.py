from pathlib import Path

import pytest

from adjudge.errors import DataError, RunError
from adjudge.validation.check import Check, Outcome
from adjudge.validation.labelled import LabelledCase, Threshold
from adjudge.validation.passport import Passport, make_passport


def cases(criterion: str, *, good: int = 30, source: str = "own") -> list[LabelledCase]:
    """As many good as bad cases, each in its own contract."""
    return [
        LabelledCase(
            id=f"{criterion}/{source}/{n}", criterion=criterion, source=source, cluster=f"c{n}", label=n % 2 == 0
        )
        for n in range(2 * good)
    ]


def sharp(rows: list[LabelledCase]) -> dict[str, float | None]:
    """A judge that is right on nine of ten."""
    return {case.id: 0.9 if case.label != (place % 10 == 0) else 0.2 for place, case in enumerate(rows)}


def blind(rows: list[LabelledCase]) -> dict[str, float | None]:
    """A judge that says the same about everything."""
    return {case.id: 0.6 for case in rows}


def test_good_judge_is_usable():
    """A judge that ranks well on every criterion may be trained on, without exceptions."""
    rows = cases("grounded")
    found = make_passport("J", "f", rows, sharp(rows), resamples=200)
    assert (found.status, found.usable, found.weak_criteria) == ("usable", True, ())


def test_weak_criterion_is_named():
    """A criterion on which the judge is at chance is weak, although the judge as a whole is usable."""
    right, chance = cases("grounded", good=60), cases("actionable")
    answers = {**sharp(right), **{case.id: 0.5 for case in chance}}
    found = make_passport("J", "f", [*right, *chance], answers, resamples=200)
    assert found.usable
    assert found.weak_criteria == ("actionable",)
    assert "weak: actionable" in found.sentence()


def test_judge_at_chance_is_not_usable():
    """A judge that says the same about everything has AUC 0.5 and is refused."""
    rows = cases("grounded")
    found = make_passport("J", "f", rows, blind(rows), resamples=200)
    assert found.status == "not usable"
    assert found.overall is not None
    assert found.overall.auc is not None
    assert found.overall.auc.estimate == 0.5


def test_without_cases_not_validated():
    """A judge without labelled cases is not usable by default: the passport says that nothing is known."""
    found = make_passport("J", "f", [], {}, criteria=["grounded"])
    assert (found.status, found.usable, found.weak_criteria) == ("not validated", False, ("grounded",))
    assert "not validated" in "\n".join(found.lines())


def test_criterion_without_cases_is_weak():
    """A criterion of the rubric that no case asks about is not passed in silence."""
    rows = cases("grounded")
    found = make_passport("J", "f", rows, sharp(rows), criteria=["grounded", "consistent"], resamples=200)
    assert (found.unmeasured, found.weak_criteria) == (("consistent",), ("consistent",))


def test_too_few_cases_reach_nothing():
    """Three right answers of each kind do not make a usable judge."""
    rows = cases("grounded", good=3)
    perfect: dict[str, float | None] = {case.id: float(case.label) for case in rows}
    assert not make_passport("J", "f", rows, perfect, resamples=100).usable
    assert make_passport("J", "f", rows, perfect, threshold=Threshold(min_cases=3), resamples=100).usable


def test_lower_bound_asks_for_more():
    """With the bound at the interval's lower end, an AUC just above the threshold does not do."""
    rows = cases("grounded", good=15)
    answers: dict[str, float | None] = {
        case.id: 0.9 if case.label != (n % 10 in {0, 1}) else 0.2 for n, case in enumerate(rows)
    }
    assert make_passport("J", "f", rows, answers, resamples=500).usable
    assert not make_passport("J", "f", rows, answers, threshold=Threshold(bound="low"), resamples=500).usable


def test_failures_are_counted_and_scored_nowhere():
    """Cases on which the judge failed are counted; the figures are those of the other cases."""
    rows = cases("grounded")
    whole = sharp(rows)
    holes = {key: None if place % 3 == 0 else p for place, (key, p) in enumerate(whole.items())}
    kept = [case for place, case in enumerate(rows) if place % 3]
    found = make_passport("J", "f", rows, holes, resamples=100).overall
    clean = make_passport("J", "f", kept, {case.id: whole[case.id] for case in kept}, resamples=100).overall
    assert found is not None
    assert clean is not None
    assert (found.failures, found.cases) == (20, 60)
    assert found.model_dump(exclude={"failures", "cases"}) == clean.model_dump(exclude={"failures", "cases"})


def test_figures_by_source():
    """Where cases come from several sources, each criterion has its figures by source."""
    rows = cases("grounded", source="nda") + cases("grounded", source="tos")
    found = make_passport("J", "f", rows, sharp(rows), resamples=100)
    assert [(part.criterion, part.source, part.cases) for part in found.by_source] == [
        ("grounded", "nda", 60),
        ("grounded", "tos", 60),
    ]


def test_answers_are_matched_by_id():
    """A case without an entry, an entry without a case and a repeated id are errors."""
    rows = cases("grounded")
    for wrong in ({}, {**sharp(rows), "other": 0.5}):
        with pytest.raises(DataError, match="do not match"):
            make_passport("J", "f", rows, wrong)
    with pytest.raises(DataError, match="do not match"):
        make_passport("J", "f", [*rows, rows[0]], sharp(rows))


def test_file_round_trip(tmp_path: Path):
    """passport.json says status and weak criteria to its readers, and they cannot be edited into it."""
    rows = cases("grounded")
    found = make_passport("J", "f", rows, blind(rows), resamples=100)
    path = tmp_path / "passport.json"
    path.write_text(found.model_dump_json())
    assert '"status":"not usable"' in path.read_text()
    path.write_text(path.read_text().replace("not usable", "usable"))
    assert Passport.read(path) == found
    assert Passport.read(path).status == "not usable"
    path.write_text("[]")
    with pytest.raises(RunError, match="no passport"):
        Passport.read(path)


def test_table_holds_every_figure():
    """The terminal table has a line for each criterion and all together, marks the weak, and counts failures."""
    rows = cases("grounded", good=60) + cases("actionable")
    answers = {**sharp(rows[:120]), **blind(rows[120:])}
    answers[rows[0].id] = None
    lines = make_passport("J", "f", rows, answers, resamples=100).lines()
    table = {line.split("  ")[0].strip(): line for line in lines[2:]}
    assert set(table) == {"grounded", "actionable", "all criteria"}
    assert table["actionable"].endswith("weak")
    assert table["grounded"].endswith("1 failed")
    assert "0.50 [" in table["actionable"]


def check(name: str, outcome: Outcome) -> Check:
    """A check with nothing but its outcome."""
    return Check(name=name, title=name, outcome=outcome)


def good_passport(*checks: Check, accepted: dict[str, str] | None = None, must_pass: tuple[str, ...] = ()) -> Passport:
    """Of a judge that agrees with the known answers, and these checks."""
    rows = cases("grounded")
    found = make_passport("J", "f", rows, sharp(rows), resamples=100)
    return found.model_copy(update={"checks": checks, "accepted": accepted or {}, "must_pass": must_pass})


def test_one_failed_check_is_enough_to_refuse():
    """Good agreement does not make up for a judge that any attack turns."""
    found = good_passport(check("repeats", Outcome.PASS), check("attacks", Outcome.FAIL))
    assert (found.status, found.against) == ("not usable", ("attacks",))
    assert "fails: attacks" in found.sentence()


def test_an_accepted_failure_is_told_with_its_reason():
    """What the task accepts does not refuse the judge, and its reason is in the table."""
    found = good_passport(check("attacks", Outcome.FAIL), accepted={"attacks": "a demonstration"})
    assert found.usable
    assert "fails, accepted: attacks" in found.sentence()
    assert any("Accepted: a demonstration" in line for line in found.lines())


def test_not_enough_data_refuses_only_where_the_check_must_pass():
    """Undecided is no failure by default; a task can ask for more."""
    undecided = check("people", Outcome.NOT_ENOUGH_DATA)
    assert good_passport(undecided).usable
    strict = good_passport(undecided, must_pass=("people",))
    assert (strict.status, strict.against) == ("not usable", ("people",))
    assert "not enough data for: people" in strict.sentence()


def test_without_cases_tests_or_people_speak_for_a_judge():
    """A judge without labelled cases is usable by its regression suite, and never by its consistency alone."""
    nothing = make_passport("J", "f", [], {})
    assert nothing.model_copy(update={"checks": (check("suite", Outcome.PASS),)}).usable
    assert nothing.model_copy(update={"checks": (check("repeats", Outcome.PASS),)}).status == "not validated"
