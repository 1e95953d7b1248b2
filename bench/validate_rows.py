"""How long the whole passport of 100,000 verdict rows takes: `python bench/validate_rows.py [--rows N] [--runs N]`.

Rows of one invented judge with everything that a validation asks: 200 prompts, 8 responses each with 4 criteria, asked
again, in other words, dressed up, padded and attacked; three people label a third of the items. Reading the file,
every check and every interval (2,000 draws) are in the time; the yardstick of the same run is `json.loads` of the same
rows alone. Peak memory is that of a fresh process.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from adjudge.validation.check import Material
from adjudge.validation.gold import read_gold
from adjudge.validation.registry import CheckSettings, run_checks
from adjudge.validation.table import read_table

CRITERIA = ("grounded", "consistent", "supported", "actionable")
PLAIN = ("base", "reworded/1", "reworded/2", "reworded/3", "reworded/4", "reworded/5", "negated", "padded", "condensed")
DRESSES = ("bias/authority", "bias/confident", "bias/formatting", "attack/direct_order/1", "attack/master_key/2")


def rows(count: int) -> Iterator[dict[str, object]]:
    """Verdicts of an invented judge: right with 0.85, its answer to a changed question drawn anew with 0.1."""
    dice = random.Random(0)
    truth: dict[tuple[str, str], bool] = {}
    answers: dict[tuple[str, str], bool] = {}
    askings = [("base", repeat) for repeat in range(3)] + [(variant, 0) for variant in (*PLAIN[1:], *DRESSES)]
    made = 0
    for variant, repeat in askings:
        for prompt in range(200):
            for response in range(8):
                for criterion in CRITERIA:
                    item = f"p{prompt}/r{response}"
                    good = truth.setdefault((item, criterion), dice.random() < 0.5)
                    first = answers.setdefault((item, criterion), good if dice.random() < 0.85 else not good)
                    yes = first if dice.random() < 0.9 else dice.random() < 0.5
                    yield {
                        "item": f"{item}/0",
                        "group": f"p{prompt}",
                        "candidate": item,
                        "judge": "invented",
                        "criterion": criterion,
                        "variant": variant,
                        "repeat": repeat,
                        "answer": "yes" if yes else "no",
                        "score": min(1.0, max(0.0, (0.8 if yes else 0.2) + dice.gauss(0, 0.05))),
                        "status": "ok",
                        "length": 100 + 40 * response,
                        "calls": 1,
                        "cost_usd": 0.001,
                        "latency_seconds": 1.0,
                        **({"human": [float(good)] * 3} if variant == "base" and prompt < 66 else {}),
                    }
                    made += 1
                    if made == count:
                        return


def gold(found: list[dict[str, object]]) -> Iterator[dict[str, object]]:
    """Three people about the labelled items, each wrong on one of ten."""
    dice = random.Random(1)
    for row in found:
        human = row.get("human")
        if row["repeat"] == 0 and isinstance(human, list):
            for rater in range(3):
                score = human[rater] if dice.random() < 0.9 else 1.0 - human[rater]
                yield {"item": row["item"], "criterion": row["criterion"], "rater": f"r{rater}", "score": score}


def measured(folder: Path) -> None:
    """One validation, its seconds and peak memory as JSON; in a process of its own."""
    began = time.perf_counter()
    table = read_table(folder / "verdicts.jsonl")
    read = time.perf_counter() - began
    checks = run_checks(Material(table, table, read_gold(folder / "gold.jsonl")), CheckSettings())
    print(
        json.dumps(
            {
                "read": read,
                "seconds": time.perf_counter() - began,
                "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "outcomes": {check.name: check.outcome for check in checks},
            }
        )
    )


def main() -> None:
    """Make the files, validate them several times, print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        measured(given.one)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = list(rows(given.rows))
        for file, lines in {"verdicts.jsonl": made, "gold.jsonl": list(gold(made))}.items():
            (folder / file).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        command = [sys.executable, __file__, "--one", str(folder)]
        found = [
            json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603  (itself)
            for _ in range(given.runs)
        ]
        began = time.perf_counter()
        for line in (folder / "verdicts.jsonl").read_text(encoding="utf-8").splitlines():
            json.loads(line)
        plain = time.perf_counter() - began
    seconds, read, memory = (statistics.median(one[key] for one in found) for key in ("seconds", "read", "mib"))
    told = f"{seconds:.1f} s in all, {read:.1f} s of it reading; {memory:.0f} MiB"
    print(f"{len(made)} rows, medians of {given.runs}: {told}")
    print(f"json.loads of the same rows: {plain:.2f} s; the passport takes {seconds / plain:.0f} times that")
    print(", ".join(f"{name} {outcome}" for name, outcome in found[0]["outcomes"].items()))


if __name__ == "__main__":
    main()
