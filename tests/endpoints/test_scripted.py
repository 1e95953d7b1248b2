"""Scripts as models."""

import json
from pathlib import Path

import pytest

from adjudge.domain import FailureKind, Message
from adjudge.endpoints.base import ChatRequest, Completion, EndpointFailure
from adjudge.endpoints.scripted import ScriptedEndpoint
from adjudge.errors import DataError, MissingError


def request(text: str) -> ChatRequest:
    """A request with this text."""
    return ChatRequest(messages=(Message(role="user", content=text),))


def script(path: Path, *rules: dict[str, object]) -> ScriptedEndpoint:
    """An endpoint with these rules."""
    path.write_text("\n".join(json.dumps(rule) for rule in rules))
    return ScriptedEndpoint.load(path)


async def test_the_first_rule_that_matches_answers(tmp_path: Path):
    """Rules are tried in order; text, objects, cut replies and failures can be answered."""
    endpoint = script(
        tmp_path / "s.jsonl",
        {"match": "(?i)alpha", "reply": {"criteria": []}},
        {"match": "beta", "failure": "timeout"},
        {"match": "gamma", "reply": "half", "stop": "length"},
    )
    first = await endpoint.complete(request("say\nALPHA beta"), 1.0)
    second = await endpoint.complete(request("beta"), 1.0)
    third = await endpoint.complete(request("gamma"), 1.0)
    none = await endpoint.complete(request("delta"), 1.0)
    assert isinstance(first, Completion)
    assert json.loads(first.text) == {"criteria": []}
    assert isinstance(second, EndpointFailure)
    assert second.kind is FailureKind.TIMEOUT
    assert isinstance(third, Completion)
    assert third.stop == "length"
    assert isinstance(none, EndpointFailure)
    assert none.kind is FailureKind.REFUSED_REQUEST


def test_the_identity_follows_the_rules(tmp_path: Path):
    """Another script under the same name is another judge."""
    first = script(tmp_path / "s.jsonl", {"reply": "a"}).identity
    again = script(tmp_path / "s.jsonl", {"reply": "a"}).identity
    other = script(tmp_path / "s.jsonl", {"reply": "b"}).identity
    assert first == again != other


@pytest.mark.parametrize(
    "rule",
    [{}, {"reply": "a", "failure": "timeout"}, {"match": "(", "reply": "a"}, {"answer": "a"}, {"failure": "bored"}],
)
def test_a_line_that_is_no_rule_is_named(tmp_path: Path, rule: dict[str, object]):
    """A wrong rule is told with its line."""
    with pytest.raises(DataError, match="line 2"):
        script(tmp_path / "s.jsonl", {"reply": "a"}, rule)


def test_a_script_that_is_not_there_or_empty_is_told(tmp_path: Path):
    """No script, no endpoint."""
    with pytest.raises(MissingError):
        ScriptedEndpoint.load(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(DataError, match="no rule"):
        ScriptedEndpoint.load(tmp_path / "empty.jsonl")
