"""Built-in degradations: what a ladder's steps may name. Each makes a good response worse in one known way.

They know the fields of an item by the rubric: the quote from a derived passage, the opinion from what criteria read
beside it. A degradation that would change nothing is refused, not passed over.
"""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from adjudge.domain.path import values_at
from adjudge.domain.rubric import Rubric
from adjudge.domain.text import locate
from adjudge.judges.suite.base import Given
from adjudge.judges.suite.change import UnfitError, texts_changed
from adjudge.judges.suite.shape import items_of, line_rule, opinion_fields, quote_of, quote_rule, told_fields

PARTIES: Final = (
    ("Customer", "Supplier"),
    ("Customer", "Provider"),
    ("Buyer", "Seller"),
    ("Purchaser", "Vendor"),
    ("Client", "Contractor"),
    ("Licensee", "Licensor"),
    ("Tenant", "Landlord"),
    ("Lessee", "Lessor"),
    ("Recipient", "Discloser"),
    ("Employee", "Employer"),
    ("Borrower", "Lender"),
)
"""Names of opposite parties; the first pair of which both stand in the item is swapped."""

INVENTED_CLAUSE: Final = "Either party may assign this agreement to any third party without notice or consent."
INVENTED_OPINION: Final = "The clause lets either party assign the agreement to anybody without asking."
_WORD: Final = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True)
class Around:
    """What a degradation may look at.

    Attributes:
        rubric: says which field is what.
        parties: the names to swap; None looks for one of `PARTIES`.
    """

    rubric: Rubric
    parties: tuple[str, str] | None = None


Degradation = Callable[[Given, Around], Given]


def _quote_altered(given: Given, around: Around) -> Given:
    """The longest word of the first item's quote becomes another word of the document."""

    def altered(quote: str, document: str) -> str:
        words = sorted(_WORD.findall(quote), key=len, reverse=True)
        used = {word.lower() for word in _WORD.findall(quote)}
        others = [word for word in _WORD.findall(document) if word.lower() not in used]
        if not words or not others:
            msg = "the quote has no word of four letters that another word of the document could take the place of"
            raise UnfitError(msg)
        return quote.replace(words[0], max(others, key=len))

    return _other_quote(given, around, altered)


def _quote_from_reference(given: Given, around: Around) -> Given:
    """The first item quotes the line that it cites (else the reference's first line) in place of the document."""
    rule = line_rule(around.rubric)
    item = items_of(around.rubric, given.response)[0]
    source = given.metadata.get("reference" if rule is None else rule.field, "")
    start = "" if rule is None else f"[{item.get(rule.key)}]"
    line = next((line for line in source.splitlines() if line.strip() and line.startswith(start)), "")
    quote = line.removeprefix(start).strip()
    if not quote:
        msg = "there is no line of a reference to quote from"
        raise UnfitError(msg)
    return _other_quote(given, around, lambda _quote, _document: quote)


def _invented_clause(given: Given, around: Around) -> Given:
    """One more item: a copy of the first about a clause that is not there."""
    rule = quote_rule(around.rubric)
    if locate(INVENTED_CLAUSE, given.metadata.get(rule.field, "")):
        msg = "the document has the clause that would be invented"
        raise UnfitError(msg)
    response = copy.deepcopy(given.response)
    more = copy.deepcopy(items_of(around.rubric, response)[0])
    more[rule.quote] = INVENTED_CLAUSE
    more |= {name: INVENTED_OPINION for name in opinion_fields(around.rubric) if name in more}
    assert around.rubric.items is not None  # there is a quote, so there are items
    *before, last = around.rubric.items.steps
    if last is not None:
        msg = "the rubric's path leads to one item; no other one can be added"
        raise UnfitError(msg)
    values_at(response, before)[0].append(more)
    return Given(given.metadata, response)


def _evidence_deleted(given: Given, around: Around) -> Given:
    """The first item's quote is emptied."""
    response = copy.deepcopy(given.response)
    rule = quote_rule(around.rubric)
    item = items_of(around.rubric, response)[0]
    quote_of(item, rule)
    item[rule.quote] = ""
    return Given(given.metadata, response)


def _parties_swapped(given: Given, around: Around) -> Given:
    """In what the first item says (its quote stays), the two parties change places."""
    response = copy.deepcopy(given.response)
    item = items_of(around.rubric, response)[0]
    told = {name: item[name] for name in told_fields(around.rubric) if isinstance(item.get(name), str)}
    one, other = around.parties or _named_parties(" ".join(told.values()), " ".join(given.metadata.values()))
    places = {one: other, other: one}
    pattern = re.compile(rf"\b({re.escape(one)}|{re.escape(other)})\b")

    def swapped(_key: str, text: str) -> str:
        return pattern.sub(lambda found: places[found[1]], text)

    item |= texts_changed(told, swapped)
    return Given(given.metadata, response)


def _named_parties(told: str, documents: str) -> tuple[str, str]:
    for pair in PARTIES:
        if any(re.search(rf"\b{name}\b", told) for name in pair) and all(name in documents for name in pair):
            return pair
    msg = "the first item names none of the usual parties; name two with parties: [ONE, OTHER]"
    raise UnfitError(msg)


def _other_quote(given: Given, around: Around, made: Callable[[str, str], str]) -> Given:
    rule = quote_rule(around.rubric)
    response = copy.deepcopy(given.response)
    item = items_of(around.rubric, response)[0]
    document = given.metadata.get(rule.field, "")
    quote = made(quote_of(item, rule), document)
    if locate(quote, document):
        msg = f"the document holds '{quote}' too, so that it is a quote like any other"
        raise UnfitError(msg)
    item[rule.quote] = quote
    return Given(given.metadata, response)


DEGRADATIONS: Final[Mapping[str, Degradation]] = MappingProxyType(
    {
        "quote_altered": _quote_altered,
        "quote_from_reference": _quote_from_reference,
        "invented_clause": _invented_clause,
        "evidence_deleted": _evidence_deleted,
        "parties_swapped": _parties_swapped,
    }
)


def degraded(name: str, given: Given, around: Around) -> Given:
    """The response made worse.

    Raises:
        UnfitError: there is no such degradation, it cannot be made of this response, or it changes nothing.
    """
    make = DEGRADATIONS.get(name)
    if make is None:
        msg = f"there is no built-in step '{name}'; there are {', '.join(DEGRADATIONS)}"
        raise UnfitError(msg)
    made = make(given, around)
    if made == given:
        msg = f"{name} changes nothing"
        raise UnfitError(msg)
    return made
