"""Judged: a judge as a component. A failure stays a failure; what no judge could be shown is not sent to one."""

from typing import Any, Literal, Protocol, runtime_checkable

from adjudge.domain import (
    ComponentRole,
    ComponentScore,
    ComponentStatus,
    FailureKind,
    Judge,
    JudgeFailure,
    Judgement,
    Rollout,
    Rubric,
    Sample,
    Usage,
    Verdict,
)
from adjudge.errors import AdjudgeError, ConfigError
from adjudge.rewards.base import AnswerConfig, JsonPath, Scorer, answer_of, items_of


@runtime_checkable
class HasRubric(Protocol):
    """A judge that tells what it asks, and so how it splits a response into items."""

    @property
    def rubric(self) -> Rubric | None:
        """What is asked; None where its members ask different things."""
        ...


class JudgedConfig(AnswerConfig):
    """``items``: name of the response's list whose parts are judged; default: as the judge's rubric says.

    An empty list is not judged (silence is SetMatch's matter). Without items the response is judged as a whole. Where
    ``read`` lets other text stand around the JSON, a judge of items is shown the JSON alone.
    """

    type: Literal["judged"] = "judged"
    items: JsonPath | None = None


class Judged(Scorer):
    """Score of the judge's verdict.

    Raises:
        ConfigError: ``items`` is not the list that the judge's rubric splits by.
    """

    def __init__(self, judge: Judge, config: JudgedConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight, cost=2)
        rubric = judge.rubric if isinstance(judge, HasRubric) else None
        rule = rubric.items if rubric is not None else None
        if config.items is not None and rule is not None and config.items != rule.path:
            raise ConfigError(
                f"The component '{self.name}' has items '{config.items}', the judge's rubric has '{rule.path}'.",
                "Both name the list of the response whose parts are judged.",
                "Leave `items` out of the component: the rubric says it.",
            )
        self._judge, self._read = judge, config.read
        self._items = config.items or (rule.path if rule is not None else None)

    def refusal(self, rollout: Rollout) -> str:
        """Why this response cannot be shown to the judge; empty when it can. That is the policy's doing, always."""
        if self._items is not None:
            return f"no list '{self._items}' to judge" if self._list(rollout, self._items) is None else ""
        if not rollout.response.strip():
            return "an empty response"
        try:
            rollout.response.encode()
        except UnicodeEncodeError:
            return "text that cannot be sent"
        return ""

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:
        """The verdict's score, or FAILED with the failure: never a number for a failed judge.

        A response that cannot be shown to the judge is 0 without a call.

        Raises:
            AdjudgeError: the user must change something first; told as such, not hidden as a failed judgement.
        """
        if why := self.refusal(rollout):
            return self.not_applicable(why) if self.role == "metric" else self.scored(0.0, why)
        if self._items is not None and not self._list(rollout, self._items):
            return self.not_applicable("no items to judge")
        try:
            judgement = await self._judge.judge(sample, self._shown(rollout))
        except AdjudgeError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever a judge's code does wrong must not score the policy)
            judgement = self._failure(rollout, FailureKind.CRASHED, f"{type(error).__name__}: {error}"[:300])
        judgement = self._usable(judgement, rollout)
        if isinstance(judgement, JudgeFailure):
            return ComponentScore(
                name=self.name,
                role=self.role,
                status=ComponentStatus.FAILED,
                weight=self.weight,
                detail=f"{judgement.kind}: {judgement.detail}",
                judgement=judgement,
            )
        return ComponentScore(
            name=self.name, role=self.role, value=judgement.score, weight=self.weight, judgement=judgement
        )

    def _list(self, rollout: Rollout, path: str) -> list[dict[str, Any]] | None:
        answer = answer_of(rollout, self._read)
        return None if answer.problem else items_of(answer.value, path)

    def _shown(self, rollout: Rollout) -> Rollout:
        """The rollout as a judge of items can read it: its JSON, without what stands around."""
        if self._items is None or not rollout.answer.problem:
            return rollout
        return rollout.model_copy(update={"response": answer_of(rollout, self._read).text})

    def _usable(self, judgement: Judgement, rollout: Rollout) -> Judgement:
        """The judgement, or a failure where it cannot be one about this rollout. What was paid stays counted."""
        # A judge is other people's code: its types are promises.
        given: object = judgement
        if not isinstance(given, Verdict | JudgeFailure):
            return self._failure(rollout, FailureKind.CRASHED, f"gave a {type(given).__name__}, no judgement")
        if given.rollout_id != rollout.id:
            detail = f"the judgement is about '{given.rollout_id}'"
            return self._failure(rollout, FailureKind.CRASHED, detail, given.usage)
        if isinstance(given, Verdict) and (isinstance(given.score, bool) or not 0.0 <= given.score <= 1.0):
            # A copy or a construct may hold what the type refuses; NaN fails the comparison.
            return self._failure(rollout, FailureKind.NOT_FINITE, f"a score of {given.score}", given.usage)
        return given

    def _failure(self, rollout: Rollout, kind: FailureKind, detail: str, usage: Usage | None = None) -> JudgeFailure:
        return JudgeFailure(
            judge=self._judge.fingerprint, rollout_id=rollout.id, kind=kind, detail=detail, usage=usage or Usage()
        )
