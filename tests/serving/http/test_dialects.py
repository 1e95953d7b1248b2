"""Other trainers' requests, as their own code builds them, and what they are told."""

import asyncio

import pytest

ROW_TEXT = "prompt text"


async def test_openrlhf_gets_one_number_a_query(start):
    """Prompt and end marks are cut off the query; null is never sent, a masked one is neutral and flagged."""
    client = await start(neutral=0.4)
    body = {
        "query": ["<s>Ask. 1+1?answer 0.75<|im_end|>\n</s>", "<s>Ask. 1+1?mask<|im_end|>", "<s>Ask. 1+1?fallback"],
        "prompts": ["Ask. 1+1?"] * 3,
        "labels": ["2", None, ""],
    }
    status, told = await client.post("/openrlhf", body)
    assert status == 200
    assert told == {
        "rewards": [0.75, 0.4, 0.25],
        "scores": [0.75, 0.4, 0.25],
        "extra_logs": {"adjudge_masked": [0.0, 1.0, 1.0]},
    }
    assert client.reward.seen == ["answer 0.75", "mask", "fallback"]


async def test_a_response_that_repeats_the_prompt_is_seen_whole(start):
    """What stands before a repeated prompt is part of the response: nothing can be hidden in front of it."""
    client = await start()
    body = {"query": ["P?bad words P? 0.5"], "prompts": ["P?"], "labels": [None]}
    assert (await client.post("/openrlhf", body))[0] == 200
    assert client.reward.seen == ["bad words P? 0.5"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"query": ["other text 0.5"], "prompts": ["P?"], "labels": [None]}, "does not begin with its prompt"),
        ({"query": ["P? 0.5"], "prompts": ["P?", "P?"], "labels": [None]}, "2 prompts"),
        ({"query": ["P? 0.5"]}, "prompts"),
        ({"query": ["P?data"], "prompts": ["P?"], "labels": [None]}, "no document"),
    ],
)
async def test_openrlhf_is_refused_where_a_number_would_be_made_up(start, body, reason):
    """A query without its prompt, lists of other lengths, an older form, bad data: 422 and why."""
    client = await start()
    status, told = await client.post("/openrlhf", body)
    assert (status, reason in told["what"]) == (422, True), told


async def test_a_broken_reward_is_an_error_for_those_that_take_numbers(start):
    """500, so that the trainer tries again or stops; never a number."""
    client = await start()
    status, told = await client.post("/slime", {"prompt": "P?", "response": "crash", "label": None})
    assert status == 500
    assert "ZeroDivisionError" in told["why"]


@pytest.mark.parametrize("prompt", ["P?", [{"role": "user", "content": "P?"}]])
async def test_slime_gets_an_object_for_its_reward_key(start, prompt):
    """The reward, and whether it is masked; other fields of slime's sample are let through."""
    client = await start()
    ask = {"prompt": prompt, "label": "2", "index": 3}
    _, good = await client.post("/slime", {**ask, "response": "0.75"})
    _, bad = await client.post("/slime", {**ask, "response": "mask"})
    assert (good["reward"], good["masked"], good["status"]) == (0.75, False, "scored")
    assert (bad["reward"], bad["masked"], bad["status"]) == (0.5, True, "masked")


async def test_labels_are_what_the_service_was_started_with(start):
    """row: the id of a row, known or refused; sample: JSON of its fields, or refused."""
    rows = await start(labels="row")
    assert (await rows.post("/slime", {"prompt": "P?", "response": "0.5", "label": "row-1"}))[0] == 200
    assert (await rows.post("/slime", {"prompt": "P?", "response": "0.5", "label": "row-9"}))[0] == 404
    samples = await start(labels="sample")
    good = {"prompt": "P?", "response": "0.5", "label": '{"metadata": {"target_document": "text"}}'}
    assert (await samples.post("/slime", good))[0] == 200
    status, told = await samples.post("/slime", {**good, "label": "plain text"})
    assert (status, "JSON of a sample's fields" in told["what"]) == (422, True)


def verify(text: str, **row):
    """As NeMo-Gym's simple agent builds it: the row's fields, and the policy's response."""
    output = [
        {"type": "reasoning", "id": "rs", "summary": []},
        {
            "type": "message",
            "id": "msg",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}],
        },
    ]
    asked = {"input": [{"role": "developer", "content": "Be short."}, {"role": "user", "content": "P?"}]}
    response = {"id": "resp", "created_at": 1.5, "model": "m", "object": "response", "output": output}
    return {"responses_create_params": asked, "response": response, **row}


async def test_nemo_gym_gets_its_request_back_with_a_reward(start):
    """All fields come back, as its agents expect, with the reward beside them."""
    client = await start()
    body = verify("0.75", _ng_task_index=4, reference_answer="2")
    status, told = await client.post("/verify", body)
    assert status == 200
    assert told["reward"] == 0.75
    assert told["mask_sample"] is False
    assert {name: told[name] for name in body} == body
    assert "_ng_failure_class" not in told


async def test_nemo_gym_is_told_to_leave_a_masked_sample_out(start):
    """mask_sample and the marks that put the row aside; the number is the neutral one."""
    client = await start()
    _, told = await client.post("/verify", verify("mask"))
    assert (told["reward"], told["mask_sample"], told["failure_kind"]) == (0.5, True, "judge_failed")
    assert told["_ng_failure_class"] == "judge_failed"
    assert "timeout" in told["failure_reason"]


async def test_nemo_gym_opens_a_session_and_a_response_without_a_message_is_empty(start):
    """seed_session needs nothing; a policy that only called tools has said nothing."""
    client = await start()
    assert await client.post("/seed_session", {"responses_create_params": {"input": "x"}}) == (200, {})
    body = verify("0.5")
    body["response"]["output"] = [{"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"}]
    await client.post("/verify", body)
    assert client.reward.seen == [""]


async def test_trl_gets_null_for_a_masked_completion(start):
    """Numbers and nulls in the order of the completions; chat completions are read as their text."""
    client = await start()
    body = {
        "prompts": ["P?", [{"role": "user", "content": "P?"}], "P?"],
        "completions": ["0.25", [{"role": "assistant", "content": "mask"}], "0.75"],
        "reference_answer": ["2", None, {"comments": []}],
        "trainer_state": {"ignored": True},
    }
    status, told = await client.post("/trl", body)
    assert status == 200
    assert told == {"rewards": [0.25, None, 0.75], "statuses": ["scored", "masked", "scored"]}


async def test_trl_columns_of_another_length_are_refused(start):
    """A column that does not fit would give completions the samples of others."""
    client = await start()
    status, told = await client.post("/trl", {"prompts": ["P?"], "completions": ["0.5", "0.25"]})
    assert (status, told["what"]) == (422, "1 prompts for 2 completions.")


async def test_trainers_without_groups_have_their_siblings_judged_together(start):
    """With ?cohort=3 single requests of one prompt are held and judged side by side; another prompt is apart."""
    client = await start(cohort_seconds=0.5)
    bodies = [{"prompt": p, "response": f"{n} 0.5", "label": None} for n in range(3) for p in ("P?", "Q?")]
    answers = await asyncio.gather(*(client.post("/slime?cohort=3", body) for body in bodies))
    assert [status for status, _ in answers] == [200] * 6
    assert [len(group) for group in client.reward.groups] == [3, 3]
    # The next step's siblings of the same prompt are a new group.
    again = await asyncio.gather(*(client.post("/slime?cohort=3", body) for body in bodies[::2]))
    assert [told["reward"] for _, told in again] == [0.5] * 3
    assert [len(group) for group in client.reward.groups] == [3, 3, 3]


async def test_the_service_may_be_started_with_cohorts(start):
    """Trainers whose path cannot be changed (NeMo-Gym) have them too; a nonsense number is refused."""
    client = await start(cohort=2)
    answers = await asyncio.gather(*(client.post("/verify", verify(f"{n} 0.5")) for n in range(2)))
    assert [status for status, _ in answers] == [200, 200]
    assert [len(group) for group in client.reward.groups] == [2]
    status, told = await client.post("/verify?cohort=two", verify("0.5"))
    assert (status, "cohort=two" in told["what"]) == (422, True)
