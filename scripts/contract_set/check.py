"""What must hold for every row and for the set as a whole; independent of how the rows were made."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.contract_set.filler import FILLERS
from scripts.contract_set.library import PLAYBOOKS, TOPICS
from scripts.contract_set.window import GUIDELINES_SHOWN, MAX_CHARS, MIN_CHARS

_FIELDS = [
    "id", "source", "contract_id", "perspective", "window_kind", "target_start", "target_document", "reference",
    "reference_ids", "expert_findings", "licence", "meta",
]  # fmt: skip
_ISSUE_LABELS = {"contradicts", "flagged", "potentially_unfair"}
MAX_COMMENT_WORDS, MAX_ACTION_WORDS = 25, 16
MIX = {"issue": (0.55, 0.65), "compliant": (0.15, 0.25), "clean": (0.15, 0.25)}


def problems(splits: Mapping[str, Sequence[dict[str, Any]]]) -> list[str]:
    """Everything that is wrong, as sentences; empty when the set is good."""
    found = list(_content())
    ids = Counter(row["id"] for rows in splits.values() for row in rows)
    found += [f"id {row_id} is used {count} times" for row_id, count in ids.items() if count > 1]
    owners: dict[str, set[str]] = {}
    for split, rows in splits.items():
        for row in rows:
            owners.setdefault(row["contract_id"], set()).add(split)
            found += [f"{row['id']}: {problem}" for problem in _row(row)]
        for kind, (least, most) in MIX.items():
            share = sum(row["window_kind"] == kind for row in rows) / len(rows)
            if not least <= share <= most:
                found.append(f"{split}: {share:.0%} of the rows are {kind}, not {least:.0%} to {most:.0%}")
    found += [f"contract {name} is in {sorted(where)}" for name, where in owners.items() if len(where) > 1]
    found += _memorised(splits)
    return found


def _row(row: dict[str, Any]) -> Iterator[str]:
    if list(row) != _FIELDS:
        yield f"fields are {list(row)}"
    text = row["target_document"]
    if not MIN_CHARS <= len(text) <= MAX_CHARS:
        yield f"{len(text)} characters"
    if len(row["reference_ids"]) != GUIDELINES_SHOWN:
        yield f"{len(row['reference_ids'])} guidelines"
    lines = row["reference"].split("\n")[2:]
    if [line[1 : line.index("]")] for line in lines] != row["reference_ids"]:
        yield "reference lines and reference_ids differ"
    for finding in row["expert_findings"]:
        yield from (f"{finding['finding_id']}: {problem}" for problem in _finding(finding, row))
    kinds = [finding["is_issue"] for finding in row["expert_findings"]]
    if row["window_kind"] != ("issue" if any(kinds) else "compliant" if kinds else "clean"):
        yield f"window_kind {row['window_kind']} does not follow from the findings"


def _finding(finding: dict[str, Any], row: dict[str, Any]) -> Iterator[str]:
    """The label against the text: which side of the topic the excerpt was written for is looked up again."""
    if finding["guideline_id"] not in row["reference_ids"]:
        yield f"{finding['guideline_id']} is not in the reference"
    if row["target_document"][finding["start"] : finding["end"]] != finding["text_excerpt"]:
        yield "the excerpt is not at its offsets"
    if finding["is_issue"] != (finding["label"] in _ISSUE_LABELS):
        yield f"label {finding['label']} on is_issue={finding['is_issue']}"
    guideline = next(g for playbook in PLAYBOOKS for g in playbook.guidelines if g.id == finding["guideline_id"])
    sides = [side for side in ("a", "b") if _written_for(finding["text_excerpt"], guideline.topic, side)]
    if sides != [guideline.conflicts if finding["is_issue"] else "ab".replace(guideline.conflicts, "")]:
        yield f"the text belongs to side {sides}, which the label denies"


def _written_for(text: str, topic: str, side: str) -> bool:
    """Whether the text is a wording of this side: all its literal pieces occur, in order."""
    return any(_matches(text, wording) for wording in TOPICS[topic].side("a" if side == "a" else "b"))


def _matches(text: str, wording: str) -> bool:
    at = 0
    for piece in wording.replace("}", "{").split("{")[::2]:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return wording.startswith("{") or text.startswith(wording.split("{", maxsplit=1)[0])


def _content() -> Iterator[str]:
    """The handwritten parts: enough wordings, no repeats, comments and actions within their length."""
    wordings = [wording for topic in TOPICS.values() for wording in (*topic.a, *topic.b)]
    wordings += [text for _, text in dict.fromkeys(filler for fillers in FILLERS.values() for filler in fillers)]
    yield from (f"written twice: {wording}" for wording, count in Counter(wordings).items() if count > 1)
    ids = Counter(guideline.id for playbook in PLAYBOOKS for guideline in playbook.guidelines)
    yield from (f"guideline {name} is defined {count} times" for name, count in ids.items() if count > 1)
    for playbook in PLAYBOOKS:
        for guideline in playbook.guidelines:
            topic = TOPICS[guideline.topic]
            conflicting, complying = (topic.a, topic.b) if guideline.conflicts == "a" else (topic.b, topic.a)
            if len(conflicting) < 5 or len(complying) < 4:
                yield f"{guideline.id}: {len(conflicting)} conflicting and {len(complying)} compliant wordings"
            yield from (f"too long: {t}" for t in guideline.comments if len(t.split()) > MAX_COMMENT_WORDS)
            yield from (f"too long: {t}" for t in guideline.actions if len(t.split()) > MAX_ACTION_WORDS)


def _memorised(splits: Mapping[str, Sequence[dict[str, Any]]]) -> list[str]:
    """Rows that claim held-out wordings must show none that the training split uses."""
    used = {
        wording
        for row in splits["train"]
        for finding in row["expert_findings"]
        for topic in TOPICS.values()
        for wording in (*topic.a, *topic.b)
        if _matches(finding["text_excerpt"], wording)
    }
    return [
        f"{row['id']}: '{finding['text_excerpt'][:40]}...' is a wording of the training split"
        for split in ("validation", "test")
        for row in splits[split]
        if row["meta"]["wording"] == "held_out"
        for finding in row["expert_findings"]
        if any(_matches(finding["text_excerpt"], wording) for wording in used)
    ]


def summary(splits: Mapping[str, Sequence[dict[str, Any]]]) -> str:
    """Counts that a person wants to see after a build."""
    lines = []
    for split, rows in splits.items():
        kinds = Counter(row["window_kind"] for row in rows)
        issues = Counter(f["guideline_id"] for row in rows for f in row["expert_findings"] if f["is_issue"])
        two = sum(sum(f["is_issue"] for f in row["expert_findings"]) > 1 for row in rows)
        held_out = sum(row["meta"]["wording"] == "held_out" for row in rows)
        twins = sum("twin_of" in row["meta"] for row in rows)
        chars = sorted(len(row["target_document"]) for row in rows)
        lines.append(
            f"{split}: {len(rows)} rows of {len({row['contract_id'] for row in rows})} contracts; {dict(kinds)}; "
            f"{two} with two issues; {len(issues)} guidelines with an issue; {held_out} held-out wordings; "
            f"{twins} twins; {chars[0]}-{chars[len(chars) // 2]}-{chars[-1]} characters"
        )
    wordings = sum(len(topic.a) + len(topic.b) for topic in TOPICS.values())
    fillers = len({filler for fillers in FILLERS.values() for filler in fillers})
    guidelines = sum(len(playbook.guidelines) for playbook in PLAYBOOKS)
    lines.append(f"{guidelines} guidelines in {len(PLAYBOOKS)} playbooks; {wordings} wordings; {fillers} fillers")
    return "\n".join(lines)
