"""Labelled cases follow from what experts found, and from nothing else."""

import pytest

from adjudge.domain import Criterion, Items, Message, Rubric, Sample
from adjudge.domain.rubric import Line, Passage
from adjudge.training.labelled import VAGUE, VAGUE_HELD_OUT, labelled_cases

GUIDELINES = {f"G{n}": f"Guideline number {n} wants matter {n} to be settled in writing." for n in range(1, 5)}
QUOTES = {f"G{n}": f"The supplier may settle matter {n} as it sees fit and without notice" for n in range(1, 4)}
FREE = "Nobody marked this sentence, which is long enough to be taken for a clause of its own"


def rubric(criteria=()):
    reads = {
        "grounded": ("passage", "guideline"),
        "consistent": ("guideline", "comment"),
        "supported": ("passage", "comment"),
        "actionable": ("recommended_action",),
    }
    return Rubric(
        name="review",
        items=Items(
            path="comments",
            derived={
                "passage": Passage(quote="text_excerpt", field="target_document"),
                "guideline": Line(key="guideline_id", field="reference"),
            },
        ),
        criteria=tuple(Criterion(id=c, question=f"Is it {c}?", reads=reads[c]) for c in criteria or reads),
    )


def sample(name):
    """Two issues (G1, G2), one compliant clause (G3), one guideline nobody mentioned (G4), one free sentence."""
    document = ". ".join([*QUOTES.values(), FREE]) + "."
    findings = [
        {
            "guideline_id": key,
            "is_issue": key != "G3",
            "text_excerpt": quote,
            "start": document.index(quote),
            "end": document.index(quote) + len(quote),
        }
        for key, quote in QUOTES.items()
    ]
    comments = [
        {
            "guideline_id": key,
            "text_excerpt": QUOTES[key],
            "comment": f"Comment of {name} on {key}: notice is missing.",
            "recommended_action": f"Add a notice period for {key} of {name}.",
        }
        for key in ("G1", "G2")
    ]
    return Sample(
        id=name,
        messages=(Message(role="user", content="review"),),
        reference_answer={"comments": comments},
        metadata={
            "target_document": document,
            "reference": "\n".join(f"[{key}] {text}" for key, text in GUIDELINES.items()),
            "expert_findings": findings,
            "contract_id": f"contract-{name}",
        },
    )


SAMPLES = [sample(f"s{n}") for n in range(20)]


def cases(seed=0, *, held_out=False, samples=SAMPLES, of=None):
    return labelled_cases(samples, of or rubric(), seed, held_out=held_out)


def test_equal_seeds_give_equal_cases():
    """The cases are a function of rows, rubric and seed."""
    assert cases(1) == cases(1)
    assert cases(1) != cases(2)


def test_held_out_wordings_are_never_trained_on():
    """Vague actions of training rows and of held-out rows have no wording in common."""
    assert not set(VAGUE) & set(VAGUE_HELD_OUT)
    seen = {
        held: {c.fields["recommended_action"] for c in cases(held_out=held) if c.kind == "vague"}
        for held in (False, True)
    }
    assert seen[False] & set(VAGUE)
    assert seen[True] & set(VAGUE_HELD_OUT)
    assert not seen[False] & set(VAGUE_HELD_OUT)
    assert not seen[True] & set(VAGUE)


@pytest.mark.parametrize("seed", range(5))
def test_another_guideline_is_never_the_experts_own(seed):
    """The wrong guideline of a case is one that no expert attached to the passage."""
    wrong = [c for c in cases(seed) if c.kind == "other guideline" and c.criterion == "grounded"]
    assert len(wrong) == 2 * len(SAMPLES)
    for case in wrong:
        (own,) = [key for key, quote in QUOTES.items() if quote in case.fields["passage"]]
        assert case.fields["guideline"] in {text for key, text in GUIDELINES.items() if key != own}


@pytest.mark.parametrize("seed", range(5))
def test_a_guideline_that_another_expert_attached_to_the_place_is_not_wrong(seed):
    """Two findings on one clause: neither guideline serves as the wrong one for the other."""
    row = sample("s")
    first, second, *rest = row.metadata["expert_findings"]
    shared = [first, second | {key: first[key] for key in ("text_excerpt", "start", "end")}, *rest]
    comments = [c | {"text_excerpt": first["text_excerpt"]} for c in row.reference_answer["comments"]]
    row = row.model_copy(
        update={
            "metadata": row.metadata | {"expert_findings": shared},
            "reference_answer": {"comments": comments},
        }
    )
    wrong = [c for c in cases(seed, samples=[row]) if c.kind == "other guideline" and c.criterion == "grounded"]
    assert {c.fields["guideline"] for c in wrong} <= {GUIDELINES["G3"], GUIDELINES["G4"]}
    assert len(wrong) == 2


def test_labels_are_what_the_experts_said():
    """An expert's own comment is right; compliant and unmarked text is not to be flagged."""
    labels = {(c.criterion, c.kind): c.label for c in cases()}
    assert labels == {
        ("grounded", "right"): True,
        ("grounded", "other guideline"): False,
        ("grounded", "compliant"): False,
        ("grounded", "unmarked"): False,
        ("supported", "right"): True,
        ("supported", "other comment"): False,
        ("consistent", "right"): True,
        ("consistent", "other guideline"): False,
        ("actionable", "concrete"): True,
        ("actionable", "vague"): False,
    }


def test_unmarked_text_is_text_that_no_expert_marked():
    """No finding's clause stands in a case that says nobody found anything there."""
    unmarked = [c for c in cases() if c.kind == "unmarked"]
    assert unmarked
    assert {c.fields["passage"] for c in unmarked} == {f"{FREE}."}


def test_every_case_has_its_own_id_and_the_cluster_of_its_contract():
    """Cases can be joined by id, and resampled by contract."""
    made = cases()
    assert len({(c.id, c.criterion) for c in made}) == len(made)
    assert {c.cluster for c in made} == {f"contract-{s.id}" for s in SAMPLES}


def test_criteria_that_the_rubric_has_not_are_left_out():
    """No case asks a question that the judge is never asked."""
    assert {c.criterion for c in cases(of=rubric(["supported"]))} == {"supported"}


def test_a_row_whose_quote_is_not_in_the_document_gives_no_comment_case():
    """What cannot be found in the clause is not shown to a judge as its passage."""
    row = sample("s")
    lost = [c | {"text_excerpt": "words that stand nowhere in the clause"} for c in row.reference_answer["comments"]]
    made = cases(samples=[row.model_copy(update={"reference_answer": {"comments": lost}})])
    assert {c.kind for c in made} <= {"compliant", "unmarked"}
