"""Keys from Secrets Manager: only names travel, and what is missing is told before the first sample."""

import json
import os

import pytest

from adjudge.errors import ConfigError, MissingError
from adjudge.serving.secrets import SECRETS_VARIABLE, secrets_to_environment

boto = pytest.importorskip("botocore.session")
stub = pytest.importorskip("botocore.stub")


@pytest.fixture
def secrets(monkeypatch):
    """A client that answers as it is told to."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    client = boto.Session().create_client("secretsmanager", region_name="us-east-1")
    with stub.Stubber(client) as stubber:
        yield client, stubber


def test_a_key_is_read_into_the_environment_once(secrets, monkeypatch):
    """From the secret of that name; a second call asks nobody."""
    client, stubber = secrets
    monkeypatch.setenv(SECRETS_VARIABLE, json.dumps({"OPENAI_API_KEY": "prod/judge-key"}))
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.delenv("OPENAI_API_KEY")
    stubber.add_response("get_secret_value", {"SecretString": "sk-key\n"}, {"SecretId": "prod/judge-key"})
    assert secrets_to_environment(client) == ("OPENAI_API_KEY",)
    assert os.environ["OPENAI_API_KEY"] == "sk-key"
    assert secrets_to_environment(client) == ()
    stubber.assert_no_pending_responses()


def test_without_secrets_nobody_is_asked(monkeypatch):
    """Neither AWS nor botocore."""
    monkeypatch.delenv(SECRETS_VARIABLE, raising=False)
    assert secrets_to_environment() == ()


def test_a_secret_that_cannot_be_read_is_told_by_its_name(secrets, monkeypatch):
    """With what the role lacks."""
    client, stubber = secrets
    monkeypatch.setenv(SECRETS_VARIABLE, json.dumps({"OPENAI_API_KEY": "prod/judge-key"}))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    stubber.add_client_error("get_secret_value", "AccessDeniedException", "no")
    with pytest.raises(MissingError, match="'prod/judge-key' cannot be read") as told:
        secrets_to_environment(client)
    assert "secretsmanager:GetSecretValue" in str(told.value)


def test_an_empty_secret_is_no_key(secrets, monkeypatch):
    """Nothing is invented for it."""
    client, stubber = secrets
    monkeypatch.setenv(SECRETS_VARIABLE, json.dumps({"OPENAI_API_KEY": "prod/judge-key"}))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    stubber.add_response("get_secret_value", {"SecretString": " "})
    with pytest.raises(MissingError, match="has no text"):
        secrets_to_environment(client)


@pytest.mark.parametrize("text", ["", "[]", '{"A": 1}', "{"])
def test_a_variable_that_is_no_object_of_texts_is_refused(text, monkeypatch):
    """It was not written by us."""
    monkeypatch.setenv(SECRETS_VARIABLE, text)
    with pytest.raises(ConfigError, match="no JSON object"):
        secrets_to_environment()
