"""Write the glossary of docs/index.md out of the docstrings in src/adjudge/domain. With --check: only say if it is due.

The page keeps what stands outside of the two marks. Nothing is imported: the docstrings are read from the files.
"""

import ast
import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "index.md"
MARKS: Final = ("<!-- glossary: made by scripts/glossary.py -->", "<!-- end of glossary -->")
MODULES: Final = (
    "sample",
    "rollout",
    "rubric",
    "verdict",
    "reward",
    "usage",
    "interval",
    "events",
    "protocols",
    "base",
)
"""In the order in which the words build on each other."""


def first_sentences(docstring: str) -> str:
    """The first paragraph on one line, as Markdown."""
    paragraph = " ".join(docstring.split("\n\n", maxsplit=1)[0].split())
    return paragraph.replace("``", "`")


def values(node: ast.ClassDef) -> str:
    """The values of an enumeration, as a sentence; nothing for other types."""
    if not any(isinstance(base, ast.Name) and base.id in {"StrEnum", "Enum"} for base in node.bases):
        return ""
    told = [
        str(part.value.value)
        for part in node.body
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Constant)
    ]
    return f" One of {', '.join(f'`{value}`' for value in told)}."


def entries(module: str) -> list[tuple[str, str]]:
    """Name and meaning of each public type of a domain module, in the order of the file."""
    tree = ast.parse((ROOT / "src" / "adjudge" / "domain" / f"{module}.py").read_text())
    return [
        (node.name, (first_sentences(ast.get_docstring(node) or "") + values(node)).replace("|", r"\|"))
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]


def glossary() -> str:
    """The tables, a section a module."""
    parts: list[str] = []
    for module in MODULES:
        tree = ast.parse((ROOT / "src" / "adjudge" / "domain" / f"{module}.py").read_text())
        parts += [
            f"### {module}",
            "",
            first_sentences(ast.get_docstring(tree) or ""),
            "",
            "| type | what it is |",
            "|---|---|",
        ]
        parts += [f"| `{name}` | {meaning} |" for name, meaning in entries(module)]
        parts.append("")
    return "\n".join(parts)


def page(text: str) -> str:
    """The page with the glossary between its marks."""
    pattern = re.compile(f"(?<={re.escape(MARKS[0])}\n).*(?={re.escape(MARKS[1])})", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        sys.exit(f"{PAGE} lacks the marks {MARKS[0]} and {MARKS[1]}")
    return pattern.sub(lambda _: f"\n{glossary()}\n", text)


def main() -> None:
    """Write the page, or with --check leave with 1 where it is not current."""
    text = PAGE.read_text()
    new = page(text)
    if "--check" in sys.argv[1:]:
        sys.exit(None if new == text else f"{PAGE.name} is not current. Run: python scripts/glossary.py")
    PAGE.write_text(new)
    print(f"{PAGE.relative_to(ROOT)}: {'unchanged' if new == text else 'written'}")


if __name__ == "__main__":
    main()
