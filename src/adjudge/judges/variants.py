"""Variants of a rubric: the same questions in other words, another order, another direction, and controls.

A judge that reads answers a **meaning-preserving** variant as it answered the rubric, and a **control** otherwise: a
control asks something else under the same id. Rows of the verdict table carry a variant's name; the scores of an
answer, the weights and the ids stay what they are, so answers to a variant stand beside those to the rubric.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from adjudge.domain.rubric import Answer, Criterion, EdgeRule, Rubric, Scale

REWORDED: Final = "reworded"
CRITERIA_ORDER: Final = "criteria_order"
FIELD_ORDER: Final = "field_order"
SCALE_REVERSED: Final = "scale_reversed"
NEGATED: Final = "negated"
SWAPPED_CRITERION: Final = "swapped_criterion"

MEANING_KEPT: Final = (REWORDED, CRITERIA_ORDER, FIELD_ORDER, SCALE_REVERSED)
"""Kinds of variants that a reading judge answers alike; a variant's name is its kind, or ``KIND/1``, ``KIND/2`` ..."""
CONTROLS: Final = (NEGATED, SWAPPED_CRITERION)
"""Kinds of variants that a reading judge answers otherwise."""

FRAMES: Final = (
    "Read the texts first, then decide this point: {question}",
    "Please look closely at what you were given. {question}",
    "What has to be settled here is the following. {question}",
    "{question} Decide it by what the texts themselves show.",
    "This point is to be judged, and nothing beside it: {question}",
)
"""Words round a question that leave its meaning, whatever it asks. They move it about and do not change its own words,
so they are a mild test; re-wordings of one's own are a stronger one."""

_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Wordings:
    """A user's own words, by criterion.

    Attributes:
        rewordings: the same question asked otherwise; asked after the generated ones, number by number.
        negations: a question with the opposite meaning, in place of the generated one.
    """

    rewordings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    negations: Mapping[str, str] = field(default_factory=dict)


def variants(rubric: Rubric, wordings: Wordings | None = None) -> dict[str, Rubric]:
    """All variants that this rubric allows, by name.

    Left out is what would change nothing (the order of one criterion) or cannot be done: the direction of a scale whose
    answers are words is part of their meaning, and criteria with different answers cannot swap their questions. A
    variant that only some criteria allow holds those alone.

    Args:
        rubric: as it is.
        wordings: a user's own.

    Raises:
        KeyError: the words are for a criterion that is not there.
    """
    own = wordings or Wordings()
    for criterion_id in (*own.rewordings, *own.negations):
        rubric.criterion(criterion_id)
    found: dict[str, Rubric | None] = {
        **reworded(rubric, own.rewordings),
        **criteria_orders(rubric),
        **field_orders(rubric),
        SCALE_REVERSED: scale_reversed(rubric),
        NEGATED: negated(rubric, own.negations),
        SWAPPED_CRITERION: swapped_criterion(rubric),
    }
    return {name: variant for name, variant in found.items() if variant is not None}


def reworded(rubric: Rubric, rewordings: Mapping[str, Sequence[str]] | None = None) -> dict[str, Rubric]:
    """``reworded/1`` and so on: each frame round every question, then one's own words.

    Args:
        rubric: as it is.
        rewordings: one's own, by criterion; where one criterion has more of them than another, the later variants
            hold the criteria that have some.
    """
    own = rewordings or {}
    most = max(map(len, own.values()), default=0)
    found = [
        *(_each(rubric, partial(_framed, frame=frame)) for frame in FRAMES),
        *(_each(rubric, partial(_worded, own=own, number=number)) for number in range(most)),
    ]
    return {f"{REWORDED}/{number}": variant for number, variant in enumerate(found, 1) if variant is not None}


def criteria_orders(rubric: Rubric) -> dict[str, Rubric]:
    """``criteria_order/1``: the last criterion first; ``criteria_order/2``: the second half first."""
    orders = _orders(rubric.criteria)
    return {
        f"{CRITERIA_ORDER}/{number}": rubric.model_copy(update={"criteria": order})
        for number, order in enumerate(orders, 1)
    }


def field_orders(rubric: Rubric) -> dict[str, Rubric]:
    """``field_order/1``: the last text first; ``field_order/2``: the second half first.

    Texts are the sample's fields, and what each criterion reads. The order of `Rubric.fields` is no part of the
    rubric's fingerprint; that of `Criterion.reads` is.
    """
    found: dict[str, Rubric] = {}
    for number in (1, 2):
        fields = _nth(tuple(rubric.fields.items()), number)
        reads = [_nth(criterion.reads, number) for criterion in rubric.criteria]
        if fields is None and not any(reads):
            continue
        criteria = tuple(
            criterion.model_copy(update={"reads": order or criterion.reads})
            for criterion, order in zip(rubric.criteria, reads, strict=True)
        )
        update = {"fields": dict(fields or rubric.fields.items()), "criteria": criteria}
        found[f"{FIELD_ORDER}/{number}"] = rubric.model_copy(update=update)
    return found


def scale_reversed(rubric: Rubric) -> Rubric | None:
    """Scales of numbers the other way round: of 1 to 5 the best answer is 1, and anchors stay with their score.

    A `Scale` lists its answers worst first, and that order is their score, so they cannot be listed best first. Numbers
    can be given to them in the other order instead. Words cannot: "yes" is yes wherever it stands.
    """
    return _each(rubric, _turned)


def negated(rubric: Rubric, negations: Mapping[str, str] | None = None) -> Rubric | None:
    """The control ``negated``: every question with the opposite meaning; a reading judge's answer must change.

    The answer is recorded as given to the negated question. Anchors go to the opposite answers. No quote is demanded:
    what the rubric wants shown is the opposite of what is now asked.

    Args:
        rubric: as it is.
        negations: one's own opposite questions, by criterion.
    """
    own = negations or {}
    return _each(rubric, lambda criterion: _opposite(criterion, own.get(criterion.id)))


def swapped_criterion(rubric: Rubric) -> Rubric | None:
    """The control ``swapped_criterion``: under each id the question of the next criterion that has the same answers.

    With the question come its anchors and the texts that decide it. None where no two criteria have the same answers.
    """
    donors = {
        criterion.id: donor
        for place, criterion in enumerate(rubric.criteria)
        for donor in reversed((*rubric.criteria[place + 1 :], *rubric.criteria[:place]))
        if donor.scale.offered == criterion.scale.offered and donor.question != criterion.question
    }

    def with_question_of(criterion: Criterion) -> Criterion | None:
        donor = donors.get(criterion.id)
        if donor is None:
            return None
        taken = {name: getattr(donor, name) for name in ("question", "choice_prompt", "reads", "scale")}
        return criterion.model_copy(update={**taken, "evidence": None})

    return _each(rubric, with_question_of)


def _each(rubric: Rubric, change: Callable[[Criterion], Criterion | None]) -> Rubric | None:
    """The rubric with changed criteria, without those that cannot be changed; None where nothing is left to judge."""
    changed = tuple(found for criterion in rubric.criteria if (found := change(criterion)) is not None)
    if not any(criterion.weight for criterion in changed):
        return None
    ids = {criterion.id for criterion in changed}
    cases = [
        case.model_copy(update={"criteria": tuple(name for name in case.criteria if name in ids)})
        if isinstance(case, EdgeRule)
        else case
        for case in rubric.edge_cases
        if not (isinstance(case, EdgeRule) and case.criteria and ids.isdisjoint(case.criteria))
    ]
    return rubric.model_copy(update={"criteria": changed, "edge_cases": tuple(cases)})


def _framed(criterion: Criterion, frame: str) -> Criterion:
    return _asked(criterion, lambda question: frame.format(question=question))


def _worded(criterion: Criterion, own: Mapping[str, Sequence[str]], number: int) -> Criterion | None:
    words = own.get(criterion.id, ())
    return _asked(criterion, lambda _: words[number]) if number < len(words) else None


def _asked(criterion: Criterion, word: Callable[[str], str]) -> Criterion:
    """The criterion with its question changed, and its question for judges that only choose."""
    short = criterion.choice_prompt
    return criterion.model_copy(
        update={"question": word(criterion.question), "choice_prompt": None if short is None else word(short)}
    )


def _turned(criterion: Criterion) -> Criterion | None:
    scale = criterion.scale
    if not all(_NUMBER.fullmatch(label) for label in scale.labels):
        return None
    answers = tuple(
        Answer(label=label, anchor=answer.anchor)
        for label, answer in zip(reversed(scale.labels), scale.answers, strict=True)
    )
    turned = criterion.model_copy(update={"scale": scale.model_copy(update={"answers": answers})})
    worst, best = scale.labels[-1], scale.labels[0]
    return _asked(turned, lambda question: f"{question} Here {best} is the best answer and {worst} the worst.")


def _opposite(criterion: Criterion, own: str | None) -> Criterion:
    scale = criterion.scale
    mirrored = criterion.model_copy(update={"scale": _mirrored(scale), "evidence": None})
    if own is not None:
        return _asked(mirrored, lambda _: own)
    if scale.labels == ("no", "yes"):
        return _asked(mirrored, lambda question: f'Is "no" the right answer to this question: {question}')
    low, high = scale.labels[0], scale.labels[-1]
    told = f'The opposite is asked: "{high}" where you would answer "{low}", "{low}" where you would answer "{high}".'
    return _asked(mirrored, lambda question: f"{told} {question}")


def _mirrored(scale: Scale) -> Scale:
    """The same labels in the same order, with one another's anchors."""
    anchors = [answer.anchor for answer in reversed(scale.answers)]
    answers = tuple(Answer(label=label, anchor=anchor) for label, anchor in zip(scale.labels, anchors, strict=True))
    return scale.model_copy(update={"answers": answers})


def _orders(parts: tuple[_T, ...]) -> list[tuple[_T, ...]]:
    """The other orders that are tried: the last first, and the second half first; each once."""
    half = len(parts) // 2
    orders = [parts[::-1], parts[half:] + parts[:half]]
    return [order for place, order in enumerate(orders) if order != parts and order not in orders[:place]]


def _nth(parts: tuple[_T, ...], number: int) -> tuple[_T, ...] | None:
    orders = _orders(parts)
    return orders[number - 1] if number <= len(orders) else None
