"""One question to a chat endpoint: the call, the reading of the reply, and one more call with the error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple

from adjudge.domain.rubric import Criterion, Rubric
from adjudge.domain.usage import Usage
from adjudge.domain.verdict import CriterionVerdict, FailureKind
from adjudge.endpoints.base import ChatRequest, Completion, Endpoint
from adjudge.judges.ask import ask
from adjudge.judges.canary import checked
from adjudge.judges.case import Case
from adjudge.judges.defences import DEFENDED, Defences
from adjudge.judges.evidence import settle
from adjudge.judges.prompt import Form, Prompt, rubric_form
from adjudge.judges.reply import Reply, ReplyFailure, read_items, read_reply
from adjudge.judges.weighting import TOP, WrittenTokens

Key = tuple[int, str]
"""Place of the item, id of the criterion."""

_MOST_SHEETS: Final = 64

_SheetKey = tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...] | None]


class Part(NamedTuple):
    """What is asked about one item in one call."""

    place: int
    case: Case
    criteria: tuple[Criterion, ...]

    @property
    def name(self) -> str:
        """Id of the item where several are judged in one call."""
        return f"item_{self.place + 1}"


@dataclass(frozen=True)
class Sampling:
    """How an endpoint is called; see `adjudge.judges.rubric.RubricJudge`."""

    temperature: float
    max_tokens: int
    seed: int
    repeat: int
    logprobs: bool
    canary: bool = False
    defences: Defences = DEFENDED


class Outcome(NamedTuple):
    """What one call, one item or one rollout came to. ``answers`` is complete only where ``failure`` is None."""

    answers: Mapping[Key, CriterionVerdict] = MappingProxyType({})
    failure: tuple[FailureKind, str] | None = None
    usage: Usage = Usage()
    raw: tuple[str, ...] = ()
    repaired: bool = False
    stated_total: float | None = None


def joined(parts: Sequence[Outcome]) -> Outcome:
    """Several outcomes as one: answers together, the first failure wins, usage adds up, stated totals are averaged."""
    if len(parts) == 1:
        return parts[0]
    totals = [part.stated_total for part in parts if part.stated_total is not None]
    return Outcome(
        answers={key: answer for part in parts for key, answer in part.answers.items()},
        failure=next((part.failure for part in parts if part.failure is not None), None),
        usage=sum((part.usage for part in parts), Usage()),
        raw=tuple(text for part in parts for text in part.raw),
        repaired=any(part.repaired for part in parts),
        stated_total=sum(totals) / len(totals) if totals else None,
    )


class Sheets:
    """What the calls of one judge have in common, put together once for each set of criteria.

    Args:
        rubric: what is asked.
        sampling: how the endpoint is called.
    """

    def __init__(self, rubric: Rubric, sampling: Sampling) -> None:
        self.rubric = rubric
        self.sampling = sampling
        self._made: dict[_SheetKey, tuple[Form, ChatRequest]] = {}

    def sheet(
        self, criteria: Sequence[Criterion], asked: Mapping[str, Sequence[Criterion]] | None
    ) -> tuple[Form, ChatRequest]:
        """The form that asks for these criteria, and the call without its messages about an item."""
        key: _SheetKey = (
            _ids(criteria),
            None if asked is None else tuple((name, _ids(some)) for name, some in asked.items()),
        )
        made = self._made.get(key)
        if made is None:
            # Items that are judged together may come in any number, with any of their criteria decided before.
            if len(self._made) == _MOST_SHEETS:
                self._made.clear()
            made = self._made[key] = self._new(criteria, asked)
        return made

    def _new(
        self, criteria: Sequence[Criterion], asked: Mapping[str, Sequence[Criterion]] | None
    ) -> tuple[Form, ChatRequest]:
        how = self.sampling
        form = rubric_form(self.rubric, criteria, seed=how.seed, asked=asked, canary=how.canary, defences=how.defences)
        request = ChatRequest(
            messages=(form.system,),
            temperature=how.temperature,
            max_tokens=how.max_tokens,
            # With a fixed seed every repeat would be the same draw.
            seed=how.seed + how.repeat if how.temperature > 0 else None,
            json_schema=form.schema,
            repeat=how.repeat,
            top_logprobs=TOP if how.logprobs else 0,
        )
        return form, request


def _ids(criteria: Sequence[Criterion]) -> tuple[str, ...]:
    return tuple([criterion.id for criterion in criteria])


@dataclass(frozen=True)
class Question:
    """One call about one item, or about several side by side.

    Attributes:
        sheets: rubric and sampling, and what was put together from them.
        parts: the items, at least one, each with at least one criterion.
        together: several items may be asked about, and answers name their item; else there is exactly one part.
    """

    sheets: Sheets
    parts: tuple[Part, ...]
    together: bool

    async def ask(self, endpoint: Endpoint, deadline_seconds: float) -> Outcome:
        """One call, and one more with the error when the reply is no answer."""
        form, request = self.sheets.sheet(self._criteria, self._asked)
        prompt = form.prompt(self.parts[0].case.documents, self._shown())
        # All of it was checked when it was made: the sheet's call, and these messages.
        request = request.model_copy(update={"messages": prompt.messages})
        asked = await ask(endpoint, request, partial(_read, prompt), deadline_seconds, is_shared=False)
        if asked.reply is None or asked.completion is None:
            return Outcome(failure=asked.failure, usage=asked.usage, raw=asked.raw)
        answers = self._settled(asked.reply, asked.completion)
        return Outcome(answers, None, asked.usage, asked.raw, asked.reply.repaired, asked.reply.stated_total)

    @property
    def _criteria(self) -> tuple[Criterion, ...]:
        """Those of any item, in the rubric's order."""
        if not self.together:
            return self.parts[0].criteria
        asked = {criterion.id for part in self.parts for criterion in part.criteria}
        return tuple(criterion for criterion in self.sheets.rubric.criteria if criterion.id in asked)

    @property
    def _asked(self) -> Mapping[str, Sequence[Criterion]] | None:
        return {part.name: part.criteria for part in self.parts} if self.together else None

    def _shown(self) -> dict[str, str]:
        if not self.together:
            return self.parts[0].case.shown(self.parts[0].criteria)
        return {
            f"{part.name}_{name}": text for part in self.parts for name, text in part.case.shown(part.criteria).items()
        }

    def _settled(self, reply: Reply, completion: Completion) -> dict[Key, CriterionVerdict]:
        """The answers with their quotes looked up, and their probabilities where the endpoint tells them."""
        parts = {part.name if self.together else "": part for part in self.parts}
        tokens = WrittenTokens(completion.logprobs or (), completion.text) if self.sheets.sampling.logprobs else None
        settled = {}
        for answer in reply.answers:
            part = parts[answer.item]
            criterion = self.sheets.rubric.criterion(answer.criterion)
            texts = part.case.sources(criterion.evidence.source) if criterion.evidence else ()
            shares = None
            if tokens is not None and answer.at is not None:
                shares = tokens.probabilities(answer.at, criterion.scale.offered)
            settled[part.place, criterion.id] = settle(answer, criterion, texts, shares)
        return settled


def _read(prompt: Prompt, text: str) -> Reply | ReplyFailure:
    form = prompt.form
    if form.asked is not None:
        return checked(read_items(text, form.asked, prompt.judged), form.canary)
    return checked(read_reply(text, form.criteria, prompt.judged), form.canary)
