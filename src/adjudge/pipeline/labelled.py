"""Labelled cases put to any judge through its own door: each becomes a sample and a response that asks one criterion.

A case has the texts that one criterion reads. They are laid into the sample's documents and into one item; the fields
of the other criteria are left out, so those get their lowest answer without a call.
"""

import json
import random
from collections.abc import Sequence

from adjudge.domain import Policy, Rollout, Rubric, Sample
from adjudge.domain.path import holding
from adjudge.domain.rubric import Line, Passage
from adjudge.training.labelled import Case, labelled_cases
from adjudge.validation.labelled import LabelledCase

KEY = "G1"
"""The id under which a case's guideline is cited."""


LEFT_OUT = "(left out)"
"""Stands for a text that a case does not have and that a rule of the rubric asks for."""


def held_out_cases(samples: Sequence[Sample], rubric: Rubric, *, most: int, seed: int) -> tuple[Case, ...]:
    """Cases from rows that training never sees: at most `most`, evenly over the criteria; equal seeds, equal cases."""
    labelled = [sample for sample in samples if sample.metadata.get("expert_findings") is not None]
    if rubric.items is None or not labelled:
        return ()
    cases = labelled_cases(labelled, rubric, seed, held_out=True)
    names = sorted({case.criterion for case in cases})
    kept: set[str] = set()
    for place, name in enumerate(names):
        # What the first ones leave of the whole, later ones get.
        share = (most - len(kept)) // (len(names) - place)
        of_this = [case.id for case in cases if case.criterion == name]
        kept.update(random.Random(f"{seed}/{name}").sample(of_this, min(share, len(of_this))))
    return tuple(case for case in cases if case.id in kept)


def as_rollout(case: Case, rubric: Rubric, sample: Sample) -> tuple[Sample, Rollout]:
    """The case as a sample and a response with one item.

    Args:
        case: one criterion's texts and its label.
        rubric: its items rule says where passage and guideline are looked up.
        sample: the row that the case was made from; its texts stand where the case has none of its own.
    """
    assert rubric.items is not None  # cases are made of items
    texts = dict(sample.metadata)
    item: dict[str, str] = {}
    for name, text in case.fields.items():
        rule = rubric.items.derived.get(name)
        if isinstance(rule, Passage):
            texts[rule.field], item[rule.quote] = text, text
        elif isinstance(rule, Line):
            texts[rule.field], item[rule.key] = f"[{KEY}] {text}", KEY
        else:
            item[name] = text
    for edge in rubric.edge_rules:
        # A rule about what the case leaves out would decide it in the judge's place.
        decides = edge.answer == "fail" or case.criterion in {c.id for c in rubric.decided(edge)}
        if edge.key is not None and decides:
            item.setdefault(edge.key, LEFT_OUT)
    made = f"case/{case.id}"
    response = json.dumps(holding([item], rubric.items.steps), ensure_ascii=False)
    rollout = Rollout(id=made, sample_id=made, policy=Policy(name="labelled-case"), response=response)
    return sample.model_copy(update={"id": made, "metadata": texts}), rollout


def sample_of(case: Case, samples: Sequence[Sample]) -> Sample:
    """The row that a case was made from: its id begins with the row's."""
    fitting = [sample for sample in samples if case.id.startswith(f"{sample.id}/")]
    return max(fitting, key=lambda sample: len(sample.id))


def known_answer(case: Case) -> LabelledCase:
    """What validation needs to know of a case."""
    return LabelledCase(
        id=case.id, criterion=case.criterion, source=case.source, cluster=case.cluster, label=case.label
    )
