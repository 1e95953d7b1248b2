"""Windows (a few clauses of one contract) and their readings (a window against four guidelines of a playbook)."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from scripts.contract_set.contract import Contract
from scripts.contract_set.filler import FILLERS
from scripts.contract_set.library import TOPICS, close
from scripts.contract_set.model import Guideline, Playbook, Side

Split = Literal["train", "validation", "test"]
Kind = Literal["issue", "compliant", "clean"]

MIN_CHARS, MAX_CHARS = 400, 900
MAX_CLAUSES = 4
GUIDELINES_SHOWN = 4
SINGLE_EXTRACT = "This is a single extract: flag text that conflicts with a guideline, not what is missing."


class NoFitError(Exception):
    """This draw of clauses breaks a bound; the caller draws again."""


@dataclass(frozen=True)
class Clause:
    """A clause of a topic where it stands in a window; fillers need no record."""

    topic: str
    side: Side
    start: int
    end: int


@dataclass(frozen=True)
class Window:
    """One extract and the topic clauses in it, in order."""

    text: str
    clauses: tuple[Clause, ...]


@dataclass
class Usage:
    """How often each guideline was the subject, so that all get the same share."""

    issue: Counter[str] = field(default_factory=Counter)
    compliant: Counter[str] = field(default_factory=Counter)

    def rarest(self, guidelines: list[Guideline], kind: Kind, draw: random.Random) -> Guideline:
        """The guideline least used for this kind; ties are drawn."""
        if not guidelines:
            raise NoFitError
        counts = self.issue if kind == "issue" else self.compliant
        return min(guidelines, key=lambda guideline: (counts[guideline.id], draw.random()))


def _other(side: Side) -> Side:
    return "b" if side == "a" else "a"


def choose_topics(
    playbook: Playbook, kind: Kind, usage: Usage, draw: random.Random
) -> tuple[list[tuple[str, Side]], list[Guideline]]:
    """Topic clauses of a window, each with its side, and the guidelines that must be in the reference.

    A third of the windows also holds a clause whose guideline is not shown: flagging it is unsupported.
    """
    picked: list[tuple[str, Side]] = []
    required: list[Guideline] = []

    def pick(sort: Kind) -> None:
        free = [g for g in playbook.guidelines if not any(close(g.topic, topic) for topic, _ in picked)]
        guideline = usage.rarest(free, sort, draw)
        required.append(guideline)
        picked.append((guideline.topic, guideline.conflicts if sort == "issue" else _other(guideline.conflicts)))

    if kind == "issue":
        pick("issue")
        second = draw.random()
        if second < 0.4:
            pick("issue")
        elif second < 0.6:
            pick("compliant")
    elif kind == "compliant":
        pick("compliant")
        if draw.random() < 0.3:
            pick("compliant")
    if draw.random() < (0.6 if kind == "clean" else 0.35):
        free = [g for g in playbook.guidelines if not any(close(g.topic, topic) for topic, _ in picked)]
        if free:
            side: Side = draw.choice(("a", "b"))
            picked.append((draw.choice(free).topic, side))
    return picked, required


def compose(
    contract: Contract, topics: list[tuple[str, Side]], split: Split, held_out: bool, draw: random.Random
) -> Window:
    """The text: the topic clauses among neutral ones, in the contract's page style."""
    parts: list[tuple[str, str, tuple[str, Side] | None]] = []
    for topic, side in topics:
        wording = draw.choice(_wordings(TOPICS[topic].side(side), split, held_out))
        parts.append((TOPICS[topic].heading, contract.render(wording, draw), (topic, side)))
    fillers = [
        filler for place, filler in enumerate(FILLERS[contract.kind]) if place % 6 in _filler_places(split, held_out)
    ]
    draw.shuffle(fillers)
    wanted = draw.randrange(480, 720)
    while sum(len(text) for _, text, _ in parts) < wanted and len(parts) < MAX_CLAUSES and fillers:
        heading, wording = fillers.pop()
        parts.append((heading, contract.render(wording, draw), None))
    draw.shuffle(parts)
    first = draw.randrange(1, 6)
    text = ""
    clauses: list[Clause] = []
    for position, (heading, body, subject) in enumerate(parts):
        text += (contract.joint if text else "") + contract.lead(position, heading, first)
        if subject is not None:
            clauses.append(Clause(*subject, len(text), len(text) + len(body)))
        text += body
    if len(parts) < 2 or not MIN_CHARS <= len(text) <= MAX_CHARS:
        raise NoFitError
    return Window(text, tuple(clauses))


def _wordings(all_of_them: tuple[str, ...], split: Split, held_out: bool) -> tuple[str, ...]:
    """The last wording of a side is the test split's own, the one before it validation's."""
    if not held_out:
        return all_of_them[:-2]
    return (all_of_them[-1] if split == "test" else all_of_them[-2],)


def _filler_places(split: Split, held_out: bool) -> frozenset[int]:
    own = {"test": {5}, "validation": {4}}.get(split, set())
    return frozenset({0, 1, 2, 3} | (own if held_out else set()))


def read(playbook: Playbook, window: Window, required: list[Guideline], draw: random.Random) -> dict[str, Any]:
    """The row fields that follow from reading the window against the playbook; labels by construction."""
    free = [g for g in playbook.guidelines if not any(close(g.topic, clause.topic) for clause in window.clauses)]
    missing = GUIDELINES_SHOWN - len(required)
    if len(free) < missing:
        raise NoFitError
    shown = [*required, *draw.sample(free, missing)]
    draw.shuffle(shown)
    by_topic = {guideline.topic: guideline for guideline in shown}
    findings = [
        _finding(f"F{number}", playbook.labels, by_topic[clause.topic], (clause, window.text), draw)
        for number, clause in enumerate((c for c in window.clauses if c.topic in by_topic), 1)
    ]
    issue = any(finding["is_issue"] for finding in findings)
    return {
        "perspective": playbook.perspective,
        "window_kind": "issue" if issue else "compliant" if findings else "clean",
        "target_start": 0,
        "target_document": window.text,
        "reference": "\n".join([playbook.line, SINGLE_EXTRACT, *(f"[{g.id}] {g.title}: {g.text}" for g in shown)]),
        "reference_ids": [guideline.id for guideline in shown],
        "expert_findings": findings,
    }


def _finding(
    name: str, labels: tuple[str, str, str], guideline: Guideline, place: tuple[Clause, str], draw: random.Random
) -> dict[str, Any]:
    conflict, comment_type, compliant = labels
    clause, text = place
    is_issue = clause.side == guideline.conflicts
    finding: dict[str, Any] = {
        "finding_id": name,
        "guideline_id": guideline.id,
        "issue": guideline.title,
        "label": conflict if is_issue else compliant,
        "is_issue": is_issue,
        "comment_type": comment_type if is_issue else "none",
        "text_excerpt": text[clause.start : clause.end],
        "start": clause.start,
        "end": clause.end,
        "rationale": f"the clause was written to {'conflict with' if is_issue else 'satisfy'} '{guideline.title}'",
    }
    if is_issue:
        finding["comment"] = draw.choice(guideline.comments)
        finding["recommended_action"] = draw.choice(guideline.actions)
    return finding
