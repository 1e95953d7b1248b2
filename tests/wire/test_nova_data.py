"""Rows for Nova: AWS's own rules, told before the upload; and what comes back to the reward is what went."""

import json

import pytest

from adjudge.domain import Sample
from adjudge.errors import DataError
from adjudge.wire.nova_data import nova_row, nova_rows
from adjudge.wire.nova_rft import read_event


def sample(number=0, **changed):
    given = {
        "id": f"row-{number}",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"Question {number}?"}],
        "reference_answer": {"answer": number + 1},
        "metadata": {"document": "Text."},
    }
    return Sample.model_validate({**given, **changed})


TOOL = {
    "type": "function",
    "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object", "properties": {}}},
}


def test_a_row_comes_back_to_the_reward_as_the_sample_that_it_was():
    """Also where the service puts everything of its own under metadata."""
    kept = sample(7, tools=[TOOL])
    row = json.loads(json.dumps(nova_row(kept)))
    turn = {"role": "assistant", "content": "Answer."}
    top = {**row, "messages": [*row["messages"], turn]}
    rest = {key: value for key, value in row.items() if key not in {"id", "messages", "tools"}}
    nested = {"id": row["id"], "messages": top["messages"], "tools": row["tools"], "metadata": rest}
    for event in ([top], [nested]):
        (found,) = read_event(event)
        assert found.case is not None
        assert found.case.sample.messages == kept.messages
        assert found.case.sample.reference_answer == kept.reference_answer
        assert found.case.sample.text("document") == "Text."


def test_a_file_is_one_document_a_line():
    """As many lines as rows, each of them JSON, and the longest is known."""
    rows = nova_rows([sample(number) for number in range(100)], "train")
    lines = rows.text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"row-{number}" for number in range(100)]
    assert rows.longest == max(map(len, lines))


@pytest.mark.parametrize(("number", "most"), [(99, None), (101, 100)])
def test_too_few_and_too_many_rows_are_refused(number, most):
    """With the number, and where to change it."""
    with pytest.raises(DataError, match=f"{number} rows"):
        nova_rows([sample(n) for n in range(number)], "train", most=most)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"messages": [{"role": "user", "content": "A"}, {"role": "system", "content": "B"}]}, "system message"),
        ({"messages": [{"role": "system", "content": "A"}]}, "no message is the user's"),
        ({"messages": [{"role": "user", "content": " \n"}]}, r"messages\[0\] has no text"),
        ({"reference_answer": ["a"]}, "reference_answer is a list"),
        ({"reference_answer": {}}, "reference_answer is empty"),
        ({"reference_answer": ""}, "reference_answer is empty"),
        ({"tools": [{"type": "function"}]}, r"tools\[0\] has no function"),
        ({"tools": [{"function": {**TOOL["function"], "name": " "}}]}, "no name"),
        ({"tools": [{"function": {**TOOL["function"], "description": ""}}]}, "no description"),
        ({"tools": [{"function": {**TOOL["function"], "parameters": {}}}]}, "no object schema"),
        ({"tools": [TOOL, TOOL]}, "two tools are called 'look'"),
    ],
)
def test_rules_of_aws_are_told_with_the_row(changed, told):
    """Each rule of the SDK's validator that a sample of ours can break."""
    with pytest.raises(DataError, match=f"row-3.*{told}"):
        nova_row(sample(3, **changed))


def test_a_row_without_reference_and_metadata_is_bare():
    """Nothing is sent that is not there."""
    assert set(nova_row(sample(reference_answer=None, metadata={}))) == {"id", "messages"}


def test_how_many_fit_into_an_invocation():
    """Rows of 250 kB with responses of 16,000 tokens: about 19 in 6 MB, far below a training job's 128."""
    rows = nova_rows([sample(n, metadata={"document": "x" * 250_000}) for n in range(100)], "train")
    assert rows.most_at_once(16_000) == 6_000_000 // (rows.longest + 64_000)
    assert 15 <= rows.most_at_once(16_000) <= 20
