"""`adjudge serve`: what is refused before anything is listened on."""

import socket

import pytest

pytest.importorskip("uvicorn", reason="needs the extra [serve]")


def test_another_host_without_a_token_is_refused_by_name(adjudge, task):
    """Exit code 2, the host, and the option that is missing."""
    ended = adjudge("serve", task, "--host", "0.0.0.0")  # noqa: S104  (refused)
    assert ended.code == 2
    assert "0.0.0.0 without a token" in ended.err
    assert "--token-env" in ended.err


def test_a_token_that_is_not_set_is_missing(adjudge, task, monkeypatch):
    """Exit code 3 and the variable's name; a token that is too short is a wrong setting, and is not shown."""
    monkeypatch.delenv("REWARD_TOKEN", raising=False)
    ended = adjudge("serve", task, "--token-env", "REWARD_TOKEN")
    assert (ended.code, "REWARD_TOKEN is not set" in ended.err) == (3, True)
    monkeypatch.setenv("REWARD_TOKEN", "hunter2")
    ended = adjudge("serve", task, "--token-env", "REWARD_TOKEN")
    assert (ended.code, "hunter2" in ended.err + ended.out) == (2, False)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--neutral", "2"), "--neutral"),
        (("--labels", "rows"), "--labels"),
        (("--request-seconds", "0"), "--request-seconds"),
        (("--cohort-seconds", "inf"), "--cohort-seconds"),
    ],
)
def test_a_wrong_option_is_named(adjudge, task, options, reason):
    """Exit code 2 before the task's judge is opened."""
    ended = adjudge("serve", task, *options)
    assert (ended.code, reason in ended.err) == (2, True)


def test_a_port_that_is_taken_is_told(adjudge, task):
    """Exit code 2, the address, and another way."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = adjudge("serve", task, "--port", port)
    assert ended.code == 2
    assert f"127.0.0.1:{port} cannot be listened on" in ended.err


def test_a_judge_that_cannot_be_opened_is_told_before_an_address_is(adjudge, task):
    """Exit code 3 for a key that is missing; nobody is sent to a service that will not be there."""
    file = task / "task.yaml"
    file.write_text(file.read_text().replace("model: scripted:judge.jsonl", "model: openai:gpt-5-mini"))
    ended = adjudge("serve", task, "--port", "0")
    assert ended.code == 3
    assert "OPENAI_API_KEY" in ended.err
    assert ended.out == ""
