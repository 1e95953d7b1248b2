"""RubricJudge: a chat model reads documents and one item, answers the criteria with reasons; the arithmetic is ours."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Literal

from adjudge.domain.base import digest
from adjudge.domain.rollout import Rollout
from adjudge.domain.rubric import Criterion, Rubric
from adjudge.domain.sample import Message, Sample
from adjudge.domain.usage import Usage
from adjudge.domain.verdict import CriterionVerdict, FailureKind, ItemVerdict, JudgeFailure, Judgement, Verdict
from adjudge.endpoints.base import ChatRequest, Endpoint, EndpointFailure
from adjudge.errors import AdjudgeError
from adjudge.judges.case import Case, case_of
from adjudge.judges.evidence import settle
from adjudge.judges.fields import response_items, unreadable
from adjudge.judges.prompt import Prompt, neutralised, prompt_fingerprint, reply_schema, rubric_prompt
from adjudge.judges.reply import Reply, ReplyFailure, read_reply

_log = logging.getLogger(__name__)

Calls = Literal["together", "per_criterion"]

_REPLY_CHARS: Final = 4000
"""Most of a bad reply that is shown to the judge again."""


@dataclass(frozen=True)
class RubricJudge:
    """A `Judge` over a chat endpoint. Items are judged in calls of their own, concurrently.

    Attributes:
        rubric: what is asked.
        endpoint: who answers; wrap it in `adjudge.judges.journaled.JournaledEndpoint` where replies are paid for.
        temperature: of sampling, 0 is greedy.
        max_tokens: of one reply.
        deadline_seconds: of one call with its retries.
        calls: all criteria in one call, or one call a criterion (dearer; answers cannot colour each other).
        seed: goes into the prompts' nonces and, with a temperature, into sampling.
        repeat: number of this judging among equal ones (test-retest); no part of the fingerprint.
    """

    rubric: Rubric
    endpoint: Endpoint
    temperature: float = 0.0
    max_tokens: int = 600
    deadline_seconds: float = 60.0
    calls: Calls = "together"
    seed: int = 0
    repeat: int = 0

    @property
    def name(self) -> str:
        """The endpoint's name."""
        return self.endpoint.name

    @cached_property
    def fingerprint(self) -> str:
        """Hash of rubric, prompt, model and sampling."""
        return digest(
            {
                "rubric": self.rubric.fingerprint,
                "prompt": prompt_fingerprint(),
                "endpoint": dict(self.endpoint.identity),
                "sampling": {"temperature": self.temperature, "max_tokens": self.max_tokens, "seed": self.seed},
                "calls": self.calls,
            }
        )

    def with_repeat(self, repeat: int) -> "RubricJudge":
        """The same judge asked once more: a journal does not answer repeat 1 with the reply to repeat 0."""
        return replace(self, repeat=repeat)

    async def judge(self, sample: Sample, rollout: Rollout) -> Judgement:
        """A verdict about one rollout, or why there is none.

        Raises:
            AdjudgeError: the user must change something first: a key, a disk, a field of the sample that is not there.
        """
        try:
            return await self._judge(sample, rollout)
        except AdjudgeError:
            raise
        except Exception as error:  # noqa: BLE001  (any other exception becomes a failure, never a score)
            # Whatever we did wrong must not become a score, and must not take the other rollouts with it.
            _log.exception("the judge's own code failed on rollout %s", rollout.id)
            return self._failure(rollout, FailureKind.CRASHED, f"{type(error).__name__}: {error}"[:300])

    async def _judge(self, sample: Sample, rollout: Rollout) -> Judgement:
        items = response_items(self.rubric, rollout.response)
        if not items:
            detail = "no items" if items is not None else "no items: the response is not JSON with a list of them"
            return self._failure(rollout, FailureKind.ABSTAINED, detail)
        done = await _all([self._item(sample, rollout, item) for item in items])
        whole = _joined(done)
        if whole.failure is not None:
            kind, detail = whole.failure
            return self._failure(rollout, kind, detail, whole)
        judged = tuple(self._item_verdict(place, outcome) for place, outcome in enumerate(done))
        return Verdict(
            judge=self.fingerprint,
            rollout_id=rollout.id,
            items=judged,
            score=self.rubric.fold([item.score for item in judged]),
            stated_total=whole.stated_total,
            repaired=whole.repaired,
            raw=whole.raw,
            usage=whole.usage,
        )

    def _item_verdict(self, place: int, outcome: "_Outcome") -> ItemVerdict:
        criteria = tuple(outcome.answers[criterion.id] for criterion in self.rubric.criteria)
        score = self.rubric.weigh({answer.criterion: answer.score for answer in criteria})
        return ItemVerdict(item=place, criteria=criteria, score=score)

    def _failure(
        self, rollout: Rollout, kind: FailureKind, detail: str, outcome: "_Outcome | None" = None
    ) -> JudgeFailure:
        raw, usage = (outcome.raw, outcome.usage) if outcome else ((), Usage())
        return JudgeFailure(
            judge=self.fingerprint, rollout_id=rollout.id, kind=kind, detail=detail, raw=raw, usage=usage
        )

    async def _item(self, sample: Sample, rollout: Rollout, item: Mapping[str, Any]) -> "_Outcome":
        """All criteria of one item."""
        case = case_of(self.rubric, sample, rollout, item)
        decided = {c.id: lowest for c in self.rubric.criteria if (lowest := unreadable(c, case.fields)) is not None}
        open_criteria = [criterion for criterion in self.rubric.criteria if criterion.id not in decided]
        batches = [[criterion] for criterion in open_criteria] if self.calls == "per_criterion" else [open_criteria]
        parts = await _all([self._ask(case, batch) for batch in batches if batch])
        return _joined([_Outcome(answers=decided), *parts])

    async def _ask(self, case: Case, criteria: Sequence[Criterion]) -> "_Outcome":
        """One call, and one more with the error when the reply is no answer."""
        prompt = rubric_prompt(self.rubric, criteria, case.documents, case.shown(criteria), seed=self.seed)
        messages = prompt.messages
        usage, raw = Usage(), list[str]()
        failure = ReplyFailure(FailureKind.EMPTY, "not asked")
        for _ in range(2):
            completion = await self.endpoint.complete(self._request(messages, criteria), self.deadline_seconds)
            usage += completion.usage
            if isinstance(completion, EndpointFailure):
                return _Outcome(failure=(completion.kind, completion.detail), usage=usage, raw=tuple(raw))
            raw.append(completion.text)
            if completion.stop == "refusal":
                detail = f"declined: {completion.text:.200}"
                return _Outcome(failure=(FailureKind.REFUSAL, detail), usage=usage, raw=tuple(raw))
            if completion.stop == "length":
                # A cut reply is never read, however complete it looks: what was cut may have taken it back.
                reply: Reply | ReplyFailure = ReplyFailure(FailureKind.TRUNCATED, "the reply was cut: be brief")
            else:
                reply = read_reply(completion.text, criteria, prompt.judged)
            if isinstance(reply, Reply):
                answers = self._settled(reply, criteria, case)
                return _Outcome(answers, None, usage, tuple(raw), reply.repaired, reply.stated_total)
            failure = reply
            messages = _with_error(prompt, completion.text, failure)
        return _Outcome(failure=(failure.kind, failure.detail), usage=usage, raw=tuple(raw))

    def _request(self, messages: tuple[Message, ...], criteria: Sequence[Criterion]) -> ChatRequest:
        return ChatRequest(
            messages=messages,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            # With a fixed seed every repeat would be the same draw.
            seed=self.seed + self.repeat if self.temperature > 0 else None,
            json_schema=reply_schema(criteria),
            repeat=self.repeat,
        )

    def _settled(self, reply: Reply, criteria: Sequence[Criterion], case: Case) -> dict[str, CriterionVerdict]:
        asked = {criterion.id: criterion for criterion in criteria}
        settled = {}
        for answer in reply.answers:
            criterion = asked[answer.criterion]
            texts = case.sources(criterion.evidence.source) if criterion.evidence else ()
            settled[criterion.id] = settle(answer, criterion, texts)
        return settled


@dataclass(frozen=True)
class _Outcome:
    """What one call, one item or one rollout came to. ``answers`` is complete only where ``failure`` is None."""

    answers: Mapping[str, CriterionVerdict] = field(default_factory=dict)
    failure: tuple[FailureKind, str] | None = None
    usage: Usage = field(default_factory=Usage)
    raw: tuple[str, ...] = ()
    repaired: bool = False
    stated_total: float | None = None


async def _all(calls: Sequence[Coroutine[Any, Any, _Outcome]]) -> list[_Outcome]:
    """All outcomes, in order; when a call raises, the others are not left running behind our back."""
    done: list[_Outcome] = []
    for result in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
        done.append(result)
    return done


def _joined(parts: Sequence[_Outcome]) -> _Outcome:
    """Several outcomes as one: answers together, the first failure wins, usage adds up, stated totals are averaged."""
    totals = [part.stated_total for part in parts if part.stated_total is not None]
    return _Outcome(
        answers={name: answer for part in parts for name, answer in part.answers.items()},
        failure=next((part.failure for part in parts if part.failure is not None), None),
        usage=sum((part.usage for part in parts), Usage()),
        raw=tuple(text for part in parts for text in part.raw),
        repaired=any(part.repaired for part in parts),
        stated_total=sum(totals) / len(totals) if totals else None,
    )


def _with_error(prompt: Prompt, reply: str, failure: ReplyFailure) -> tuple[Message, ...]:
    """The conversation once more, with the judge's words and what is wrong with them."""
    complaint = (
        f"That is not a usable answer: {neutralised(failure.detail)}. Give the whole JSON object again, nothing else."
    )
    return (
        *prompt.messages,
        Message(role="assistant", content=neutralised(reply)[:_REPLY_CHARS] or "(nothing)"),
        Message(role="user", content=complaint),
    )
