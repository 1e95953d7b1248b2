"""A page: one HTML file that loads nothing and runs nothing, whatever a model has written.

All text of models is hostile: templates escape everything, the page may load and run nothing (content security policy
of ``page.html.j2``), and characters that reorder or hide text are shown as a replacement character.
"""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

_BLANK: Final = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0D),
    (0xFFA0, 0xFFA0),
    (0xE0100, 0xE01EF),
)
"""Letters and marks without a picture: Unicode's Default_Ignorable_Code_Point where it is not of category C, and the
empty braille cell. Not U+FE0E and U+FE0F, which choose between text and emoji."""


def rendered(
    package: str, template: str, values: Mapping[str, object], *, filters: Mapping[str, Callable[..., str]]
) -> str:
    """A template of `package` (in its folder ``templates``), which may extend ``page.html.j2``, as HTML text.

    Only `markupsafe.Markup` among the values comes through unescaped. Equal values give equal text.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  (slow to import)

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("adjudge.pictures")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return plain(environment.get_template(template).render(values))


def plain(text: str) -> str:
    """Every character that cannot be shown, hides itself or reorders its neighbours becomes U+FFFD.

    Control characters but line break and tab, lone surrogates, private and unassigned ones, formats such as the
    bidirectional overrides, and letters and marks that show nothing. The length stays.
    """
    # Per different character: a page has millions of the same few.
    return text.translate({ord(char): "\ufffd" for char in set(text) if _hides(char)})


def _hides(char: str) -> bool:
    if unicodedata.category(char)[0] == "C":
        return char not in "\n\t"
    code = ord(char)
    return any(first <= code <= last for first, last in _BLANK)
