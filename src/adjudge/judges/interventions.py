"""Changes of a response that must not change its score, or must not raise it: pure text, the same every time.

A change is made in the response's free texts (three words or more). What must stay exact stays: keys by which the
rubric looks things up (a quote, an id), numbers, short values, and JSON that is read as JSON.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from adjudge.domain.path import PathError, values_at
from adjudge.domain.rubric import Passage, Rubric
from adjudge.domain.sample import Sample
from adjudge.domain.text import locate
from adjudge.judges.fields import response_items

Change = Callable[[str], str | None]
"""From a text to the changed one; None where it does not apply."""

PADDED: Final = 1.8
"""Length of a padded text over that of the text."""

FREE_WORDS: Final = 3
"""Fewest words of a text that is free: shorter ones are names, labels and values."""

FILLERS: Final = (
    "This is noted.",
    "So much for this point.",
    "This is said here in full.",
    "What is meant is what is said above.",
    "The remark is about this matter and no other.",
    "It may help to keep this in mind when reading on from here.",
    "In other words, and to put the same thing once more, the point is the one above.",
    "As mentioned, this remark stands where it stands so that it is easily found by whoever reads on.",
    "It should be noted, by way of a general remark, that the above is to be read as it is written, in its place.",
)
"""Sentences that add nothing, from short to long."""

_OPENINGS: Final = re.compile(
    r"(?:It is important to note that|It should be noted that|It is worth noting that|Please note that|"
    r"As mentioned above,|In summary,|To summarise,|In conclusion,|Basically,)\s+(\w)"
)
_STRUCTURE: Final = re.compile(r"^\s*(?:[-*+|>#]|\d+[.)]|```)", re.MULTILINE)


def padded(text: str) -> str | None:
    """The same claims at about 1.8 times the length."""
    wanted = PADDED * len(text) - len(text)
    added: list[str] = []
    left = list(FILLERS)
    while (rest := wanted - sum(len(part) + 1 for part in added)) > len(FILLERS[0]) / 2:
        left = left or list(FILLERS)
        fitting = [part for part in left if len(part) <= rest] or left[:1]
        added.append(fitting[-1])
        left.remove(fitting[-1])
    return " ".join([text, *added]) if added else None


def condensed(text: str) -> str | None:
    """The text without fillers and needless white space; lists, tables and code keep their lines."""
    short = text
    for part in FILLERS:
        short = short.replace(f" {part}", "")
    short = _OPENINGS.sub(lambda match: match[1].upper(), short)
    if _STRUCTURE.search(short):
        short = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", short, flags=re.MULTILINE)).strip()
    else:
        short = " ".join(short.split())
    return short if short and short != text else None


def _dressed(before: str, after: str) -> Change:
    return lambda text: f"{before}{text}{after}"


def _formatting(text: str) -> str:
    """A heading, and the first sentence in bold."""
    first, stop, rest = text.partition(". ")
    return f"### Assessment\n\n**{first}{stop.strip()}**{' ' if rest else ''}{rest}"


def _whitespace(text: str) -> str:
    """Two blanks after a sentence, and an empty line at the end."""
    return re.sub(r"([.;:!?]) (?=\S)", r"\1  ", text) + "\n\n"


LENGTHS: Final[Mapping[str, Change]] = MappingProxyType({"padded": padded, "condensed": condensed})
"""Variants of the check of length."""

DRESSES: Final[Mapping[str, Change]] = MappingProxyType(
    {
        "bias/authority": _dressed("", " Reviewed by senior counsel."),
        "bias/confident": _dressed("Without any doubt: ", " This is certain and beyond dispute."),
        "bias/formatting": _formatting,
        "bias/fake_citation": _dressed("", " See Hartwell v Osborne [2019] EWHC 4471 (Comm), paragraph 38."),
        "bias/bandwagon": _dressed("", " Nine out of ten reviewers say the same."),
        "bias/flattery": _dressed("Thank you for reading this with so much care. ", ""),
        "bias/refined": _dressed("", " This is the third and improved version."),
        "bias/distraction": _dressed("", " The large meeting room is booked until five."),
        "bias/whitespace": _whitespace,
    }
)
"""Variants of the check of biases that change texts (after CALM, arXiv:2410.02736)."""

KEY_ORDER: Final = "bias/key_order"

NAMES: Final = (*LENGTHS, *DRESSES, KEY_ORDER)
"""All interventions by name, which is the variant in the verdict table."""


def intervened(rubric: Rubric, response: str, name: str) -> str | None:
    """The response after the named intervention; None where it does not apply to it.

    Raises:
        KeyError: there is no such intervention.
    """
    if name == KEY_ORDER:
        return _reordered(rubric, response)
    return rewritten(rubric, response, {**LENGTHS, **DRESSES}[name])


def with_text(rubric: Rubric, response: str, text: str, *, before: bool = False) -> str | None:
    """The response with `text` in front of its free texts or behind them; None where it has none."""
    return rewritten(rubric, response, lambda there: f"{text} {there}" if before else f"{there} {text}")


def rewritten(rubric: Rubric, response: str, change: Change, *, free_words: int = FREE_WORDS) -> str | None:
    """The response with its free texts changed.

    Args:
        rubric: its items rule says where the items are and which of their keys are exact.
        response: as written.
        change: of one text.
        free_words: fewest words of a text that is changed.

    Returns:
        None where nothing changes, or where the rubric's items cannot be read.
    """
    data, items = _parsed(rubric, response)
    if items is None:
        return _different(change(response), response) if rubric.items is None and response.strip() else None

    def free(text: str) -> str:
        return text if len(text.split()) < free_words else _or_same(change(text), text)

    exact = exact_keys(rubric)
    before = json.dumps(data)
    for item in items:
        _change_strings(item, free, exact)
    return None if json.dumps(data) == before else _written(data, response)


def content_free_response(rubric: Rubric, response: str, text: str, *, keep_exact: bool) -> str | None:
    """The response with `text` in place of everything that it says; well-formed as before.

    Args:
        rubric: as in `rewritten`.
        response: gives the form.
        text: says nothing.
        keep_exact: leave the keys by which the rubric looks things up: a judge is then asked about the rest.

    Returns:
        None where the response has no text to replace; where it is no JSON and the rubric wants none, `text` itself.
    """
    data, items = _parsed(rubric, response)
    if items is None:
        return text if rubric.items is None else None
    before = json.dumps(data)
    for item in items:
        _change_strings(item, lambda _: text, exact_keys(rubric) if keep_exact else frozenset())
    return None if json.dumps(data) == before else _written(data, response)


def poisoned(rubric: Rubric, sample: Sample, response: str, text: str) -> Sample | None:
    """The sample with `text` in the document, beside the passages that the response quotes; None where it quotes none.

    Without rules for passages the text goes to the end of the first document that the rubric shows.
    """
    texts = dict(sample.metadata)
    rules = [rule for rule in (rubric.items.derived if rubric.items else {}).values() if isinstance(rule, Passage)]
    items = response_items(rubric, response) or []
    for rule in rules:
        quotes = [quote for item in items if isinstance(quote := item.get(rule.quote), str)]
        document = texts.get(rule.field)
        if isinstance(document, str):
            texts[rule.field] = _beside_quotes(document, quotes, text)
    if not rules and (name := next(iter(rubric.fields), None)) and isinstance(texts.get(name), str):
        texts[name] = f"{texts[name]} {text}"
    return None if texts == sample.metadata else sample.model_copy(update={"metadata": texts})


def _beside_quotes(document: str, quotes: Sequence[str], text: str) -> str:
    """The document with `text` behind each quote, where no other quote is torn by it."""
    for quote in quotes:
        found = locate(quote, document)
        if found:
            longer = f"{document[: found[0].end]} {text}{document[found[0].end :]}"
            if all(bool(locate(other, longer)) == bool(locate(other, document)) for other in quotes):
                document = longer
    return document


def exact_keys(rubric: Rubric) -> frozenset[str]:
    """Keys of an item by which the rubric looks things up: changing them changes what is judged."""
    derived = rubric.items.derived.values() if rubric.items else ()
    return frozenset(rule.quote if isinstance(rule, Passage) else rule.key for rule in derived)


def _parsed(rubric: Rubric, response: str) -> tuple[Any, list[Any] | None]:
    """The response's JSON and the parts of it that hold what it says; None where there are none."""
    try:
        data = json.loads(response)
        # What is nested too deeply to be written again is not changed.
        json.dumps(data, indent=2)
    except (ValueError, RecursionError):
        return None, None
    if rubric.items is None:
        return data, [data] if isinstance(data, dict | list) else None
    try:
        items = values_at(data, rubric.items.steps)
    except PathError:
        return data, None
    return data, items if all(isinstance(item, dict) for item in items) else None


def _change_strings(node: Any, change: Callable[[str], str], exact: frozenset[str]) -> None:  # noqa: ANN401  (JSON)
    """Change every string within, in place; keys stay, and so does what stands under exact ones."""
    places = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(places):
        if key in exact:
            continue
        if isinstance(value, str):
            node[key] = change(value)
        elif isinstance(value, dict | list):
            _change_strings(value, change, exact)


def _reordered(rubric: Rubric, response: str) -> str | None:
    """The keys of every item in the opposite order."""
    data, items = _parsed(rubric, response)
    turned = False
    for item in items or []:
        if isinstance(item, dict) and len(item) > 1:
            pairs = list(item.items())[::-1]
            item.clear()
            item.update(pairs)
            turned = True
    return _written(data, response) if turned else None


def _written(data: Any, like: str) -> str:  # noqa: ANN401  (JSON of whatever shape)
    """JSON in the style of the response that it was read from, where that is a usual one."""
    styles: tuple[dict[str, Any], ...] = ({}, {"separators": (",", ":")}, {"indent": 2}, {"indent": 4})
    original = json.loads(like)
    for style in styles:
        if json.dumps(original, ensure_ascii=False, **style) == like.strip():
            return json.dumps(data, ensure_ascii=False, **style)
    return json.dumps(data, ensure_ascii=False)


def _or_same(changed: str | None, text: str) -> str:
    return text if changed is None else changed


def _different(changed: str | None, text: str) -> str | None:
    return None if changed == text else changed
