"""Recordings as models: answers from what was recorded, and never a call."""

import json
from pathlib import Path
from typing import Any

import pytest

from adjudge.domain import FailureKind, Message, Usage
from adjudge.endpoints.base import ChatRequest, Completion, Endpoint, EndpointFailure
from adjudge.endpoints.chat_key import chat_key
from adjudge.endpoints.resolve import recorded_identity, resolve_endpoint
from adjudge.endpoints.scripted import ScriptedEndpoint
from adjudge.errors import ConfigError, DataError, MissingError
from adjudge.judges.journaled import JournaledEndpoint
from adjudge.store.journal import Journal, call_key


def asked(text: str, repeat: int = 0) -> ChatRequest:
    return ChatRequest(messages=(Message(role="user", content=text),), repeat=repeat)


def recording(path: Path, *rows: object) -> Endpoint:
    path.joinpath("r.jsonl").write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    endpoint = resolve_endpoint("replay:r.jsonl", base=path)
    assert isinstance(endpoint, Endpoint)
    return endpoint


def row(text: str, reply: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"request": {"messages": [{"role": "user", "content": text}], **more}, "reply": reply}


async def test_recorded_requests_are_answered(tmp_path: Path):
    """Text, completions and failures come back as recorded; nothing is paid again."""
    cut = {"text": "cut", "stop": "length", "usage": {"calls": 1, "cost_usd": 0.5}}
    failed = {"kind": "refusal", "detail": "no", "usage": {"calls": 1}}
    endpoint = recording(tmp_path, row("a", "yes"), row("b", cut), row("c", failed), row("a", "again", repeat=1))
    assert await endpoint.complete(asked("a"), 1.0) == Completion(text="yes")
    assert await endpoint.complete(asked("b"), 1.0) == Completion(text="cut", stop="length")
    assert await endpoint.complete(asked("c"), 1.0) == EndpointFailure(kind=FailureKind.REFUSAL, detail="no")
    assert await endpoint.complete(asked("a", repeat=1), 1.0) == Completion(text="again")


async def test_a_request_that_was_not_recorded_is_refused_with_its_key(tmp_path: Path):
    """What is missing is named, so that it can be looked for or recorded."""
    endpoint = recording(tmp_path, row("a", "yes"))
    outcome = await endpoint.complete(asked("other"), 1.0)
    assert isinstance(outcome, EndpointFailure)
    assert (outcome.kind, outcome.usage) == (FailureKind.REFUSED_REQUEST, Usage())
    assert chat_key({}, asked("other")) in outcome.detail


async def test_a_named_key_can_be_recorded(tmp_path: Path):
    """The key in the failure is the one that a line of the file may carry."""
    endpoint = recording(tmp_path, {"key": chat_key({}, asked("x")), "reply": "found"})
    assert await endpoint.complete(asked("x"), 1.0) == Completion(text="found")


@pytest.mark.parametrize(
    "model", ["openai:gpt", "anthropic:claude", "bedrock:amazon.nova-pro-v1:0", "scripted:s.jsonl"]
)
async def test_the_journal_of_a_model_answers_for_it(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A run's journal is a recording of the model that is named behind '#', and needs no key of it."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    (tmp_path / "s.jsonl").write_text('{"reply": "scripted"}')
    identity = recorded_identity(model, base=tmp_path)
    with Journal(tmp_path / "journal.jsonl") as journal:
        paid = JournaledEndpoint(_Named(model, identity), journal)
        await paid.complete(asked("q"), 1.0)
        choice = {"logprobs": {"a": -1.0, "b": -0.5}, "usage": {}}
        await journal.put(call_key("choice", identity, {}), model, choice)
    endpoint = resolve_endpoint(f"replay:journal.jsonl#{model}", base=tmp_path)
    assert isinstance(endpoint, Endpoint)
    assert await endpoint.complete(asked("q"), 1.0) == Completion(text="paid for")


class _Named(ScriptedEndpoint):
    """A script with the name and identity of another model."""

    def __init__(self, name: str, identity: dict[str, Any]) -> None:
        super().__init__(lambda _: "paid for", name=name)
        self._as = identity

    @property
    def identity(self) -> dict[str, Any]:
        return self._as


async def test_a_journal_without_its_model_answers_nothing(tmp_path: Path):
    """Keys of another model do not match: replies of different judges are never mixed up."""
    with Journal(tmp_path / "r.jsonl") as journal:
        await JournaledEndpoint(ScriptedEndpoint(lambda _: "x"), journal).complete(asked("q"), 1.0)
    endpoint = resolve_endpoint("replay:r.jsonl", base=tmp_path)
    assert isinstance(endpoint, Endpoint)
    assert isinstance(await endpoint.complete(asked("q"), 1.0), EndpointFailure)


def test_another_recording_is_another_judge(tmp_path: Path):
    """The identity follows what was recorded."""
    first = recording(tmp_path, row("a", "yes")).identity
    assert recording(tmp_path, row("a", "yes")).identity == first
    assert recording(tmp_path, row("a", "no")).identity != first


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[]", "neither a request nor a key"),
        ('{"reply": "a"}', "neither a request nor a key"),
        ('{"key": 7, "reply": "a"}', "neither a request nor a key"),
        ('{"key": "a"}', "no reply"),
        ('{"request": {"messages": []}, "reply": "a"}', "messages"),
        ('{"request": {"messages": [{"role": "user", "content": "a"}], "temprature": 1}, "reply": "a"}', "temprature"),
        ('{"key": "a", "reply": 7}', "reply"),
        ('{"key": "a", "reply": {"text": "a", "stop": "bad"}}', "stop"),
        ('{"key": "a", "reply": {"kind": "no such kind"}}', "kind"),
    ],
)
def test_a_wrong_line_is_named(line: str, message: str, tmp_path: Path):
    """File, line and problem are told."""
    with pytest.raises(DataError, match="line 2") as caught:
        recording(tmp_path, row("a", "yes"), line)
    assert message in str(caught.value)


def test_a_recording_that_is_not_there_or_empty_is_told(tmp_path: Path):
    """Exit codes 3 and 2, before anything is asked."""
    with pytest.raises(MissingError, match="is not there"):
        resolve_endpoint("replay:none.jsonl", base=tmp_path)
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(DataError, match="no recorded reply"):
        resolve_endpoint("replay:empty.jsonl", base=tmp_path)
    with pytest.raises(ConfigError, match="no provider"):
        resolve_endpoint("replay:empty.jsonl#opnai:gpt", base=tmp_path)
