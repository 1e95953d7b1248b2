import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adjudge.domain.sample import Sample
from adjudge.domain.text import locate
from adjudge.errors import ConfigError, DataError, MissingError
from adjudge.wire.contract_windows import SYSTEM_PROMPT, read_contract_windows

OURS = Path(__file__).parents[2] / "src/adjudge/templates/contract_review/data"
SHARED = Path(__file__).parents[3] / "shared/data/contracts/contract-review"
KEYS = ["guideline_id", "text_excerpt", "comment", "comment_type", "recommended_action"]
needs_corpora = pytest.mark.skipif(not SHARED.is_dir(), reason="the public corpora are not beside the repository")

TEXT = (
    "1. The parties meet in May. 2. The Supplier may raise its charges at will. 3. Fees are due in ten days. "
    "4. Minutes are kept. 5. The Customer owns all results of the work. 6. The annexes are numbered."
)
REFERENCE = (
    "Services playbook. We act for the CUSTOMER.\n[G-PRICE] Price increases: Flag any right to raise prices.\n"
    "[G-PAY] Payment: The Customer must have 30 days to pay.\n[G-IP] Results: The Customer must own the results."
)

Row = dict[str, Any]
Write = Callable[..., Path]


def finding(guideline: str, excerpt: str | None, *, issue: bool = True, **more: object) -> Row:
    """A label on a passage of TEXT, or on a clause that is missing."""
    start = None if excerpt is None else TEXT.index(excerpt)
    return {
        "finding_id": f"F-{guideline}",
        "guideline_id": guideline,
        "issue": guideline,
        "label": "flagged" if issue else "entailed",
        "is_issue": issue,
        "comment_type": "risk" if issue else "none",
        "text_excerpt": excerpt,
        "start": start,
        "end": None if start is None or excerpt is None else start + len(excerpt),
        "rationale": "because",
        **more,
    }


PRICE = finding("G-PRICE", "The Supplier may raise its charges at will.")
PAY = finding("G-PAY", "Fees are due in ten days.")
RESULTS = finding("G-IP", "The Customer owns all results of the work.", issue=False)


def row(*findings: Row, **more: object) -> Row:
    """A row as the files hold it."""
    return {
        "id": "r1",
        "source": "test",
        "contract_id": "c1",
        "perspective": "customer",
        "window_kind": "issue",
        "target_document": TEXT,
        "reference": REFERENCE,
        "reference_ids": ["G-PRICE", "G-PAY", "G-IP"],
        "expert_findings": list(findings),
        "licence": "CC0",
        "meta": {"cluster": "c1"},
        **more,
    }


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes rows (or raw lines) to a file and returns its path."""

    def to_file(*rows: Row | str) -> Path:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows), encoding="utf-8")
        return path

    return to_file


def comments(sample: Sample) -> list[dict[str, str]]:
    """The comments of the expert answer."""
    assert isinstance(sample.reference_answer, str)
    found = json.loads(sample.reference_answer)["comments"]
    assert isinstance(found, list)
    return found


def test_a_row_becomes_a_sample(write: Write) -> None:
    """The prompt holds reference and text and nothing of the labels, which go to the metadata."""
    (sample,) = read_contract_windows(write(row(PRICE, RESULTS, attribution="someone")))
    assert [message.role for message in sample.messages] == ["system", "user"]
    assert sample.messages[0].content == SYSTEM_PROMPT
    assert sample.messages[1].content == f"{REFERENCE}\n\nText:\n{TEXT}"
    assert sample.text("target_document") == TEXT
    assert sample.metadata["expert_findings"] == [PRICE, RESULTS]
    assert (sample.metadata["window_kind"], sample.metadata["attribution"]) == ("issue", "someone")


def test_the_expert_answer_is_compact_json_in_a_fixed_order(write: Write) -> None:
    """Comments are in the order of the text, with the keys in the order that the policy learns."""
    (sample,) = read_contract_windows(write(row(PAY, PRICE, RESULTS)))
    assert [comment["guideline_id"] for comment in comments(sample)] == ["G-PRICE", "G-PAY"]
    assert all(list(comment) == KEYS for comment in comments(sample))
    assert sample.reference_answer == json.dumps({"comments": comments(sample)}, separators=(",", ":"))


def test_nothing_to_flag_is_an_empty_list(write: Write) -> None:
    """Text that complies gets no comment."""
    (sample,) = read_contract_windows(write(row(RESULTS)))
    assert sample.reference_answer == '{"comments":[]}'
    assert sample.metadata["window_kind"] == "compliant"


def test_sentences_are_derived_from_the_guideline(write: Write) -> None:
    """Where experts left only a label, comment and action are made from the guideline's line."""
    (sample,) = read_contract_windows(write(row(PRICE, PAY)))
    first, second = comments(sample)
    assert first["comment"] == "Price increases: the clause contains a right to raise prices."
    assert second["comment"] == "Payment: the clause does not meet the rule that the Customer must have 30 days to pay."
    assert "Price increases" in first["recommended_action"]


def test_the_expert_s_own_words_come_first(write: Write, tmp_path: Path) -> None:
    """A row's own comment and action win over the library's, and the library's over a derived one."""
    own = {**PRICE, "comment": "Too open.", "recommended_action": "Cap it."}
    (tmp_path / "reference_library.json").write_text('{"G-PRICE":{"action":"no"},"G-PAY":{"action":"Grant 30 days."}}')
    (sample,) = read_contract_windows(write(row(own, PAY)))
    first, second = comments(sample)
    assert (first["comment"], first["recommended_action"]) == ("Too open.", "Cap it.")
    assert second["recommended_action"] == "Grant 30 days."


def test_quotes_are_short_but_never_too_short_to_count(write: Write) -> None:
    """A quote has the words asked for, and more while it would be too short to be found."""
    (sample,) = read_contract_windows(write(row(PRICE, PAY)), quote_words=1)
    quotes = [comment["text_excerpt"] for comment in comments(sample)]
    assert quotes == ["The Supplier may", "Fees are due in"]
    assert all(locate(quote, TEXT) for quote in quotes)


def test_at_most_so_many_comments_one_a_guideline(write: Write) -> None:
    """A guideline is commented on once, and the number of comments is bounded."""
    again = {**PRICE, **finding("G-PRICE", "Minutes are kept."), "finding_id": "F2"}
    (sample,) = read_contract_windows(write(row(PRICE, again, PAY)), max_comments=5)
    assert [comment["guideline_id"] for comment in comments(sample)] == ["G-PRICE", "G-PAY"]
    (sample,) = read_contract_windows(write(row(PRICE, PAY)), max_comments=1)
    assert len(comments(sample)) == 1


def test_document_view_comments_on_missing_clauses_last(write: Write) -> None:
    """A clause that is not there is commented on without an excerpt, after those that are."""
    missing = {**finding("G-IP", None), "comment_type": "missing_provision", "label": "missing"}
    (sample,) = read_contract_windows(write(row(missing, PRICE)), view="document")
    first, last = comments(sample)
    assert first["guideline_id"] == "G-PRICE"
    assert (last["comment_type"], last["text_excerpt"]) == ("missing_provision", "")


def test_window_view_takes_the_clause_window(write: Write) -> None:
    """A document row is read through its clause window, under an id of its own."""
    part = {"text": TEXT, "reference": REFERENCE, "reference_ids": ["G-PRICE", "G-PAY"], "expert_findings": [PAY]}
    whole = row(target_document="A far longer text.", expert_findings=[], clause_window=part)
    (sample,) = read_contract_windows(write(whole))
    assert (sample.id, sample.text("target_document")) == ("r1-window", TEXT)
    (sample,) = read_contract_windows(write(whole), view="document")
    assert (sample.id, sample.text("target_document")) == ("r1", "A far longer text.")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("not json", "line 2"),
        ("[]", "not an object"),
        (json.dumps({"id": "x"}), "source"),
        (json.dumps(row({**PRICE, "start": 3}, id="x")), "not the text at start:end"),
        (json.dumps(row({**PRICE, "guideline_id": "G-OTHER"}, id="x")), "not in reference_ids"),
        (json.dumps(row({**PRICE, "start": None, "end": None}, id="x")), "null together"),
        (json.dumps(row(id="x", target_document=7)), "text"),
        (json.dumps(row()), "used on line 1"),
    ],
)
def test_a_bad_row_is_refused_with_its_place(write: Write, line: str, problem: str) -> None:
    """A row that is no row, or whose labels do not hold, is an error that names file and line."""
    path = write(row(), line)
    with pytest.raises(DataError) as error:
        read_contract_windows(path)
    assert f"{path}, line 2" in error.value.what
    assert problem in error.value.what


def test_a_missing_file_and_impossible_options_are_told(write: Write, tmp_path: Path) -> None:
    """A file that is not there is missing (exit code 3); options that contradict each other are a config error."""
    with pytest.raises(MissingError):
        read_contract_windows(tmp_path / "none.jsonl")
    path = write(row())
    for options in ({"view": "document", "crop_chars": 500}, {"crop_chars": 5}, {"limit": 0}, {"max_comments": 0}):
        with pytest.raises(ConfigError):
            read_contract_windows(path, **options)


def test_a_crop_keeps_the_issue_and_cuts_between_sentences(write: Write) -> None:
    """The crop holds the issue whole, fits the limit, and begins and ends with a sentence."""
    (sample,) = read_contract_windows(write(row(PAY)), crop_chars=100)
    text = sample.text("target_document")
    assert text is not None
    assert len(text) <= 100
    assert "Fees are due in ten days." in text
    assert text in TEXT
    assert text.endswith(".")
    assert sample.metadata["expert_findings"][0]["text_excerpt"] == "Fees are due in ten days."


def test_a_torn_finding_takes_its_guideline_along(write: Write) -> None:
    """Where the cut goes through a finding its guideline leaves the reference, so that no label is half true."""
    torn = finding("G-IP", TEXT, issue=False)
    (sample,) = read_contract_windows(write(row(PRICE, torn)), crop_chars=100)
    assert sample.metadata["reference_ids"] == ["G-PRICE", "G-PAY"]
    assert "[G-IP]" not in sample.metadata["reference"]
    assert [label["guideline_id"] for label in sample.metadata["expert_findings"]] == ["G-PRICE"]


def test_a_clean_row_is_cropped_from_its_start(write: Write) -> None:
    """Without labels the beginning of the text is kept."""
    (sample,) = read_contract_windows(write(row()), crop_chars=110)
    text = sample.text("target_document")
    assert text is not None
    assert TEXT.startswith(text)
    assert 55 <= len(text) <= 110


WORD = st.text(alphabet="abcXY1(\"'", min_size=1, max_size=9)
SENTENCE = st.builds(
    lambda words, end: " ".join(words) + end, st.lists(WORD, min_size=1, max_size=30), st.sampled_from(".;\n")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sentences=st.lists(SENTENCE, min_size=2, max_size=12), data=st.data())
def test_labels_stay_literal_under_any_crop(tmp_path: Path, sentences: list[str], data: st.DataObject) -> None:
    """Whatever is cropped, each kept label is the text at its offsets and its guideline is in the reference."""
    text = " ".join(sentences)
    findings = []
    for number in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start + 1, len(text)))
        guideline = data.draw(st.sampled_from(["G-PRICE", "G-PAY", "G-IP"]))
        label = finding(guideline, None, issue=data.draw(st.booleans()))
        findings.append(
            {**label, "finding_id": f"F{number}", "text_excerpt": text[start:end], "start": start, "end": end}
        )
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row(*findings, target_document=text)), encoding="utf-8")
    limit = data.draw(st.integers(100, 400))
    for sample in read_contract_windows(path, crop_chars=limit):
        cropped = sample.metadata["target_document"]
        assert len(cropped) <= limit
        assert cropped in text
        for label in sample.metadata["expert_findings"]:
            assert cropped[label["start"] : label["end"]] == label["text_excerpt"]
            assert label["guideline_id"] in sample.metadata["reference_ids"]
        for comment in comments(sample):
            assert comment["text_excerpt"] in cropped


def test_a_subset_keeps_the_shares_and_is_repeatable() -> None:
    """A limited import has the same share of each kind, the same rows for the same seed, others for another."""
    path = OURS / "train.jsonl"
    subset = read_contract_windows(path, limit=50, seed=1)
    assert len(subset) == 50
    kinds = Counter(sample.metadata["window_kind"] for sample in subset)
    assert all(abs(kinds[kind] - share) <= 4 for kind, share in (("issue", 30), ("compliant", 10), ("clean", 10)))
    assert read_contract_windows(path, limit=50, seed=1) == subset
    assert read_contract_windows(path, limit=50, seed=2) != subset
    everything = read_contract_windows(path)
    assert [sample for sample in everything if sample in subset] == list(subset)
    assert read_contract_windows(path, limit=10**6) == everything


@needs_corpora
@pytest.mark.parametrize("crop_chars", [None, 800])
def test_the_public_corpora_are_read(crop_chars: int | None) -> None:
    """Every row of the converted corpora is read, and each expert quote stands in its text."""
    samples = read_contract_windows(SHARED / "windows_validation.jsonl", crop_chars=crop_chars)
    assert len(samples) >= 430
    for sample in samples:
        for comment in comments(sample):
            assert comment["text_excerpt"] in sample.metadata["target_document"]
            assert len(comment["comment"].split()) <= 22
            assert comment["recommended_action"]


@needs_corpora
def test_documents_are_read_in_both_views() -> None:
    """Document rows give windows, or whole documents with their missing clauses."""
    path = SHARED / "validation.jsonl"
    windows = read_contract_windows(path, view="window")
    documents = read_contract_windows(path, view="document")
    assert len(windows) == len(documents) == 124
    assert max(len(sample.metadata["target_document"]) for sample in windows) <= 1500
    many = read_contract_windows(path, view="document", max_comments=20)
    assert any(comment["comment_type"] == "missing_provision" for sample in many for comment in comments(sample))
