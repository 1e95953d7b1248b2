"""Invented contracts: names, roles, numbers and the look of a page. All draws come from one seeded generator."""

import random
import re
from dataclasses import dataclass

_STEMS = (
    "Nor", "Tar", "Bel", "Quil", "Ves", "Hal", "Mor", "Dun", "Cal", "Ost", "Fen", "Wyn", "Bram", "Kel", "Lor", "Ash",
    "Sel", "Pem", "Gran", "Ther", "Ul", "Zan", "Rav", "Ing", "Cor", "Jas",
)  # fmt: skip
_ENDS = ("vane", "wick", "mont", "dale", "ford", "brook", "stone", "field", "gate", "mere", "holt", "quist")
_FORMS = ("Ltd", "GmbH", "Inc.", "B.V.", "S.A.", "AB", "LLC", "Oy")
_CITIES = (
    "Dublin",
    "Ghent",
    "Turin",
    "Malmo",
    "Porto",
    "Leeds",
    "Basel",
    "Graz",
    "Lyon",
    "Boston",
    "Toronto",
    "Tallinn",
)
_COUNTRIES = (
    "Ireland",
    "Belgium",
    "Italy",
    "Sweden",
    "Portugal",
    "Austria",
    "Switzerland",
    "Canada",
    "Estonia",
    "Malta",
)
_CURRENCIES = ("EUR", "EUR", "USD", "GBP")
_ROLES: dict[str, tuple[dict[str, str], ...]] = {
    "nda": (
        {"D": "the Disclosing Party", "R": "the Receiving Party"},
        {"D": "the Discloser", "R": "the Recipient"},
        {"D": "the Disclosing Party", "R": "the Recipient"},
    ),
    "services": (
        {"S": "the Supplier", "C": "the Customer"},
        {"S": "the Supplier", "C": "the Client"},
        {"S": "the Service Provider", "C": "the Customer"},
        {"S": "the Vendor", "C": "the Customer"},
    ),
    "distribution": (
        {"M": "the Manufacturer", "X": "the Distributor"},
        {"M": "the Producer", "X": "the Distributor"},
        {"M": "the Manufacturer", "X": "the Reseller"},
    ),
    "consumer": ({},),
}
_WORDS = {
    2: "two", 3: "three", 6: "six", 7: "seven", 10: "ten", 12: "twelve", 14: "fourteen", 18: "eighteen",
    24: "twenty-four", 45: "forty-five", 60: "sixty", 75: "seventy-five", 90: "ninety",
}  # fmt: skip
# Every value of a pool lies on the same side of every guideline's threshold, so that no draw can turn a label.
_PERIODS = {
    "y_s": ((2, 3), "years"),
    "y_l": ((6, 7, 10), "years"),
    "m_s": ((2, 3), "months"),
    "m_l": ((12, 18, 24), "months"),
    "d_s": ((7, 10, 14), "days"),
    "d_l": ((45, 60, 75, 90), "days"),
}
_SHARES = {"p_s": (2, 3), "p_l": (7, 8, 10, 12), "p_low": (25, 40, 50), "p_high": (200, 250, 300)}
_SUMS = {"money_s": (50_000, 100_000, 250_000, 500_000), "money_l": (2_000_000, 3_000_000, 5_000_000)}


@dataclass(frozen=True)
class Contract:
    """One invented contract: fixed names, roles and page style; numbers are drawn for every clause."""

    id: str
    kind: str
    fixed: dict[str, str]
    number_style: int
    page_style: int
    article: int

    def render(self, wording: str, draw: random.Random) -> str:
        """A clause with this contract's names and freshly drawn numbers; sentences start with a capital."""
        values = dict(self.fixed)
        for key, (pool, unit) in _PERIODS.items():
            number = draw.choice(pool)
            styles = (f"{number}", _WORDS[number], f"{_WORDS[number]} ({number})")
            values[key] = f"{styles[self.number_style]} {unit}"
        for key, shares in _SHARES.items():
            values[key] = f"{draw.choice(shares)}{'%' if self.number_style else ' per cent'}"
        for key, sums in _SUMS.items():
            values[key] = f"{self.fixed['currency']} {draw.choice(sums):,}"
        text = wording.format(**values)
        return re.sub(r"(^|\. )the\b", r"\1The", text)

    def lead(self, position: int, heading: str, first: int) -> str:
        """What stands before a clause on the page: a number, a heading, both or nothing."""
        number = first + position
        return (
            f"{self.article}.{number} ",
            f"{self.article}.{number} {heading}. ",
            f"{heading}: ",
            f"({'abcdefghijklm'[number - 1]}) ",
            f"Section {self.article * 3 + number}. {heading}. ",
            "",
        )[self.page_style]

    @property
    def joint(self) -> str:
        """What stands between two clauses."""
        return "\n\n" if self.page_style in {2, 5} else "\n"


def contracts(draw: random.Random, kinds: list[str]) -> list[Contract]:
    """One contract for each kind asked for; no name is used twice."""
    names = [stem + end for stem in _STEMS for end in _ENDS]
    draw.shuffle(names)
    made = []
    for number, kind in enumerate(kinds, 1):
        one, other = names.pop(), names.pop()
        fixed = {
            "A": f"{one} {draw.choice(_FORMS)}",
            "B": f"{other} {draw.choice(_FORMS)}",
            "P": one,
            "city": draw.choice(_CITIES),
            "country": draw.choice(_COUNTRIES),
            "currency": draw.choice(_CURRENCIES),
            **draw.choice(_ROLES[kind]),
        }
        made.append(
            Contract(
                id=f"adjudge-{kind}-{number:03d}-{one.lower()}",
                kind=kind,
                fixed=fixed,
                number_style=draw.randrange(3),
                page_style=draw.randrange(6),
                article=draw.randrange(2, 15),
            )
        )
    return made
