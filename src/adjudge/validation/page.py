"""The passport as a page, and as a part of other pages: is the judge fit to train on, and what shows it?

Texts of examples are hostile: whatever models or people wrote is escaped, and hidden characters are made visible.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adjudge.pictures.limits import numbers
from adjudge.pictures.page import rendered
from adjudge.pictures.svg import css
from adjudge.validation.check import Check, Figure, Outcome
from adjudge.validation.pictures import (
    curve_pictures,
    deciding,
    deciding_picture,
    figure_pictures,
    must_be,
    of_people,
    spoken,
)

MOST_EXAMPLES: Final = 12
"""Examples of a check that are on the page; the passport has all of them."""

_BADGES: Final = {
    Outcome.PASS: ("better", "\u2713"),
    Outcome.FAIL: ("worse", "\u2717"),
    Outcome.NOT_ENOUGH_DATA: ("unclear", "?"),
    Outcome.NOT_APPLICABLE: ("plain", "\u2013"),
}
"""Class and sign: an outcome is never told by colour alone."""

_RATE: Final = re.compile("rate|pass|flip|success")
_TITLE: Final = ("test", "item", "case", "id", "group", "criterion", "judge")
_LONG: Final = 48
"""Characters of a value from which on it is a text of its own."""
_WORDY: Final = ("rationale", "response", "document", "text", "reason", "note")


def passport_page(
    name: str,
    fingerprint: str,
    sentence: str,
    checks: Sequence[Check],
    *,
    accepted: Mapping[str, str],
    made: str,
    labels: str,
    facts: Mapping[str, str] | None = None,
) -> str:
    """The page ``passport.html`` as HTML text (write it as UTF-8). Equal passports give equal text.

    Args:
        name: what people call the judge.
        fingerprint: of the judge.
        sentence: the passport in one sentence; it stands at the top.
        checks: in the order in which they are shown.
        accepted: for checks by name, why training may go on although they do not pass.
        made: the day.
        labels: where the known answers come from, in a few words.
        facts: more to say at the top: name, value.
    """
    counts = {outcome: sum(check.outcome is outcome for check in checks) for outcome in Outcome}
    values = {
        "name": name,
        "sentence": sentence,
        "facts": {"Fingerprint": fingerprint, "Made": made, "Known answers": labels, **(facts or {})},
        "counts": [(_badge(outcome), count) for outcome, count in counts.items() if count],
        "warnings": _warnings(checks, accepted),
        "section": _safe(passport_section(checks, accepted=accepted)),
    }
    return rendered("adjudge.validation", "passport.html.j2", values, filters={})


def passport_section(checks: Sequence[Check], *, accepted: Mapping[str, str]) -> str:
    """The outcome of every check and what shows it, as HTML to be put into a page that extends ``page.html.j2``.

    Every text in it is escaped; ids of pictures begin with ``judge-``.
    """
    values = {"rows": [_row(check, place, accepted) for place, check in enumerate(checks)]}
    return rendered(
        "adjudge.validation",
        "section.html.j2",
        values,
        filters={"spoken": spoken, "must_be": must_be, "capital": _capital},
    )


def _safe(html: str) -> str:
    """Pictures and sections escape their own texts; nothing else is let through unescaped."""
    from markupsafe import Markup  # noqa: PLC0415  (keeps `--help` fast)

    return Markup(html)  # noqa: S704  (made by our own templates)


def _warnings(checks: Sequence[Check], accepted: Mapping[str, str]) -> list[str]:
    """What was accepted, and what was not."""
    open_checks = [check for check in checks if check.outcome in {Outcome.FAIL, Outcome.NOT_ENOUGH_DATA}]
    out = [f"{_capital(check.title)}: {check.outcome.lower()}." for check in open_checks if check.name not in accepted]
    taken = [check for check in open_checks if check.name in accepted]
    return out + [
        f"{_capital(check.title)}: {check.outcome.lower()}, accepted: {accepted[check.name]}" for check in taken
    ]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _badge(outcome: Outcome) -> Mapping[str, str]:
    kind, sign = _BADGES[outcome]
    return {"kind": kind, "sign": sign, "words": outcome.value}


def _row(check: Check, place: int, accepted: Mapping[str, str]) -> Mapping[str, object]:
    """A check as the template shows it."""
    name = f"judge-{place}-{css(check.name)}"
    figure = deciding(check)
    judged = sum(found.rule is not None for found in check.figures)
    return {
        "check": check,
        "badge": _badge(check.outcome),
        "accepted": accepted.get(check.name, ""),
        "deciding": figure,
        "deciding_words": _words(figure) if figure else "",
        "others": judged - 1,
        "gauge": _safe(deciding_picture(check, f"{name}-gauge")),
        "pictures": [_safe(picture) for picture in (*figure_pictures(check, name), *curve_pictures(check, name))],
        "table": [_line(found) for found in check.figures],
        "people": any(of_people(found) for found in check.figures),
        "families": _families(check.figures),
        "examples": [_example(example) for example in check.examples[:MOST_EXAMPLES]],
        "unshown": max(0, len(check.examples) - MOST_EXAMPLES),
    }


def _words(figure: Figure) -> str:
    """The figure and what it must reach."""
    needed = f"; about {figure.needed} would decide" if figure.needed else ""
    return f"{numbers(figure.value)}; must be {must_be(figure)}{needed}"


def _line(figure: Figure) -> Mapping[str, object]:
    value = figure.value
    low, high = (value.low, value.high) if value else (None, None)
    return {
        "figure": figure,
        "about": ", ".join(f"{spoken(name)}: {of}" for name, of in figure.about.items()),
        "value": "" if value is None else _number(value.estimate),
        "ends": "" if low is None or high is None else f"{_number(low)} to {_number(high)}",
        "badge": None if figure.outcome is None else _badge(figure.outcome),
    }


def _number(value: float) -> str:
    """Three digits behind the point while they say something."""
    if value == round(value):
        return f"{value:,.0f}"
    return f"{value:,.{3 if abs(value) < 10 else 1 if abs(value) < 1000 else 0}f}"


def _families(figures: Sequence[Figure]) -> list[Mapping[str, object]]:
    """Rates of attacks by family, all families first: how many came through, of how many, and how many more might."""
    rates = {figure.name for figure in figures if "family" in figure.about and _RATE.search(figure.name)}
    lines: list[Mapping[str, object]] = []
    for figure in figures:
        value = figure.value
        if value is None or figure.name not in rates:
            continue
        passed = value.estimate * value.n
        # What is no share of the tries (a mean of scores, a weighted rate) has no count to tell.
        if abs(passed - round(passed)) < 1e-6:
            lines.append(
                {
                    "family": ", ".join(figure.about.values()) or "all families",
                    "name": spoken(figure.name),
                    "passed": round(passed),
                    "tried": value.n,
                    "high": value.high,
                    "badge": None if figure.outcome is None else _badge(figure.outcome),
                }
            )
    return lines


def _example(example: Mapping[str, Any]) -> Mapping[str, object]:
    """An example with any keys: its name, short facts, and texts to read side by side."""
    title = [str(example[key]) for key in _TITLE if isinstance(example.get(key), str | int)]
    rest = {key: value for key, value in example.items() if key not in _TITLE or not isinstance(value, str | int)}
    told = [(spoken(label), words) for key, value in rest.items() for label, words in _flat(key, value)]
    return {
        "title": " \u00b7 ".join(title),
        "facts": [(label, words) for label, words in told if not _long(label, words)],
        "texts": [(label, words) for label, words in told if _long(label, words)],
    }


def _flat(label: str, value: object) -> Iterator[tuple[str, str]]:
    """Values with their names, lists and mappings taken apart; short values of a list stay in one line.

    What is not known or empty is left out.
    """
    if value is None or value == "":
        return
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(f"{label}, {key}", part)
    elif isinstance(value, list | tuple):
        words = [_said(part) for part in value]
        if all(not isinstance(part, Mapping | list | tuple) for part in value) and not any(
            _long(label, word) for word in words
        ):
            yield label, ", ".join(words)
        else:
            for number, part in enumerate(value, 1):
                yield from _flat(f"{label} {number}", part)
    else:
        yield label, _said(value)


def _said(value: object) -> str:
    match value:
        case None:
            return "\u2013"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.3g}"
        case str() | int():
            return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _long(label: str, words: str) -> bool:
    return len(words) > _LONG or "\n" in words or any(part in label.lower() for part in _WORDY)
