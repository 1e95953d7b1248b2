"""The short cuts of `neutralised` change nothing."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.judges import defences
from adjudge.judges.defences import neutralised

PIECES = st.sampled_from(
    [
        *(
            '"criteria"',
            "'reason' :",
            '\\"quote\\":',
            '"an\u017fwer":',
            '"rea\u017fon":',
            '"cr\u0131ter\u0130a":',
            '"Answer" :',
        ),
        *("\\", "\\\\", '\\\\"quote\\\\" :', "\"reason'", 'x\\"'),
        *("[[", "]]", "[", "<|", "|>", "\uff5c>", "<s>", "</s>", "[/INST]", "[gMASK]", "[sMASK]", "[CLS]", "[SEP]"),
        *("[AVAILABLE_TOOLS]", "[/TOOL_CALLS]", "[SYSTEM_PROMPT]", "[MASK]", "<", ">", ":", '"', "'", "ANSWER"),
        *("\r\n", "\n", "\t", "\x00", "\x0b", "\x7f", "\u200b", "\ud800", "\u2028", " ", "a", "1"),
    ]
)

OUR_KEY = re.compile(r"(?<!\\)\\*+([\"'])(criteria|reason|quote|answer)\\*+\1(?=\s*:)", re.IGNORECASE)


def by_patterns(text: str) -> str:
    """Every pattern over every text."""
    text = defences._INVISIBLE.sub("", defences._SURROGATE.sub("\ufffd", text.replace("\r\n", "\n")))
    text = OUR_KEY.sub(lambda match: defences._CURLY[match[1]].format(match[2]), text)
    return defences._CHAT_TOKEN.sub(r"\g<0> ", defences._BRACKETS.sub(r"\g<0> ", text))


@settings(max_examples=2000)
@given(st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=12).map("".join))
def test_the_short_cuts_take_nothing_away(text: str):
    """Where a pattern is not tried, it would have found nothing."""
    assert neutralised(text) == by_patterns(text)


def test_every_token_in_brackets_is_looked_for():
    """Each name that the pattern of chat tokens knows in brackets passes the look before it."""
    names = re.search(r"\(\?:(INST[^)]*)\)", defences._CHAT_TOKEN.pattern)
    assert names is not None
    for name in names[1].split("|"):
        for text in (f"[{name}]", f"[/{name}]"):
            assert neutralised(text) == f"[ {text[1:]}"
