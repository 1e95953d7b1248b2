import re
from typing import Any

import pytest
import yaml

from adjudge.domain.interval import Interval
from adjudge.release.card import CardData, DataUse, ResultRow, model_card


def card(**changes: Any) -> str:  # noqa: ANN401 (fields of the card)
    """A small card with some fields changed."""
    data = {
        "name": "reviewer",
        "base_model": "SmolLM2-135M-Instruct",
        "licence": "Apache-2.0",
        "task": "contract-review",
        "summary": "Flags clauses that conflict with a playbook.",
        "data": (DataUse(split="train", rows=10, source="own", licence="CC BY 4.0"),),
        "training": {"steps": 20, "learning_rate": 1e-4},
        "judge": "local:contract-judge",
        "judge_fingerprint": "abc123",
        "passport": ("local:contract-judge is usable: AUC 0.81 [0.75, 0.86]",),
        "weak_criteria": ("actionable",),
        "results": (
            ResultRow(
                metric="schema_ok",
                figures={"sft": Interval(estimate=0.9, low=0.8, high=0.95, n=40, clusters=40), "rft": None},
            ),
        ),
        "gate": ("pass  schema_ok of rft at least 0.8",),
        "limits": ("English only.",),
        "adjudge_version": "0.1.0",
    }
    return model_card(CardData.model_validate(data | changes))


def test_says_what_a_user_must_know():
    """Data and licence, judge with fingerprint and passport, weak criteria, results with intervals, gate and limits."""
    text = card()
    for part in (
        "| train | 10 | own | CC BY 4.0 |",
        "`local:contract-judge`, fingerprint `abc123`",
        "AUC 0.81 [0.75, 0.86]",
        "Weak criteria (not to be relied on): actionable",
        r"| schema\_ok | 0.900 \[0.800, 0.950\] | no data |",
        "pass  schema_ok of rft",
        "- English only.",
        "Apache-2.0. Base model: SmolLM2-135M-Instruct",
    ):
        assert part in text


def test_head_is_yaml_for_hubs():
    """The head parses as YAML and cannot be broken by a name."""
    hostile = 'x"\n---\nlicense: none'
    head = yaml.safe_load(card(base_model=hostile).split("---\n")[1])
    assert head["license"] == "apache-2.0"
    assert head["base_model"] == hostile


def test_texts_cannot_break_out():
    """A text of data or judge cannot add a heading, a table cell, a tag, an image or end a block."""
    hostile = "a|b\n# Heading\n<script>x</script> ![i](http://e) ```\n# Out"
    text = card(
        summary=hostile,
        judge=hostile,
        passport=(hostile,),
        data=(DataUse(split=hostile, rows=1, source="s", licence="l"),),
    )
    fence = "````"
    assert text.count(fence) == 2
    # What stands in a block or in a code span is shown as it is.
    outside = re.sub(r"`[^`\n]*`", "", "".join(text.split(fence)[0::2]))
    headings = [line for line in outside.splitlines() if line.startswith("#")]
    assert headings == [
        "# reviewer",
        "## Results",
        "## Judge",
        "## Data",
        "## Training",
        "## Release gate",
        "## Limits",
        "## Licence",
    ]
    assert not re.search(r"(?<!\\)[<>]", outside)
    assert not re.search(r"!(?<!\\)\[", outside)
    assert all(len(re.findall(r"(?<!\\)\|", line)) in {0, 3, 4, 5} for line in outside.splitlines())


@pytest.mark.parametrize("start", ["# a", "- a", "1. a", "---", "> a", "+ a", "=== a"])
def test_a_summary_stays_a_paragraph(start: str):
    """A summary that starts like a heading, list, quote or rule is escaped."""
    body = card(summary=start).split("# reviewer")[1]
    line = next(line for line in body.splitlines() if line.replace("\\", "") == start)
    assert "\\" in line
