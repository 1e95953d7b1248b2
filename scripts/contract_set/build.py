"""Builds the contract-review set that ships with the package, or checks that the files are what would be built.

    python -m scripts.contract_set.build            write data/{train,validation,test}.jsonl
    python -m scripts.contract_set.build --check    rebuild in memory, compare bytes, verify every row

Two builds give the same bytes: one seeded generator a split, no clock, no set order.
"""

import argparse
import itertools
import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scripts.contract_set.check import problems, summary
from scripts.contract_set.contract import Contract, contracts
from scripts.contract_set.library import PLAYBOOKS
from scripts.contract_set.model import Guideline, Playbook
from scripts.contract_set.window import Kind, NoFitError, Split, Usage, Window, choose_topics, compose, read

DATA = Path(__file__).parents[2] / "src/adjudge/templates/contract_review/data"
SEED = "adjudge contract-review set 1"
ROWS: dict[Split, int] = {"train": 300, "validation": 40, "test": 80}
ROWS_OF_A_CONTRACT = 3
# In proportion to the number of guidelines: services 19, NDA 12, distribution 10, consumer 9.
_KINDS_OF_CONTRACT = (
    "services", "nda", "distribution", "services", "consumer",
    "nda", "services", "distribution", "services", "consumer",
)  # fmt: skip
# 60% with an issue, 20% compliant, 20% clean.
_KINDS_OF_ROW: tuple[Kind, ...] = ("issue", "compliant", "issue", "issue", "clean")
_SHARE_HELD_OUT = 0.6


def build() -> dict[Split, list[dict[str, Any]]]:
    """All rows by split."""
    made = contracts(
        random.Random(SEED),
        list(
            itertools.islice(
                itertools.cycle(_KINDS_OF_CONTRACT), sum(-(-wanted // ROWS_OF_A_CONTRACT) for wanted in ROWS.values())
            )
        ),
    )
    rows: dict[Split, list[dict[str, Any]]] = {}
    for split, wanted in ROWS.items():
        needed = -(-wanted // ROWS_OF_A_CONTRACT)
        rows[split] = _split(split, wanted, made[:needed])
        made = made[needed:]
    return rows


def _split(split: Split, wanted: int, its_contracts: list[Contract]) -> list[dict[str, Any]]:
    draw = random.Random(f"{SEED} {split}")
    kinds = _kinds(wanted, draw)
    usage: dict[str, Usage] = {playbook.key: Usage() for playbook in PLAYBOOKS}
    rows: list[dict[str, Any]] = []
    for contract in its_contracts:
        playbooks = [playbook for playbook in PLAYBOOKS if playbook.contract == contract.kind]
        draw.shuffle(playbooks)
        past: list[tuple[str, Window, list[Guideline], str]] = []
        for number, playbook in enumerate(itertools.islice(itertools.cycle(playbooks), ROWS_OF_A_CONTRACT), 1):
            row_id = f"{contract.id}-w{number}"
            kind, its_usage = next(kinds), usage[playbook.key]
            twin = _twin(playbook, past, draw) if kind == "compliant" else None
            row, window, wording = twin or _row(contract, playbook, (kind, split), its_usage, draw)
            shown = {guideline["guideline_id"] for guideline in row["expert_findings"] if guideline["is_issue"]}
            for finding in row["expert_findings"]:
                counts = its_usage.issue if finding["is_issue"] else its_usage.compliant
                counts[finding["guideline_id"]] += 1
            past.append((row_id, window, [g for g in playbook.guidelines if g.id in shown], wording))
            head = {"id": row_id, "source": "adjudge", "contract_id": contract.id}
            twin_of = row.pop("twin_of", None)
            meta = {"cluster": contract.id, "wording": wording, **({"twin_of": twin_of} if twin_of else {})}
            rows.append({**head, **row, "licence": "Apache-2.0", "meta": meta})
    return rows[:wanted]


def _kinds(rows: int, draw: random.Random) -> Iterator[Kind]:
    """The kinds of rows in their shares, shuffled; repeated if a contract needs a few rows more."""
    kinds = list(_KINDS_OF_ROW) * -(-rows // len(_KINDS_OF_ROW))
    draw.shuffle(kinds)
    return itertools.cycle(kinds)


def _twin(
    playbook: Playbook, past: list[tuple[str, Window, list[Guideline], str]], draw: random.Random
) -> tuple[dict[str, Any], Window, str] | None:
    """A compliant row with the very text that conflicts with the opposite playbook, where the contract has one."""
    for row_id, window, issues, wording in past:
        sides = {guideline.topic: guideline.conflicts for guideline in issues}
        mine = [g for g in playbook.guidelines if g.topic in sides and g.conflicts != sides[g.topic]]
        if not mine:
            continue
        try:
            return {**read(playbook, window, mine, draw), "twin_of": row_id}, window, wording
        except NoFitError:
            continue
    return None


def _row(
    contract: Contract, playbook: Playbook, wanted: tuple[Kind, Split], usage: Usage, draw: random.Random
) -> tuple[dict[str, Any], Window, str]:
    """One row with a text of its own; draws again until every bound holds."""
    kind, split = wanted
    held_out = split != "train" and draw.random() < _SHARE_HELD_OUT
    while True:
        try:
            topics, required = choose_topics(playbook, kind, usage, draw)
            window = compose(contract, topics, split, held_out, draw)
            return read(playbook, window, required, draw), window, "held_out" if held_out else "shared"
        except NoFitError:
            continue


def _bytes(rows: Sequence[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows).encode()


def main() -> int:
    """Write or check; 1 when a check says no."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; compare and verify")
    arguments = parser.parse_args()
    built = build()
    named: dict[str, Sequence[dict[str, Any]]] = dict(built.items())
    found = problems(named)
    for split, rows in named.items():
        file = DATA / f"{split}.jsonl"
        if not arguments.check and not found:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(_bytes(rows))
        elif arguments.check and (not file.is_file() or file.read_bytes() != _bytes(rows)):
            found.append(f"{file.name}: not the bytes that a build gives; run the build without --check")
    print(summary(named))
    for problem in found:
        print(f"FAIL {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
