"""A page: one HTML file that loads nothing and runs nothing, whatever a model has written.

All text of models is hostile: templates escape everything, the page may load and run nothing (content security policy
of ``page.html.j2``), and characters that reorder or hide text are shown as a replacement character.
"""

import unicodedata
from collections.abc import Callable, Mapping


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

    Control characters but line break and tab, lone surrogates, private and unassigned ones, and formats such as the
    bidirectional overrides. The length stays.
    """
    return "".join(char if char in "\n\t" or unicodedata.category(char)[0] != "C" else "\ufffd" for char in text)
