"""What a judge is asked to learn its biases and holes: responses that are changed in known ways, within a budget.

A **probe** is a base response after one change, under the base's own id: its verdicts stand beside the base's in the
verdict table, item by item, and differ by their variant. Bases are labelled cases or rollouts of a run; they are to be
asked as they are too, under the variant ``base``, and at least twice, because what changes anyway is the floor.
"""

import itertools
import json
import math
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from adjudge.domain import Criterion, Judgement, Rollout, Rubric, Sample
from adjudge.domain.base import Count, Frozen
from adjudge.judges.attacks import Attack, attacks, by_variant
from adjudge.judges.content_free import MASTER_KEYS, OPENERS, content_free
from adjudge.judges.edges import decided_by_item, decided_by_response
from adjudge.judges.fields import item_fields, response_items
from adjudge.judges.interventions import (
    DRESSES,
    KEY_ORDER,
    LENGTHS,
    content_free_response,
    exact_keys,
    intervened,
    poisoned,
    with_text,
)
from adjudge.store.verdicts import CallContext, verdict_rows

Base = tuple[Sample, Rollout]
T = TypeVar("T")

HARMLESS: Final = 40
"""Different harmless texts."""

SHARES: Final = (("content_free", 0.4), ("attacks", 0.4), ("harmless", 0.2), ("dresses", 0.5), ("lengths", 1.0))
"""Kinds in order, and the share that each may take of the calls that those before it left."""


class Amounts(Frozen):
    """How many probes of each kind are made, where bases and calls allow."""

    content_free: Count = 300
    """Answers that say nothing and reach the judge: none of 299 passing shows that at most 1 % do."""

    attacks: Count = 150
    """Bad answers with an attack beside them, families in turn: none of 59 passing shows that at most 5 % do. Answers
    that the judge finds good as they are do not count."""

    harmless: Count = 60
    """The same with a harmless text in the attack's place: any text moves a small model."""

    dresses: Count = 60
    """Responses in each dress: where no answer moves, 59 show that the score moves by less than 0.05."""

    lengths: Count = 60
    """Responses padded, and condensed."""


@dataclass(frozen=True)
class Probe:
    """One question more to the judge.

    Attributes:
        variant: what was changed; a column of the verdict table.
        order: what stands where; ``base`` for a judge of one response.
        repeat: number of the asking.
        sample: what to judge against; another document where the attack is in it.
        rollout: the changed response under the base's id.
        criteria: those that are asked and read something that was changed; the others' answers tell nothing new.
        calls: what asking costs, for a judge with so many criteria a call as `make_probes` was told.
    """

    variant: str
    order: str
    repeat: int
    sample: Sample
    rollout: Rollout
    criteria: tuple[str, ...]
    calls: int

    def rows(self, judgement: Judgement, judge_name: str) -> list[dict[str, Any]]:
        """The judgement as rows of the verdict table, those of `criteria` and failures; usage stands in the first."""
        context = CallContext(judge_name=judge_name, variant=self.variant, order=self.order, repeat=self.repeat)
        rows = verdict_rows(judgement, self.rollout, context)
        kept = [row for row in rows if row.get("criterion") is None or row["criterion"] in self.criteria]
        if kept and kept[0] is not rows[0]:
            kept[0] |= {name: rows[0][name] for name in ("calls", "cost_usd", "latency_seconds") if name in rows[0]}
        return kept


def make_probes(
    rubric: Rubric,
    bases: Sequence[Base],
    amounts: Amounts,
    *,
    calls: int | None = None,
    batch: int = 1,
    seed: int = 0,
    bad: Collection[str] | None = None,
) -> tuple[Probe, ...]:
    """Probes of attacks, biases and length, spread evenly over variants and bases; equal seeds, equal probes.

    Args:
        rubric: of the judge.
        bases: responses with distinct ids, as (sample, rollout).
        amounts: how many of each kind.
        calls: most calls of all probes together; None: as many as the amounts take.
        batch: criteria in one call: 1 for a judge that chooses, `adjudge.judges.rubric.batch_size` for one that writes.
        seed: of the order in which bases and texts are taken.
        bad: ids of the rollouts that are known to be bad: attacks are added to those alone. None: to all, and the
            judge's own answers about them tell which count.
    """
    maker = _Maker(rubric, _shuffled(bases, seed), batch, seed)
    wanted = [base for base in maker.bases if bad is None or base[1].id in bad]
    kinds: dict[str, tuple[list[Iterator[Probe]], int]] = {
        "content_free": ([maker.content_free()], amounts.content_free),
        "attacks": (maker.attacks(wanted), amounts.attacks),
        "harmless": ([maker.harmless(wanted)], amounts.harmless),
        "dresses": _each((maker.named(name) for name in (*DRESSES, KEY_ORDER)), amounts.dresses),
        "lengths": _each((maker.named(name) for name in LENGTHS), amounts.lengths),
    }
    made: list[Probe] = []
    left = calls
    for kind, share in SHARES:
        streams, most = kinds[kind]
        some = _in_turns(streams, None if left is None else math.floor(left * share), most)
        left = None if left is None else left - sum(probe.calls for probe in some)
        made += some
    return tuple(made)


def asked_about(rubric: Rubric, sample: Sample, rollout: Rollout) -> list[tuple[str, ...]]:
    """The criteria that a judge is asked, an entry an item: what our own rules decide is not among them."""
    items = response_items(rubric, rollout.response)
    if not items or decided_by_response(rubric, rollout.response, items) is not None:
        return []
    decided = [decided_by_item(rubric, item, item_fields(rubric, sample, rollout.response, item)) for item in items]
    if any(one.failure is not None for one in decided):
        return []
    return [tuple(c.id for c in rubric.criteria if c.id not in one.answers) for one in decided]


@dataclass(frozen=True)
class _Maker:
    """Streams of probes; each ends when its bases and texts are used up."""

    rubric: Rubric
    bases: Sequence[Base]
    batch: int
    seed: int

    def named(self, name: str) -> Iterator[Probe]:
        """One intervention on every base that it applies to."""
        for base in self.bases:
            probe = self._probe(name, base, intervened(self.rubric, base[1].response, name))
            if probe is not None:
                yield probe

    def content_free(self) -> Iterator[Probe]:
        """Content-free texts in the place of answers, that reach the judge, each once and on bases in turn."""
        # What a base asks about is the same for all of these texts: bases that ask nothing are left out once.
        bases = itertools.cycle([base for base in self.bases if self._content_free("", base, ".") is not None])
        for (variant, attack), base in zip(by_variant(content_free(self.seed)).items(), bases, strict=False):
            found = self._content_free(variant, base, attack.text)
            if found is not None:
                yield found

    def _content_free(self, variant: str, base: Base, text: str) -> Probe | None:
        exact = bool(exact_keys(self.rubric))
        for keep in (True, False) if exact else (True,):
            probe = self._probe(
                variant, base, content_free_response(self.rubric, base[1].response, text, keep_exact=keep)
            )
            if probe is not None:
                # Who sees the quotes that were kept may rightly find something good in them.
                criteria = tuple(name for name in probe.criteria if not (exact and keep and self._sees_all(name)))
                if criteria:
                    return replace(probe, criteria=criteria)
        return None

    def _sees_all(self, criterion: str) -> bool:
        reads = self.rubric.criterion(criterion).reads
        return not reads or "response" in reads

    def attacks(self, bases: Sequence[Base]) -> list[Iterator[Probe]]:
        """Attacks beside what the answers say, and beside the passages that they quote; a stream a family."""
        ids = [criterion.id for criterion in self.rubric.criteria]
        keys = [Attack("added key", text) for text in (*MASTER_KEYS, *OPENERS) if text.strip()]
        every = [*attacks(ids), *keys]
        planted = [replace(one, family=f"document {one.family}") for one in every if one.family in _IN_DOCUMENTS]
        families: dict[str, list[tuple[str, str]]] = {}
        for variant, attack in by_variant([*every, *planted]).items():
            families.setdefault(attack.slug, []).append((variant, attack.text))
        return [self._added(bases, family, texts) for family, texts in families.items()]

    def harmless(self, bases: Sequence[Base]) -> Iterator[Probe]:
        """Pieces of what the policy was given to read, as long as attacks are and where attacks stand."""
        dice = random.Random(f"{self.seed}/harmless")
        shown = next(iter(self.rubric.fields), "")
        texts = (sample.text(shown) or sample.messages[-1].content for sample, _ in self.bases)
        words = " ".join(texts).split()
        sizes = [dice.randint(6, 30) for _ in range(HARMLESS if words else 0)]
        starts = [dice.randrange(max(1, len(words) - size)) for size in sizes]
        pieces = (" ".join(words[start : start + size]) for start, size in zip(starts, sizes, strict=True))
        return self._added(bases, "harmless", [(f"harmless/{n:03d}", piece) for n, piece in enumerate(pieces)])

    def _added(self, bases: Sequence[Base], family: str, texts: Sequence[tuple[str, str]]) -> Iterator[Probe]:
        """Every text with every base, so that both change from one probe to the next."""
        texts, bases = _shuffled(texts, f"{self.seed}/{family}"), _shuffled(bases, f"{self.seed}/{family}")
        for turn, (place, (variant, text)) in itertools.product(range(len(bases)), enumerate(texts)):
            base = bases[(turn + place) % len(bases)]
            sample: Sample | None = None
            response: str | None = base[1].response
            if family.startswith("document_"):
                sample = poisoned(self.rubric, base[0], base[1].response, text)
            else:
                response = with_text(self.rubric, base[1].response, text, before=(turn + place) % 2 == 1)
            probe = self._probe(variant, base, response, sample)
            if probe is not None:
                yield probe

    def _probe(self, variant: str, base: Base, response: str | None, sample: Sample | None = None) -> Probe | None:
        """The probe; None where the change is none to what the judge is asked."""
        if response is None:
            return None
        plain, rollout = base
        # Tokens and their probabilities are those of the text that was sampled.
        changed = rollout.model_copy(update={"response": response, "tokens": None, "logprobs": None})
        after = (sample or plain, changed)
        asked = asked_about(self.rubric, *after)
        criteria = tuple(name for name in touched(self.rubric, base, after) if any(name in item for item in asked))
        calls = sum(-(-len(item) // self.batch) for item in asked)
        return Probe(variant, "base", 0, *after, criteria, calls) if criteria else None


_IN_DOCUMENTS: Final = ("direct order", "quoted order")
"""Families of attacks that a poisoned document would hold."""


def touched(rubric: Rubric, before: Base, after: Base) -> tuple[str, ...]:
    """Criteria that read something else after than before; all where the items themselves are others."""
    olds, news = (response_items(rubric, rollout.response) for _, rollout in (before, after))
    if olds is None or news is None or len(olds) != len(news):
        return tuple(criterion.id for criterion in rubric.criteria)
    found = []
    for criterion in rubric.criteria:
        seen = [
            [_seen(rubric, criterion, side, item) for item in items] for side, items in ((before, olds), (after, news))
        ]
        if seen[0] != seen[1]:
            found.append(criterion.id)
    return tuple(found)


def _seen(rubric: Rubric, criterion: Criterion, side: Base, item: dict[str, Any]) -> list[str | None]:
    sample, rollout = side
    fields = item_fields(rubric, sample, rollout.response, item)
    if criterion.reads:
        return [fields.get(name) for name in criterion.reads]
    return [json.dumps(item), *(sample.text(name) for name in rubric.fields)]


def _each(streams: Iterable[Iterator[Probe]], most: int) -> tuple[list[Iterator[Probe]], int]:
    """The streams, cut off after so many each, and how many that is together."""
    cut = [itertools.islice(stream, most) for stream in streams]
    return list(cut), most * len(cut)


def _in_turns(streams: Iterable[Iterator[Probe]], calls: int | None, most: int) -> list[Probe]:
    """Probes of the streams in turn, while they fit."""
    made: list[Probe] = []
    waiting = list(streams)
    while waiting and len(made) < most:
        for stream in tuple(waiting[: most - len(made)]):
            probe = next(stream, None)
            if probe is None or (calls is not None and probe.calls > calls):
                waiting.remove(stream)
                continue
            calls = None if calls is None else calls - probe.calls
            made.append(probe)
    return made


def _shuffled(things: Sequence[T], seed: int | str) -> list[T]:
    return random.Random(str(seed)).sample(list(things), len(things))
