"""``adjudge judge label``: people answer the rubric's questions; their labels are what a judge is measured on."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adjudge.cli.console import AsJson, TaskPath, emit
from adjudge.errors import ConfigError

if TYPE_CHECKING:
    from adjudge.pipeline.to_label import ToLabel
    from adjudge.validation.gold import GoldRow
    from adjudge.validation.labelling import Question, Session, Standing


def label(
    task: TaskPath,
    *,
    rater: Annotated[str, typer.Option("--rater", help="Who labels; the same name goes on where it stopped.")],
    rollouts: Annotated[
        Path | None,
        typer.Option(
            "--rollouts",
            help="JSONL of responses, such as a run's rollouts.jsonl. Default: the validation rows' reference answers.",
        ),
    ] = None,
    verdicts: Annotated[
        Path | None,
        typer.Option("--verdicts", help="Verdict table of these responses: all ranges of its scores are asked about."),
    ] = None,
    most: Annotated[int | None, typer.Option("--most", min=1, help="Most items to label. Default: all.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File of labels to add to. Default: gold.jsonl of the task.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer the rubric's questions about responses yourself, one key an answer; stop and go on at any time.

    Each answer is on disk before the next question. What the judge said is not shown. Without a terminal the keys are
    read from standard input, one a line. Two people who give the same options are asked about the same items; each
    needs the file for themselves while at work.
    """
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415  (keeps `--help` fast)
    from adjudge.pipeline.to_label import to_label  # noqa: PLC0415
    from adjudge.validation.labelling import Session, draw, questions, standing  # noqa: PLC0415

    if not rater.strip():
        raise ConfigError("The rater has no name.", "Labels are told apart by who gave them.", "Write --rater NAME.")
    loaded = load_task(task)
    room = to_label(loaded, rollouts, verdicts)
    file = out or loaded.path("gold.jsonl")
    criteria = [criterion.id for criterion in room.rubric.criteria]
    drawn = draw(room.units, criteria, most=most, seed=loaded.config.validation.seed)
    session = Session(questions(drawn, criteria, _labels(file), rater))
    _sit(room, session, file, rater)
    found = standing(drawn, criteria, _labels(file))
    counts = {
        "out": str(file),
        "rater": rater,
        "answered": len(session.answered),
        "skipped": session.skipped,
        "left": found.asked - found.by_rater.get(rater, 0),
        "unreadable": room.unreadable,
        **asdict(found),
    }
    emit(counts, _told(found, file, rater), as_json=as_json)


def _sit(room: "ToLabel", session: "Session", file: Path, rater: str) -> None:
    """Ask until nothing is left, or the person has enough."""
    shown: str | None = None
    keys = _keys()
    if room.rubric.task and session.current is not None:
        _line(room.rubric.task)
    while (question := session.current) is not None:
        item = question.drawn.unit.item
        _ask(room, question, len(session.waiting), with_documents=item != shown)
        shown = item
        key = _key(room, question, keys)
        if key is None or key == "q":
            return
        if key == "s":
            session.skip()
        elif key == "u":
            again = session.undo()
            if again is None:
                _line("Nothing to undo: no answer was given since you began.")
            else:
                _take_back(file, again, rater)
        else:
            _write(file, _row(room, question, rater, key))
            session.answer()


def _ask(room: "ToLabel", question: "Question", left: int, *, with_documents: bool) -> None:
    from adjudge.validation.labelling import answer_keys  # noqa: PLC0415

    item, criterion = question.drawn.unit.item, room.rubric.criterion(question.criterion)
    if with_documents:
        for heading, text in room.documents(item):
            _line(f"\n== {heading}\n{text}")
    for name, text in room.texts(item, criterion):
        _line(f"\n-- {name}\n{text}")
    _line(f"\n?? {criterion.question}")
    anchors = {answer.label: answer.anchor for answer in criterion.scale.answers}
    for key, answer in answer_keys(criterion.scale).items():
        _line(f"   {key}  {answer}{f': {anchors[answer]}' if anchors[answer] else ''}")
    _line(f"   u undo   s skip   q quit   ({left} left)")


def _key(room: "ToLabel", question: "Question", keys: Iterator[str]) -> str | None:
    """The next key that means something here; None where there are no more."""
    from adjudge.validation.labelling import COMMANDS, answer_keys  # noqa: PLC0415

    known = (*answer_keys(room.rubric.criterion(question.criterion).scale), *COMMANDS)
    for key in keys:
        if key in known:
            return key
        _line(f"   press one of: {' '.join(known)}")
    return None


def _keys() -> Iterator[str]:
    """Keys as they are pressed on a terminal, else the first letter of each line that is not empty."""
    if not sys.stdin.isatty():
        yield from (line.strip()[0] for line in sys.stdin if line.strip())
        return
    try:
        while True:
            yield typer.getchar()
    except (KeyboardInterrupt, EOFError):
        # What was answered is on disk: leaving this way is leaving.
        return


def _row(room: "ToLabel", question: "Question", rater: str, key: str) -> "GoldRow":
    from adjudge.validation.gold import GoldRow  # noqa: PLC0415
    from adjudge.validation.labelling import answer_keys  # noqa: PLC0415

    scale = room.rubric.criterion(question.criterion).scale
    answer = answer_keys(scale)[key]
    return GoldRow(
        item=question.drawn.unit.item,
        criterion=question.criterion,
        rater=rater,
        answer=answer,
        score=scale.score(answer),
        group=question.drawn.unit.group,
        weight=question.drawn.weight,
    )


def _write(file: Path, row: "GoldRow") -> None:
    """Add a label; it survives a power cut when this returns."""
    from adjudge.store.jsonl import JsonlFile  # noqa: PLC0415

    with JsonlFile(file) as labels:
        labels.append(row.model_dump(mode="json"), sync=True)


def _take_back(file: Path, question: "Question", rater: str) -> None:
    """Write the file without the last label of `rater` for this question."""
    from adjudge.store.atomic import write_bytes  # noqa: PLC0415
    from adjudge.store.jsonl import read_jsonl, seal  # noqa: PLC0415

    rows = read_jsonl(file)
    wanted = (question.drawn.unit.item, question.criterion, rater)
    places = [n for n, row in enumerate(rows) if (row["item"], row["criterion"], row["rater"]) == wanted]
    write_bytes(file, b"".join(seal(row) for n, row in enumerate(rows) if n != places[-1]))


def _labels(file: Path) -> "list[GoldRow]":
    """The labels in a file that may not be there yet.

    Raises:
        ConfigError: the file was not written by this command.
    """
    from adjudge.store.jsonl import CRC_KEY, read_jsonl  # noqa: PLC0415
    from adjudge.validation.gold import parse_gold  # noqa: PLC0415

    if not file.exists():
        return []
    with file.open("rb") as lines:
        first = lines.readline()
    if first.endswith(b"\n") and CRC_KEY.encode() not in first:
        raise ConfigError(
            f"{file} holds rows without checksums.",
            "It was written by something else, and labels are only ever added to a file of this command.",
            "Give another file: --out labels.jsonl",
        )
    return parse_gold(read_jsonl(file), str(file))


def _told(found: "Standing", file: Path, rater: str) -> Sequence[str]:
    lines = [f"{name}: {number} of {found.asked} questions" for name, number in found.by_rater.items()]
    lines += [
        f"{criterion}: {share:.0%} equal answers on {found.shared[criterion]} items of two or more people"
        for criterion, share in found.agreement.items()
        if share is not None
    ]
    return [*lines, f"The labels are in {file}. Go on with --rater {rater}."]


def _line(text: str) -> None:
    """A line on stderr: stdout is for the outcome."""
    # A lone surrogate (from a model's reply) has no UTF-8 form.
    sys.stderr.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
