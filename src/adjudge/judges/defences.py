"""Judged text is hostile: how it is made harmless on its way into a prompt, and the door by which that is measured.

A text by others cannot close its fence (its mark holds a code that the text does not know), cannot speak a chat
template's tokens or our reply's keys, and hides nothing that people do not see. Its words stay as they are.
"""

import re
from collections.abc import Mapping
from typing import Final

from adjudge.domain.base import Frozen

NEUTRALISER: Final = "2"
"""Goes into fingerprints: raise it when `neutralised` changes what a judge reads."""

# Characters that people do not see but models do: controls, soft hyphen, zero width, text direction, tags, annotation
# marks, and variation selectors, of which a row can carry a hidden message byte by byte.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u180b-\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# Any number of backslashes: inside JSON inside JSON every layer adds some. Those before the first mark go too; looked
# for by the pattern they would make it several times as slow.
_OUR_KEY: Final = re.compile(r"([\"'])(criteria|reason|quote|answer)\\*+\1(?=\s*:)", re.IGNORECASE)
_BRACKETS: Final = re.compile(r"\[(?=\[)|\](?=\])")
# <|im_end|>, also with full-width bars; <s>, </s>, <start_of_turn>, <tool_call>, <<SYS>>, <file_sep>; [/INST].
_CHAT_TOKEN: Final = re.compile(
    r"<(?=[|\uff5c])|[|\uff5c](?=>)|<(?=/?[A-Za-z_][\w\-.:]{0,60}/?>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|SYS|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|gMASK|sMASK|MASK|CLS|SEP)\])"
)
# A bracket as `_CHAT_TOKEN` wants it: how its names begin.
_MAY_BE_TOKEN: Final = re.compile(r"\[/?(?:INST|SYS|AVAIL|TOOL_|[gs]?MASK|CLS|SEP)")
# Of plain ASCII text: what can begin or end one of these patterns, and what is neither that nor invisible.
_MARKS: Final = b"\"'[]<>|"
_PROSE: Final = bytes(set(b"\t\n" + bytes(range(0x20, 0x7F))) - set(_MARKS))
_CURLY: Final[Mapping[str, str]] = {'"': "\u201c{}\u201d", "'": "\u2018{}\u2019"}


class Defences(Frozen):
    """What stands between a judge and the texts that it reads. All on; they are switched off only to be measured.

    No setting of a task reaches them: they are an argument of judges and prompts in code, and part of the fingerprint.
    """

    fences: bool = True
    """Marks with a code around every text, and the sentence that says what they mean."""

    neutralise: bool = True
    """`neutralised` over every text by others."""

    single_pass: bool = True
    """Names in double braces are filled once; off: one after the other, so that text filled in is read for names."""

    restate: bool = True
    """Criteria and their answers once more, after the texts."""

    def clean(self, text: str) -> str:
        """`text` as it goes into the prompt; half a character is replaced always, because nothing can send it."""
        return neutralised(text) if self.neutralise else _SURROGATE.sub("\ufffd", text)

    def fenced(self, name: str, text: str, nonce: str) -> str:
        """`text` between its marks; `name` must be ours."""
        return fenced(name, text, nonce) if self.fences else f"{name}:\n{text}"


DEFENDED: Final = Defences()
"""All defences: what every judge has outside of benches and tests."""


def neutralised(text: str) -> str:
    """`text` as a judge may see it: readable as before, without invisible characters, fence marks or our JSON keys.

    Tokens of chat templates are broken by a blank. Words and their order stay, so a quotation from the result is still
    found in the original by `adjudge.domain.text.locate`, which looks at neither white space nor the shape of quotes.
    """
    # What a pattern must contain is looked for first: most documents have none of it, and this runs over all of them.
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    marks = text.encode().translate(None, _PROSE) if text.isascii() else None
    if marks == b"":
        return text
    if marks is None or marks.translate(None, _MARKS):
        text = _INVISIBLE.sub("", _SURROGATE.sub("\ufffd", text))
    if '"' in text or "'" in text:
        text = _without_keys(text)
    if "[[" in text or "]]" in text:
        text = _BRACKETS.sub(r"\g<0> ", text)
    if "<" in text or ">" in text or ("[" in text and _MAY_BE_TOKEN.search(text)):
        text = _CHAT_TOKEN.sub(r"\g<0> ", text)
    return text


def _without_keys(text: str) -> str:
    """Our JSON keys with curly marks, which no reader of JSON takes for its own."""
    pieces: list[str] = []
    end = 0
    for key in _OUR_KEY.finditer(text):
        pieces += (text[end : key.start()].rstrip("\\"), _CURLY[key[1]].format(key[2]))
        end = key.end()
    return "".join((*pieces, text[end:])) if pieces else text


def fenced(name: str, text: str, nonce: str) -> str:
    """`text`, neutralised before, between marks that only `nonce` can close."""
    return f"[[begin {name} {nonce}]]\n{text}\n[[end {name} {nonce}]]"
