"""Write src/adjudge/rewards/lookalikes.txt: characters of other alphabets that look like a letter or digit of ASCII.

The source is confusables.txt of Unicode's security mechanisms (UTS #39, Unicode License v3), as the package
confusable-homoglyphs holds it. What NFKC makes an ASCII character is left out. With --check: only say if it is due.
"""

import string
import sys
import unicodedata
from pathlib import Path
from typing import Final

from confusable_homoglyphs import confusables

FILE: Final = Path(__file__).parent.parent / "src" / "adjudge" / "rewards" / "lookalikes.txt"
HEAD: Final = "# An ASCII character, and what looks like it: Unicode confusables (UTS #39, Unicode License v3).\n"
PLAIN: Final = string.ascii_lowercase + string.ascii_uppercase + string.digits
"""In the order of preference: what looks like I, l and 1 is read as l."""


def table() -> str:
    """The file's text."""
    rows: dict[str, list[str]] = {}
    taken: set[str] = set()
    for plain in PLAIN:
        for found in confusables.confusables_data.get(plain, []):
            char = found["c"]
            if len(char) != 1 or char.isascii() or char in taken or unicodedata.normalize("NFKC", char).isascii():
                continue
            taken.add(char)
            rows.setdefault(plain, []).append(char)
    return HEAD + "".join(f"{plain} {''.join(sorted(chars))}\n" for plain, chars in rows.items())


def main() -> int:
    """Write, or check."""
    if "--check" not in sys.argv[1:]:
        FILE.write_text(table(), encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != table():
        print("rewards/lookalikes.txt is not what scripts/lookalikes.py writes: run it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
