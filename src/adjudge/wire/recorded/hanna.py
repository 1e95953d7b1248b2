"""HANNA (Chhun et al. 2022, 2024): stories, three raters on six criteria, five judges with four prompts each.

Reads ``hanna.csv`` and ``user_study.csv``. A judge's score is the mean of three tries on the scale 1 to 5, in which a
try that could not be read counted as -1: a mean below 1 is no point of the scale and is unparsable here. A story's
number counts system by system through the same 96 prompts. The user study asked three people each whether explanations
of a judge have six faults; its criteria are ``explanation/...``.
"""

import re
from pathlib import Path
from typing import Final

from adjudge.wire.recorded.base import UNPARSABLE, Recorded, Row, converted, ok, on_scale, table_of

PROMPTS: Final = 96
CRITERIA: Final = {
    "RE": "relevance",
    "CH": "coherence",
    "EM": "empathy",
    "SU": "surprise",
    "EG": "engagement",
    "CX": "complexity",
}
_HUMAN: Final = re.compile(r"Human (?P<rater>\d) (?P<criterion>[A-Z]{2})")
_JUDGE: Final = re.compile(r"(?P<model>\S+) (?P<criterion>[A-Z]{2}) (?P<prompt>\d)")
_FAULT: Final = re.compile(r"Answer\.a-\d-(?P<fault>\w+)\.1")


def read_hanna(folder: Path) -> Recorded:
    """The scores of all judges and prompts, the raters' labels, and those of the user study.

    Raises:
        MissingError: a file is not there.
        DataError: a row is not as published.
    """
    stories, study = table_of(folder, "hanna.csv"), table_of(folder, "user_study.csv")
    path = folder / "hanna.csv"
    verdicts = [row for rows in converted(path, stories, _verdicts) for row in rows]
    gold = [row for rows in converted(path, stories, _labels) for row in rows]
    numbered = [(number // 3, number % 3 + 1, row) for number, row in enumerate(study)]
    gold += [row for rows in converted(folder / "user_study.csv", numbered, _study) for row in rows]
    return Recorded(
        verdicts,
        gold,
        (
            "A judge's score is the mean of three tries; the single tries are not in the set.",
            "Rater 1 of one row is not rater 1 of another: read the coefficients that treat raters alike.",
        ),
    )


def _verdicts(story: dict[str, str]) -> list[Row]:
    rows: list[Row] = []
    for column, text in story.items():
        found = _JUDGE.fullmatch(column)
        if found is None or found["criterion"] not in CRITERIA or found["model"] == "Human":
            continue
        judge, value = f"{found['model']}/prompt-{found['prompt']}", float(text)
        rows.append(
            {
                "item": story["story_id"],
                "group": f"prompt {int(story['story_id']) % PROMPTS}",
                "candidate": story["story_id"],
                "judge": f"recorded/{judge}",
                "judge_name": judge,
                "criterion": CRITERIA[found["criterion"]],
                "variant": "base",
                "order": "base",
                "repeat": 0,
                "length": int(story["Text length"]),
                "policy": story["system"],
                **(ok(text, on_scale(value)) if value >= 1.0 else {"status": UNPARSABLE}),
            }
        )
    return rows


def _labels(story: dict[str, str]) -> list[Row]:
    return [
        {
            "item": story["story_id"],
            "criterion": CRITERIA[found["criterion"]],
            "rater": f"rater {found['rater']}",
            "answer": text,
            "score": on_scale(float(text)),
            "group": f"prompt {int(story['story_id']) % PROMPTS}",
        }
        for column, text in story.items()
        if (found := _HUMAN.fullmatch(column))
    ]


def _study(numbered: tuple[int, int, dict[str, str]]) -> list[Row]:
    explanation, rater, row = numbered
    return [
        {
            "item": f"explanation {explanation}",
            "criterion": f"explanation/{found['fault']}",
            "rater": f"rater {rater}",
            "answer": {"0": "no", "1": "yes"}[text],
            "score": float(text),
            "group": f"story {row['Input.story_id']}",
        }
        for column, text in row.items()
        if (found := _FAULT.fullmatch(column))
    ]
