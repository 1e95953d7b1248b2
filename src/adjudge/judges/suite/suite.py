"""``judge_tests.yaml`` -> `Suite`: every test with what it asks, made and checked before anybody is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError

from adjudge.domain.base import Frozen, Score, digest
from adjudge.domain.rubric import Rubric
from adjudge.errors import ConfigError
from adjudge.judges.load import read_yaml
from adjudge.judges.suite.alike import changed_alike
from adjudge.judges.suite.attack import AttackSpec, attack_tests
from adjudge.judges.suite.base import Ask, Given, JudgeTest
from adjudge.judges.suite.case import JudgeCase
from adjudge.judges.suite.change import Change, UnfitError
from adjudge.judges.suite.degrade import Around, degraded
from adjudge.judges.suite.invariance import InvarianceSpec, InvarianceTest
from adjudge.judges.suite.ladder import LadderSpec, LadderTest
from adjudge.judges.suite.pair import PairSpec, PairTest

T = TypeVar("T")


class _File(Frozen):
    cases: tuple[JudgeCase, ...] = Field(min_length=1)
    pairs: tuple[PairSpec, ...] = ()
    ladders: tuple[LadderSpec, ...] = ()
    invariances: tuple[InvarianceSpec, ...] = ()
    attacks: bool | AttackSpec = False
    repeats: int = Field(default=1, ge=1, le=99)
    flips: Score = 0.05


@dataclass(frozen=True)
class Suite:
    """The tests of a judge.

    Attributes:
        rubric: of the judge.
        tests: in the order of the file, cases first.
        repeats: how often everything is asked.
        flips: largest share of repeated answers that may differ.
        fingerprint: of the file's content.
    """

    rubric: Rubric
    tests: tuple[JudgeTest, ...]
    repeats: int
    flips: float
    fingerprint: str

    @cached_property
    def asks(self) -> Mapping[str, Ask]:
        """What is asked, each response once, by id."""
        return {ask.id: ask for test in self.tests for ask in test.asks}


def load_suite(path: Path, rubric: Rubric) -> Suite:
    """The suite in a file.

    Raises:
        MissingError: the file is not there.
        ConfigError: a test is wrong, has no expectation, expects an answer that the rubric does not have, or makes a
            change that cannot be made.
    """
    data = read_yaml(path)
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise _wrong(path, f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error
    try:
        tests = _Maker(file, rubric).tests()
    except UnfitError as error:
        raise _wrong(path, str(error)) from error
    names = [test.name for test in tests]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise _wrong(path, f"two tests are called '{twice}'")
    return Suite(rubric, tuple(tests), file.repeats, file.flips, digest(file.model_dump(mode="json")))


class _Maker:
    """Tests out of what is written; raises `UnfitError` with the test's name."""

    def __init__(self, file: _File, rubric: Rubric) -> None:
        self._file = file
        self._rubric = rubric
        self._scales = {criterion.id: criterion.scale.offered for criterion in rubric.criteria}
        self._cases = {case.name: case for case in file.cases}
        self._lowest = {criterion.id: criterion.lowest for criterion in rubric.criteria}

    def tests(self) -> list[JudgeTest]:
        """All of them."""
        for case in self._file.cases:
            if case.nothing:
                raise UnfitError(f"'{case.name}' expects nothing, so it could never fail")
            self._check(case.name, case.answers)
        tests: list[JudgeTest] = [*self._file.cases]
        tests += [self._pair(spec) for spec in self._file.pairs]
        tests += [self._ladder(spec) for spec in self._file.ladders]
        for invariances in self._file.invariances:
            tests += self._invariances(invariances)
        attacks = self._file.attacks
        if attacks is not False:
            spec = AttackSpec() if attacks is True else attacks
            case = self._case(spec.of or self._file.cases[0].name, "attacks")
            tests += _named("attacks", lambda: attack_tests(spec, case.given, self._rubric))
        return tests

    def _pair(self, spec: PairSpec) -> PairTest:
        self._check(spec.name, spec.good_answers)
        self._check(spec.name, spec.bad_answers)
        good = self._twin(spec, "good", spec.good, spec.bad, spec.good_answers)
        bad = self._twin(spec, "bad", spec.bad, spec.good, {**self._lowest, **spec.bad_answers})
        return PairTest(spec, good, bad)

    def _twin(
        self, spec: PairSpec, name: str, twin: str | Change, other: str | Change, right: Mapping[str, str]
    ) -> Ask:
        if isinstance(twin, str):
            return self._case(twin, spec.name).asks[0]
        assert isinstance(other, str)  # the spec was checked for it
        plain = self._case(other, spec.name)
        made = _named(spec.name, partial(twin.of, plain.given))
        return Ask(f"{spec.name}/{name}", made, right=right, changed=True)

    def _ladder(self, spec: LadderSpec) -> LadderTest:
        rungs = [self._case(spec.of, spec.name).asks[0]]
        around = Around(self._rubric, spec.parties)
        for step in spec.steps:
            given = rungs[-1].given
            name = step if isinstance(step, str) else step.name
            made = _named(spec.name, partial(_stepped, step, given, around))
            rungs.append(Ask(f"{spec.name}/{name}", made, right=self._lowest, changed=True))
        if len({rung.id for rung in rungs}) < len(rungs):
            raise UnfitError(f"'{spec.name}' has two steps of the same name")
        return LadderTest(spec, tuple(rungs))

    def _invariances(self, spec: InvarianceSpec) -> list[InvarianceTest]:
        made: list[InvarianceTest] = []
        for change in spec.changes:
            unfit: UnfitError | None = None
            before = len(made)
            for name in spec.of:
                plain = self._case(name, "invariances").asks[0]
                try:
                    other = changed_alike(change, plain, self._rubric)
                except UnfitError as error:
                    unfit = error
                else:
                    made.append(InvarianceTest(spec, change, plain, other))
            if unfit is not None and len(made) == before:
                raise unfit
        return made

    def _case(self, name: str, where: str) -> JudgeCase:
        if name not in self._cases:
            raise UnfitError(f"'{where}' starts from the case '{name}', which is not there")
        return self._cases[name]

    def _check(self, name: str, answers: Mapping[str, str]) -> None:
        for criterion, answer in answers.items():
            if answer not in self._scales.get(criterion, ()):
                raise UnfitError(f"'{name}' expects '{answer}' for '{criterion}', which the rubric does not have")


def _stepped(step: str | Change, given: Given, around: Around) -> Given:
    return degraded(step, given, around) if isinstance(step, str) else step.of(given)


def _named(name: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except UnfitError as error:
        raise UnfitError(f"'{name}': {error}") from error


def _wrong(path: Path, problem: str) -> ConfigError:
    return ConfigError(
        f"{path}: {problem}.",
        "Judge tests are the regression suite of the judge; one that cannot fail is no test.",
        "Correct this test; docs/judge.md shows every kind.",
    )
