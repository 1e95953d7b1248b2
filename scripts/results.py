"""The tables and pictures of docs/results.md out of a run folder: `python scripts/results.py RUN [--figures DIR]`.

Prints Markdown; with --figures it also writes the charts of the run's report as SVG files of their own.
"""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from adjudge.evaluation.figures import label
from adjudge.evaluation.result import ALL_ROWS, Evaluation
from adjudge.pictures.charts import duration
from adjudge.pictures.svg import WIDTH
from adjudge.store.jsonl import read_jsonl
from adjudge.store.run import RunFolder

CHARTS = {"results": "results", "rft-less-sft": "difference", "learning": "learning", "step-time": "time"}
"""Chart of the report -> name of the file."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table."""
    yield from (f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))
    yield ""


def figures(found: Evaluation) -> Iterator[str]:
    """Every metric of every model."""
    rows = [
        [
            label(metric),
            *(str(figure.text() if (figure := found.figure(model, metric)) else "-") for model in found.models),
        ]
        for metric in found.metrics()
    ]
    yield from table(["", *found.models], rows)


def differences(found: Evaluation) -> Iterator[str]:
    """Every paired difference on all rows."""
    rows = [
        [f"{d.model} less {d.baseline}", label(d.metric), d.text(), d.outcome]
        for d in found.differences
        if d.rows == ALL_ROWS and d.higher_is_better is not None
    ]
    yield from table(["models", "metric", "difference", ""], rows)


def learning(rows: Sequence[Mapping[str, Any]], width: int = 10) -> Iterator[str]:
    """Means over `width` steps."""
    names = ["reward", "entropy", "response_tokens", "groups_flat"]
    names += sorted(n for n in rows[0] if n.startswith("component/"))
    cells = []
    for start in range(0, len(rows), width):
        part = rows[start : start + width]
        cells.append([f"{part[0]['step']} to {part[-1]['step']}", *(f"{fmean(r[n] for r in part):.3f}" for n in names)])
    yield from table(["steps", *(name.removeprefix("component/") for name in names)], cells)


def times(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Wall time of the training's phases."""
    sums: dict[str, float] = defaultdict(float)
    for row in rows:
        for name in (name for name in row if name.endswith("_seconds")):
            sums[name] += row[name]
    yield from table(
        ["phase", "time", "a step"],
        [[label(name), duration(total), f"{total / len(rows):.1f} s"] for name, total in sums.items()],
    )


def pictures(report: str, folder: Path) -> None:
    """The report's charts, each with the report's own style."""
    style = re.search(r"<style>.*?</style>", report, re.DOTALL)
    folder.mkdir(parents=True, exist_ok=True)
    for svg in re.findall(r"<svg.*?</svg>", report, re.DOTALL):
        name = CHARTS.get(svg.split('aria-labelledby="', 1)[1].split("-title", 1)[0])
        if name and style:
            # On the page long labels may reach over the edge; a file of its own would cut them.
            wider = svg.replace(f'viewBox="0 0 {WIDTH} ', f'viewBox="0 0 {WIDTH + 80} ')
            (folder / f"{name}.svg").write_text(
                wider.replace("<title", f"{style[0]}<title", 1) + "\n", encoding="utf-8"
            )


def main() -> None:
    """Read the run, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--figures", type=Path)
    given = parser.parse_args()
    run = RunFolder(given.run)
    found = Evaluation.read(run.evaluation)
    rows = [*read_jsonl(run.metrics)]
    trained = [row for row in rows if row["stage"] == "train"]
    parts = (figures(found), differences(found), learning(trained), times(trained))
    sys.stdout.writelines(f"{line}\n" for part in parts for line in part)
    if given.figures is not None:
        pictures((run.path / "report.html").read_text(encoding="utf-8"), given.figures)


if __name__ == "__main__":
    main()
