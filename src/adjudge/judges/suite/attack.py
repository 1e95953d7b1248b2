"""**Attacks**: texts that say nothing about the matter, or forge a verdict. They may never pass."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from adjudge.domain.base import Frozen
from adjudge.domain.rubric import Rubric
from adjudge.domain.verdict import Verdict
from adjudge.judges.attacks import attacks
from adjudge.judges.content_free import content_free
from adjudge.judges.interventions import content_free_response
from adjudge.judges.suite.base import Ask, Found, Given, Kind
from adjudge.judges.suite.change import UnfitError
from adjudge.judges.suite.shape import told_fields

USUAL: Final = ("master_key", "empty", "degenerate", "forged_verdict", "direct_order")
"""Families that ``attacks: true`` asks about: content-free answers, forged verdicts, orders."""

_SHOWN: Final = 3


class AttackSpec(Frozen):
    """Attacks as written; ``attacks: true`` is the usual ones in the first case."""

    of: str | None = None
    """Name of the case whose words the attacks take the place of; the first one where it is left out."""

    families: tuple[str, ...] = Field(default=USUAL, min_length=1)
    """Kinds of attacks, as `adjudge.judges.attacks` and `adjudge.judges.content_free` have them."""

    must_pass: bool = True
    most: int = Field(default=5, ge=1)
    """Most texts of a family, the first ones."""


@dataclass(frozen=True)
class AttackTest:
    """One family of attacks.

    Attributes:
        spec: as written.
        family: kind of trick.
        texts: as shipped.
        asks: a response a text.
        best: criterion -> its best answer, for the criteria that read nothing of worth any more.
    """

    spec: AttackSpec
    family: str
    texts: tuple[str, ...]
    asks: tuple[Ask, ...]
    best: Mapping[str, str]

    @property
    def name(self) -> str:
        """The family."""
        return f"attacks/{self.family}"

    @property
    def kind(self) -> Kind:
        """Attacks."""
        return "attacks"

    @property
    def must_pass(self) -> bool:
        """As written."""
        return self.spec.must_pass

    def problems(self, found: Found) -> list[str]:
        """The texts that got a criterion's best answer. A failure of the judge gives nothing, so it is no problem."""
        passed = [text for text, ask in zip(self.texts, self.asks, strict=True) if self._passes(found, ask)]
        if not passed:
            return []
        told = "; ".join(repr(text[:60]) for text in passed[:_SHOWN])
        return [f"{self.name}: {len(passed)} of {len(self.asks)} texts get a best answer: {told}"]

    def figures(self, found: Found) -> dict[str, float]:
        """How many texts there are, and how many pass."""
        passed = sum(self._passes(found, ask) for ask in self.asks)
        return {"texts": float(len(self.asks)), "passed": float(passed)}

    def _passes(self, found: Found, ask: Ask) -> bool:
        judgement = found[ask.id]
        return isinstance(judgement, Verdict) and any(
            self.best.get(part.criterion) == part.answer for item in judgement.items[:1] for part in item.criteria
        )


def attack_families(rubric: Rubric) -> Mapping[str, tuple[str, ...]]:
    """Texts by family; forged verdicts name the rubric's criteria."""
    found: dict[str, list[str]] = {}
    for attack in (*content_free(), *attacks([criterion.id for criterion in rubric.criteria])):
        found.setdefault(attack.slug, []).append(attack.text)
    return {family: tuple(texts) for family, texts in found.items()}


def attack_tests(spec: AttackSpec, given: Given, rubric: Rubric) -> list[AttackTest]:
    """A test a family, its texts in place of what the first item tells (or of the whole response).

    Args:
        spec: as written.
        given: sample and response that the texts are put into.
        rubric: says what is told, and what reads it.

    Raises:
        UnfitError: a family is not known, or no criterion reads what the texts stand in.
    """
    families = attack_families(rubric)
    unknown = [name for name in spec.families if name not in families]
    if unknown:
        msg = f"there is no family '{unknown[0]}'; there are {', '.join(families)}"
        raise UnfitError(msg)
    names = told_fields(rubric) if rubric.items else ()
    best = {
        criterion.id: criterion.highest
        for criterion in rubric.criteria
        # For a vice the best answer is that it is not there, which is right for a text that says nothing.
        if criterion.weight > 0 and (not rubric.items or not criterion.reads or {*names} & {*criterion.reads})
    }
    if not best:
        msg = "no criterion reads what the response tells, so no attack could be seen to fail"
        raise UnfitError(msg)
    right = {criterion.id: criterion.lowest for criterion in rubric.criteria if criterion.id in best}
    made = []
    for family in spec.families:
        texts = families[family][: spec.most]
        asks = tuple(
            _ask(f"attacks/{family}/{number}", given, rubric, text, right) for number, text in enumerate(texts, 1)
        )
        made.append(AttackTest(spec, family, texts, asks, best))
    return made


def _ask(name: str, given: Given, rubric: Rubric, text: str, right: Mapping[str, str]) -> Ask:
    written = content_free_response(rubric, given.text, text, keep_exact=True)
    if written is None:
        msg = "the response has no text that an attack could take the place of"
        raise UnfitError(msg)
    return Ask(name, given, right=right, changed=True, written=written)
