"""The address of a chat call: the short way gives what the general way gives, whatever the call holds."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain.sample import Message
from adjudge.endpoints.base import ChatRequest
from adjudge.endpoints.chat_key import chat_key
from adjudge.store.journal import call_key

TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
# Schemas and identities are ours; half a character in them is refused.
OURS = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats(allow_nan=False, allow_infinity=False) | OURS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(OURS, inner, max_size=3),
    max_leaves=8,
)
OBJECT = st.dictionaries(OURS, JSON, max_size=3)
MESSAGE = st.builds(Message, role=st.sampled_from(["system", "user", "assistant", "tool"]), content=TEXT)
REQUEST = st.builds(
    ChatRequest,
    messages=st.lists(MESSAGE, min_size=1, max_size=3).map(tuple),
    temperature=st.floats(0.0, 2.0),
    max_tokens=st.integers(1, 10**6),
    seed=st.none() | st.integers(-(2**70), 2**70),
    json_schema=st.none() | OBJECT | st.dictionaries(OURS, st.floats(), max_size=3),
    json_schema_name=st.from_regex(r"\A[a-zA-Z0-9_-]{1,64}\Z"),
    repeat=st.integers(0, 100),
    top_logprobs=st.integers(0, 20),
)


@given(OBJECT, REQUEST)
def test_keys_are_those_of_the_journal(identity: dict[str, Any], request: ChatRequest):
    """The two definitions, which layers keep apart, agree; so does every journal that was recorded."""
    assert chat_key(identity, request) == call_key("chat", identity, request.model_dump(mode="json"))


def test_the_key_is_what_it_was():
    """A journal of an earlier release still answers."""
    request = ChatRequest(
        messages=(Message(role="user", content="Is \u201cé\u201d\n\x07 there?"),), json_schema={"b": 1}
    )
    key = "2773a95f477ce2c9262221e43836378df3b8acf04b557df209a72d9a44e9b44b"
    assert chat_key({"provider": "p", "model": "m"}, request) == key


def test_a_schema_that_was_changed_in_place_is_another_call():
    """What is remembered of a schema is told by its content, and one is no True."""
    schema: dict[str, Any] = {"properties": {"a": 1}}
    request = ChatRequest(messages=(Message(role="user", content="x"),), json_schema=schema)
    keys = {chat_key({}, request)}
    for value in (True, 1.0, 2):
        assert request.json_schema is not None
        request.json_schema["properties"]["a"] = value
        keys.add(chat_key({}, request))
    assert len(keys) == 4
