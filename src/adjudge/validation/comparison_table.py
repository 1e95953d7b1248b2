"""A comparison of judges as lines for a terminal."""

from collections.abc import Sequence

from adjudge.domain.interval import Interval
from adjudge.validation.comparison import Against, JudgeComparison, JudgeLine

_HEAD = (
    "judge", "AUC", "kappa", "accuracy", "flips", "failed", "USD/1,000", "p50", "p95", "calls",
)  # fmt: skip
_HEAD_DIFFERENCES = ("less the first, on the same cases", "AUC", "kappa", "accuracy", "cases")


def comparison_lines(found: JudgeComparison) -> list[str]:
    """The table, what failed and why, the differences, and the judges that could not be opened."""
    asked = "once (so flips are not known)" if found.repeats == 1 else f"{found.repeats} times"
    lines = [
        f"{found.cases} labelled cases from {found.clusters} contracts or other sources, each asked {asked}.",
        "Intervals at 95 %, clustered by source; of the accuracy, by case.",
    ]
    if found.lines:
        lines += ["", *columns(_HEAD, [_cells(line) for line in found.lines])]
    lines += [text for line in found.lines for text in _notes(line)]
    if found.differences:
        lines += ["", *columns(_HEAD_DIFFERENCES, [_difference(part) for part in found.differences])]
        lines.append(f"The first is {found.reference}. An interval that holds 0 shows no difference.")
    for problem in found.problems:
        lines += ["", f"{problem.model}: not opened.", f"  {problem.what}", f"  {problem.fix}"]
    return lines


def _cells(line: JudgeLine) -> tuple[str, ...]:
    figures = line.figures
    return (
        line.model,
        _text(figures.auc if figures else None),
        _text(figures.kappa if figures else None),
        _text(figures.accuracy if figures else None),
        _text(line.flips),
        "-" if line.failed is None else f"{100 * line.failed:.1f} %",
        "unknown" if line.cost_per_1000_usd is None else f"{line.cost_per_1000_usd:.2f}",
        _seconds(line.p50_seconds),
        _seconds(line.p95_seconds),
        str(line.usage.calls),
    )


def _notes(line: JudgeLine) -> list[str]:
    notes = []
    if line.gave_up:
        notes.append(f"{line.model}: {line.gave_up}")
    if line.failures:
        kinds = ", ".join(f"{kind} {100 * number / line.judgements:.1f} %" for kind, number in line.failures.items())
        notes.append(f"{line.model}: no verdict on {sum(line.failures.values())} of {line.judgements}: {kinds}")
    return notes


def _difference(part: Against) -> tuple[str, ...]:
    return (part.model, _text(part.auc), _text(part.kappa), _text(part.accuracy), str(part.cases))


def _text(value: Interval | None) -> str:
    return "-" if value is None else value.text()


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f} s" if value < 0.1 else f"{value:.2f} s"


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as they must be; the first one to the left, the others too, as intervals differ in length."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    cells = (zip(row, widths, strict=True) for row in (head, *rows))
    return ["  ".join(f"{cell:<{width}}" for cell, width in row).rstrip() for row in cells]
