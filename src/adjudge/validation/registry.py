"""All checks of a passport, a line each: their settings, and how they are run."""

from dataclasses import replace
from typing import Final

from adjudge.domain.base import Frozen
from adjudge.judges.suite.result import SuiteResult
from adjudge.validation.check import Check, Material, Outcome
from adjudge.validation.checks.attacks import AttackSettings, attacks
from adjudge.validation.checks.bias import BiasSettings, bias
from adjudge.validation.checks.calibration import CalibrationSettings, calibration
from adjudge.validation.checks.cost import CostSettings, cost
from adjudge.validation.checks.cross_judge import CrossJudgeSettings, cross_judge
from adjudge.validation.checks.failures import FailuresSettings, failures
from adjudge.validation.checks.group import GroupSettings, group
from adjudge.validation.checks.length import LengthSettings, length
from adjudge.validation.checks.people import PeopleSettings, people
from adjudge.validation.checks.position import PositionSettings, position
from adjudge.validation.checks.production import ProductionSettings, production
from adjudge.validation.checks.repeats import RepeatsSettings, repeats
from adjudge.validation.checks.suite import SuiteSettings, suite
from adjudge.validation.checks.wording import WordingSettings, wording
from adjudge.validation.metric_table import MetricTable

LABELLED: Final = "labelled"
TESTS: Final = "tests"
PEOPLE: Final = "people"
POLICY: Final = "policy"
"""Slice of the rows about the policy's own responses: what group-relative training will see."""
SLICES: Final = (LABELLED, TESTS, PEOPLE, POLICY)
"""Where the responses of a task's own validation come from."""


class CheckSettings(Frozen):
    """What each check demands; the section ``validate.checks`` of a task."""

    failures: FailuresSettings = FailuresSettings()
    repeats: RepeatsSettings = RepeatsSettings()
    wording: WordingSettings = WordingSettings()
    position: PositionSettings = PositionSettings()
    length: LengthSettings = LengthSettings()
    bias: BiasSettings = BiasSettings()
    attacks: AttackSettings = AttackSettings()
    people: PeopleSettings = PeopleSettings()
    calibration: CalibrationSettings = CalibrationSettings()
    production: ProductionSettings = ProductionSettings()
    cross_judge: CrossJudgeSettings = CrossJudgeSettings()
    group: GroupSettings = GroupSettings()
    suite: SuiteSettings = SuiteSettings()
    cost: CostSettings = CostSettings()


def run_checks(
    material: Material,
    settings: CheckSettings,
    *,
    suite_result: SuiteResult | None = None,
    metrics: MetricTable | None = None,
) -> tuple[Check, ...]:
    """Every check, in the order in which people read them.

    Args:
        material: rows of one judge, of all judges, and people's labels.
        settings: what is demanded.
        suite_result: of the judge's regression suite; None where there is none.
        metrics: production metrics of the judged items; None where there are none.
    """
    table = material.table
    # A table that says where its rows are from has the policy's own apart; others are taken as they are.
    in_groups = replace(material, table=table.of(slice=POLICY) if table.slice.any_of(*SLICES).any() else table)
    # Whoever attacks a judge may well leave it without an answer.
    in_peace = replace(material, table=table.where(~table.variant.starting("attack/", "harmless/")))
    return (
        failures(in_peace, settings.failures),
        _untested() if suite_result is None else suite(suite_result, settings.suite),
        people(material, settings.people),
        calibration(material, settings.calibration),
        production(material, settings.production, metrics or MetricTable()),
        group(in_groups, settings.group),
        repeats(material, settings.repeats),
        wording(material, settings.wording),
        cross_judge(material, settings.cross_judge),
        position(material, settings.position),
        length(material, settings.length),
        bias(material, settings.bias),
        attacks(material, settings.attacks),
        cost(material, settings.cost),
    )


def _untested() -> Check:
    needs = "Known responses with what a right judge answers, judge_tests.yaml (validate.tests)."
    return Check(
        name="suite", title="Judge tests", outcome=Outcome.NOT_ENOUGH_DATA, detail="There are none.", needs=needs
    )
