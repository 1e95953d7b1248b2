import importlib.util
import json
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain.sample import Message, Sample
from adjudge.errors import DataError
from adjudge.evaluation.contract_metrics import ContractMetrics, contract_metrics, mean_metrics
from adjudge.wire.contract_windows import View, read_contract_windows

SHARED = Path(__file__).parents[3] / "shared/data/contracts/contract-review"
needs_corpora = pytest.mark.skipif(not SHARED.is_dir(), reason="the public corpora are not beside the repository")

TARGET = (
    "The Supplier may raise its charges at will. The Customer owns all results of the work. Minutes are kept in May."
)
REFERENCE = (
    "Playbook.\n[G1] Price: Increases must not exceed five per cent.\n[G2] Results: The Customer must own the results."
)
PRICE, RESULTS, MINUTES = (sentence + "." for sentence in TARGET.rstrip(".").split(". "))


def finding(guideline: str, text: str | None, *, issue: bool) -> dict[str, Any]:
    """A label on a passage of TARGET, or on a clause that is missing."""
    start = None if text is None else TARGET.index(text)
    end = None if text is None or start is None else start + len(text)
    return {"guideline_id": guideline, "is_issue": issue, "text_excerpt": text, "start": start, "end": end}


def sample(*findings: dict[str, Any]) -> Sample:
    """A sample with these labels."""
    metadata = {"target_document": TARGET, "reference": REFERENCE, "expert_findings": list(findings)}
    return Sample(id="s", messages=(Message(role="user", content="Review."),), metadata=metadata)


ISSUE = sample(finding("G1", PRICE, issue=True), finding("G2", RESULTS, issue=False))
CLEAN = sample()


def comment(excerpt: str, guideline: str | None = "G1", **more: object) -> dict[str, Any]:
    """One complete comment."""
    named = {} if guideline is None else {"guideline_id": guideline}
    return {
        **named,
        "text_excerpt": excerpt,
        "comment": "c",
        "comment_type": "conflict",
        "recommended_action": "a",
        **more,
    }


def answer(*comments: dict[str, Any]) -> str:
    """A response with these comments."""
    return json.dumps({"comments": comments})


def test_the_expert_s_answer_is_perfect() -> None:
    """Quoting the issue under its guideline gets full marks."""
    metrics = contract_metrics(ISSUE, answer(comment(PRICE)))
    assert (metrics.schema_ok, metrics.grounding_precision, metrics.finding_f1) == (1, 1, 1)
    assert (metrics.compliant_flagged, metrics.unsupported, metrics.duplicates) == (0, 0, 0)


def test_an_empty_answer_is_right_only_where_nothing_is_to_be_found() -> None:
    """No comment is perfect on a clean text and worthless on one with an issue; nothing is quoted in either."""
    for case, f1 in ((CLEAN, 1.0), (ISSUE, 0.0)):
        metrics = contract_metrics(case, answer())
        assert metrics.finding_f1 == f1
        assert metrics.grounding_precision is None
        assert metrics.quotes_reference is None


def test_the_wrong_guideline_finds_nothing() -> None:
    """The right words under another guideline are unsupported."""
    metrics = contract_metrics(ISSUE, answer(comment(PRICE, "G2")))
    assert (metrics.finding_f1, metrics.unsupported, metrics.grounding_precision) == (0, 1, 1)


def test_text_that_complies_is_a_false_alarm() -> None:
    """Flagging what experts found to comply is counted by itself."""
    metrics = contract_metrics(ISSUE, answer(comment(PRICE), comment(RESULTS, "G2")))
    assert (metrics.compliant_flagged, metrics.finding_precision, metrics.finding_recall) == (0.5, 0.5, 1.0)


def test_quoting_the_reference_is_told_apart_from_inventing() -> None:
    """An excerpt out of the reference is ungrounded and named; an invented one is only ungrounded."""
    metrics = contract_metrics(
        ISSUE, answer(comment("Increases must not exceed five per cent"), comment("The moon is made of green cheese"))
    )
    assert (metrics.grounding_precision, metrics.quotes_reference) == (0.0, 0.5)


def test_a_comment_without_guideline_may_meet_any_finding() -> None:
    """Models that name no guideline are still credited for the place."""
    assert contract_metrics(ISSUE, answer(comment(PRICE, None))).finding_f1 == 1
    assert contract_metrics(ISSUE, answer(comment(PRICE, ""))).finding_f1 == 1
    assert contract_metrics(ISSUE, answer(comment(PRICE, None, guideline_id=["G1"]))).finding_f1 == 0


def test_repeats_are_counted() -> None:
    """The same guideline at the same place twice is a duplicate, even if its white space differs."""
    twice = answer(comment(PRICE), comment(PRICE.replace(" ", "  ")), comment(MINUTES))
    assert contract_metrics(ISSUE, twice).duplicates == pytest.approx(1 / 3)


def test_a_missing_clause_is_met_by_a_remark_without_quote() -> None:
    """A missing provision needs its comment type and guideline and no excerpt; it is not asked to be grounded."""
    case = sample(finding("G2", None, issue=True))
    remark = comment("", "G2", comment_type="missing_provision")
    metrics = contract_metrics(case, answer(remark))
    assert (metrics.finding_f1, metrics.grounding_precision) == (1, None)
    assert contract_metrics(case, answer(comment("", "G2"))).finding_f1 == 0


def test_quoting_everything_meets_nothing_in_a_long_text() -> None:
    """A quote far longer than the finding is not a quote of it."""
    long = TARGET + " Minutes are kept by the contact persons." * 20
    case = ISSUE.model_copy(update={"metadata": {**ISSUE.metadata, "target_document": long}})
    metrics = contract_metrics(case, answer(comment(long)))
    assert (metrics.grounding_precision, metrics.finding_recall) == (1, 0)


@pytest.mark.parametrize(
    "response",
    [
        "Here you are: " + answer(comment(PRICE)),
        json.dumps([comment(PRICE)]),
        json.dumps({"comments": [comment(PRICE), "x"]}),
        json.dumps({"comments": [{"guideline_id": "G1", "text_excerpt": PRICE}]}),
    ],
)
def test_a_broken_form_keeps_its_findings_but_not_the_schema(response: str) -> None:
    """What can be read counts as found; only the letter of the schema gives schema_ok."""
    metrics = contract_metrics(ISSUE, response)
    assert (metrics.schema_ok, metrics.finding_recall) == (0, 1)


@given(
    st.one_of(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(
                    st.sampled_from(["comments", "text_excerpt", "guideline_id", "comment_type"]) | st.text(), inner
                )
            ),
        ).map(json.dumps),
    )
)
def test_no_response_breaks_the_metrics(response: str) -> None:
    """Whatever a policy writes, the figures are finite shares."""
    metrics = contract_metrics(ISSUE, response)
    assert all(value is None or value >= 0 for value in metrics.model_dump().values())


def test_deep_nesting_is_just_no_json() -> None:
    """A response nested beyond the parser's depth is unreadable, not a crash."""
    assert contract_metrics(ISSUE, '{"comments":' + "[" * 200_000).schema_ok == 0


def test_without_labels_there_are_no_metrics() -> None:
    """A sample that lacks the experts' findings or a text is an error that names it."""
    for metadata in ({}, {**ISSUE.metadata, "reference": None}, {**ISSUE.metadata, "expert_findings": [{}]}):
        with pytest.raises(DataError, match="'s'"):
            contract_metrics(ISSUE.model_copy(update={"metadata": metadata}), answer())


def test_means_leave_out_what_does_not_apply() -> None:
    """A figure that is undefined for a response does not enter its mean; undefined everywhere, it is None."""
    with_quote, without = contract_metrics(ISSUE, answer(comment(PRICE))), contract_metrics(ISSUE, answer())
    mean = mean_metrics([with_quote, without])
    assert (mean.responses, mean.grounding_precision, mean.finding_f1) == (2, 1.0, 0.5)
    assert mean_metrics([without]).grounding_precision is None
    assert mean_metrics([]).finding_f1 is None


def corpus_metrics() -> ModuleType:
    """The metrics script that lies beside the corpora."""
    spec = importlib.util.spec_from_file_location("corpus_metrics", SHARED / "metrics.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def spoiled(row: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """An answer with a bit of everything that can go wrong."""
    comments = []
    for found in row["expert_findings"]:
        text = found["text_excerpt"] or ""
        cut = draw.randrange(len(text) + 1)
        excerpt = draw.choice(
            [text, text[:cut], text[cut:].upper(), text.replace(" ", "\n"), row["reference"][-200:], "no " * 9]
        )
        guideline = draw.choice([found["guideline_id"], draw.choice(row["reference_ids"]), None])
        kind = draw.choice([found["comment_type"], "missing_provision"])
        comments.append(
            {
                "guideline_id": guideline,
                "text_excerpt": excerpt,
                "comment": "",
                "comment_type": kind,
                "recommended_action": "",
            }
        )
        if draw.random() < 0.2:
            comments.append(comments[-1])
    return {"comments": comments}


@needs_corpora
@pytest.mark.parametrize(
    ("file", "view"), [("windows_validation", "window"), ("validation", "window"), ("validation", "document")]
)
def test_the_numbers_equal_those_of_the_corpora_s_own_script(file: str, view: View) -> None:
    """On real rows every figure equals the one that the corpora's metrics script gives, for good and bad answers."""
    theirs = corpus_metrics()
    draw = random.Random(7)
    path = SHARED / f"{file}.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()][:60]
    samples = read_contract_windows(path, view=view)
    for row, case in zip(rows, samples, strict=False):
        part = (
            row["clause_window"]
            if view == "window" and "clause_window" in row
            else {**row, "text": row["target_document"]}
        )
        gold = (part["text"], part["reference"], part["expert_findings"])
        answers = [baseline(*gold) for baseline in theirs.BASELINES.values()] + [spoiled(part, draw) for _ in range(3)]
        for text in [
            *map(json.dumps, answers),
            "Sure! " + json.dumps(answers[0]),
            json.dumps(answers[1]["comments"]),
            "no",
        ]:
            expected = theirs.score(row, text, "window" if "clause_window" in row and view == "window" else "document")
            assert contract_metrics(case, text) == ContractMetrics(**expected)
