"""Numbers that can be checked: bank accounts, payment cards, telephones."""

from typing import Final

_IBAN_LENGTHS: Final = {
    country: size
    for size, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
"""By country: the registry of ISO 13616."""


LONGEST_IBAN: Final = 80
"""Characters, with a space after each: more than the longest one fills."""


def iban_in(text: str) -> str:
    """The account number that `text` begins with, of its country's length and with right check digits (ISO 7064).

    Single spaces may stand within it, and anything behind it. Empty where there is none.
    """
    size = _IBAN_LENGTHS.get(text[:2].upper(), 0)
    bare = ""
    for place, char in enumerate(text):
        if char == " " and text[place - 1] != " ":
            continue
        if not (char.isascii() and char.isalnum()) or len(bare) == size:
            break
        bare += char.upper()
    if not size or len(bare) < size:
        return ""
    turned = bare[4:] + bare[:4]
    return bare if int("".join(str(int(char, 36)) for char in turned)) % 97 == 1 else ""


def is_card(text: str) -> bool:
    """13 to 19 digits, the last of which checks the others (Luhn; ISO/IEC 7812)."""
    digits = [int(char) for char in text if char.isdecimal()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = (digit * 2 - 9 * (digit > 4) if place % 2 else digit for place, digit in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def is_phone(text: str) -> bool:
    """8 digits or more: E.164 has 15 at most, but other numbers may stand behind."""
    return sum(map(str.isdecimal, text.removeprefix("00"))) >= 8
