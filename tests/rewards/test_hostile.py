"""Components, attacked by responses: a policy may write anything."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain import ComponentStatus, FailureKind, JudgeFailure, RewardStatus
from adjudge.domain.answer import DEEPEST, parsed
from adjudge.errors import ConfigError
from adjudge.rewards.base import items_of
from adjudge.rewards.registry import TYPES, RewardConfig, build_reward
from adjudge.testing.builders import make_comment, make_review, make_rollout, make_sample

SETTINGS = {
    "length_band": {"high": 2000},
    "json_schema": {"inline": {"type": "object"}},
    "prohibited_content": {"phrases": ["as an AI"]},
    "required_fields": {"items": "comments", "fields": ["comment", "text_excerpt"]},
    "pattern": {"must": ["comments"], "must_not": ["(a+)+$b"], "on": "response"},
    "python_function": {"file": "functions.py", "function": "any_text", "sandbox": False},
}
HERE = Path(__file__).parent
PLAIN = [name for name in TYPES if name not in {"judged", "numeric_match"}]
"""Numbers are compared with a sample that has one (test_matches.py)."""
ALL = build_reward(
    RewardConfig.model_validate({"terms": [{"type": name, **SETTINGS.get(name, {})} for name in PLAIN]}), None, HERE
)
SAMPLE = make_sample(reference_answer={"comments": [make_comment()]})

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
ITEMS = st.lists(
    st.dictionaries(st.sampled_from(["guideline_id", "text_excerpt", "comment"]), VALUES, max_size=3), max_size=3
)
HOSTILE = {
    "a deep list": "[" * 900 + "]" * 900,
    "a list that ends the parser": "[" * 100_000,
    "deep inside an item": '{"comments": [{"comment": ' + "[" * 500 + "]" * 500 + "}]}",
    "half a surrogate": '{"comments": [{"comment": "\\ud800"}]}',
    "half a surrogate as key": '{"comments": [{"\\udfff": "x"}]}',
    "NaN": '{"comments": [{"comment": NaN}]}',
    "minus infinity": '{"comments": [{"comment": -Infinity}]}',
    "a number too large": '{"comments": [{"comment": 1e999}]}',
    "an integer without end": '{"comments": [' + "9" * 5000 + "]}",
    "text around it": f"Here you are: {make_review([make_comment()])}",
    "a key twice": '{"comments": [], "comments": [{"comment": "x"}]}',
    "two answers": make_review([make_comment()]) * 2,
}


class Jammed:
    """A fake judge that never gets anywhere, and counts."""

    name = fingerprint = "jammed"

    def __init__(self):
        self.asked = 0

    async def judge(self, sample, rollout):
        self.asked += 1
        return JudgeFailure(judge="jammed", rollout_id=rollout.id, kind=FailureKind.UNPARSABLE)


def score(reward, response):
    return asyncio.run(reward.score(SAMPLE, make_rollout(response=response)))


@given(st.one_of(st.text(), VALUES.map(json.dumps), ITEMS.map(lambda items: json.dumps({"comments": items}))))
def test_no_response_breaks_a_component(response):
    """Whatever is written, every component has a score in [0, 1] or nothing to score."""
    result = score(ALL, response)
    assert result.status in {RewardStatus.SCORED, RewardStatus.GATED}
    assert 0.0 <= result.value <= 1.0
    assert {part.name for part in result.components} >= set(PLAIN)
    assert all(part.status is not ComponentStatus.FAILED for part in result.components)


@pytest.mark.parametrize("response", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_response_that_would_jam_a_judge_is_stopped_by_the_schema(response):
    """The neutral value cannot be earned: the floor, and the judge is never asked."""
    judge = Jammed()
    config = {"gates": [{"type": "json_schema", "inline": {"type": "object"}}], "terms": [{"type": "judged"}]}
    reward = build_reward(
        RewardConfig.model_validate({**config, "on_failure": {"neutral": 0.5}, "floor": 0.1}), judge, None
    )
    result = score(reward, response)
    assert (result.value, result.status, judge.asked) == (0.1, RewardStatus.GATED, 0)


@pytest.mark.parametrize("response", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_response_breaks_no_component(response):
    """Also without a gate before them: every component gives a score or says that there is none to give."""
    result = score(ALL, response)
    assert result.component("json_schema").value == 0.0
    assert result.component("set_match").value == 0.0


@pytest.mark.parametrize("depth", [DEEPEST - 1, DEEPEST, DEEPEST + 1])
def test_depth_has_a_stated_limit(depth):
    """As many levels as stated are read, one more is refused."""
    text = "[" * depth + "]" * depth
    if depth <= DEEPEST:
        assert json.dumps(parsed(text)) == text
        return
    with pytest.raises(ValueError, match="deeply"):
        parsed(text)


@given(VALUES)
def test_reading_is_strict_and_otherwise_the_standard_library(value):
    """What JSON can hold is read unchanged; NaN and infinities are refused wherever they stand."""
    text = json.dumps(value)
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        with pytest.raises(ValueError, match="JSON"):
            parsed(text)
        return
    assert parsed(text) == json.loads(text)


@pytest.mark.parametrize("answer", ["", "null", "[]", '{"comments": null}', '{"comments": [1]}', '{"remarks": []}', 3])
def test_only_a_list_of_objects_is_items(answer):
    """Anything else has no items, which is not the same as an empty list of them."""
    assert items_of(answer, "comments") is None
    assert items_of('{"comments": []}', "comments") == []


@pytest.mark.parametrize("kind", [name for name in PLAIN if name != "length_in_group"])
def test_every_type_can_be_built_and_asked(kind):
    """Each registered type makes a component of its name that scores the good review fully."""
    config = RewardConfig.model_validate({"terms": [{"type": kind, **SETTINGS.get(kind, {"weight": 2.0})}]})
    found = score(build_reward(config, None, HERE), make_review([make_comment()])).component(kind)
    assert found.status is ComponentStatus.SCORED
    assert found.value == pytest.approx(1.0, abs=0.01)


def test_a_language_nobody_knows_is_a_wrong_config():
    """The error names the code and what to write."""
    config = RewardConfig.model_validate({"terms": [{"type": "same_language", "language": "qq"}]})
    with pytest.raises(ConfigError, match="qq"):
        build_reward(config, None, None)


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"terms": []}, "terms"),
        ({"terms": [{"type": "judged", "wieght": 1}]}, "wieght"),
        ({"terms": [{"type": "judged", "weight": float("nan")}]}, "weight"),
        ({"terms": [{"type": "judged", "weight": -1}]}, "weight"),
        ({"terms": [{"type": "judged", "weight": True}]}, "weight"),
        ({"terms": [{"type": "judged"}], "on_failure": "zero"}, "on_failure"),
        ({"terms": [{"type": "judged"}], "on_failure": {"neutral": 1.5}}, "neutral"),
        ({"terms": [{"type": "judged"}], "floor": float("nan")}, "floor"),
        ({"terms": [{"type": "json_schema"}]}, "file"),
        ({"terms": [{"type": "json_schema", "file": "a", "inline": {}}]}, "file"),
        ({"terms": [{"type": "length_band", "low": 9, "high": 3}]}, "above high"),
        ({"terms": [{"type": "length_band", "high": 9, "unit": "lines"}]}, "unit"),
        ({"terms": [{"type": "prohibited_content", "phrases": []}]}, "phrases"),
        ({"terms": [{"type": "prohibited_content", "phrases": ["bad", "\u200b "]}]}, "nothing to look for"),
        ({"terms": [{"type": "judged", "items": ""}]}, "items"),
        ({"gates": [{"type": "zzz"}], "terms": [{"type": "judged"}]}, "known: json_schema"),
        ({"gates": [{"type": "dupilcates"}], "terms": [{"type": "judged"}]}, "did you mean 'duplicates'"),
    ],
)
def test_a_wrong_reward_section_is_refused_by_name(section, problem):
    """Nothing is dropped or guessed; the message holds the key, or the nearest known word."""
    with pytest.raises(ValueError, match=problem):
        RewardConfig.model_validate(section)


@pytest.mark.parametrize(
    "content",
    [b"not json", b"[]", b'{"type": "no-such-type"}', b'{"x": "' + b"y" * 200_000 + b'"}', b'"\xff"', b"[" * 100_000],
    ids=["no JSON", "no object", "no schema", "too large", "no UTF-8", "too deep"],
)
def test_a_schema_file_that_is_no_schema_is_refused(tmp_path, content):
    """Whatever is wrong with the file, the error is told in three sentences."""
    (tmp_path / "schema.json").write_bytes(content)
    config = RewardConfig.model_validate({"terms": [{"type": "json_schema", "file": "schema.json"}]})
    with pytest.raises(ConfigError, match="schema"):
        build_reward(config, None, tmp_path)
