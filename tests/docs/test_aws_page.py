"""docs/aws.md has every field of AWS's training, with its place and its range."""

import re
from pathlib import Path

from adjudge.wire.nova_fields import FIELDS

PAGE = Path(__file__).parent.parent.parent / "docs" / "aws.md"


def rows():
    section = PAGE.read_text().partition("### Fields")[2].partition("\n## ")[0]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in section.splitlines() if line.startswith("| `")]
    return {row[0].strip().strip("`"): [cell.strip() for cell in row[1:]] for row in cells}


def test_every_field_has_its_row_in_order():
    """The page and the table have the same names."""
    assert list(rows()) == list(FIELDS)


def test_places_and_ranges_are_those_of_the_table():
    """A field without a place has a dash; numbers are the code's."""
    for name, (allowed, sagemaker, bedrock) in rows().items():
        field = FIELDS[name]
        place = field.place.removeprefix("training_config.")
        assert f"`{place}`" in sagemaker if place else "`" not in sagemaker, name
        assert (f"`{field.bedrock}`" in bedrock) if field.bedrock else bedrock == "-", name
        if field.kind in {"int", "number"}:
            low, high = field.limits.low, field.limits.high
            assert allowed.startswith(f"from {low:g}" if high is None else f"{low:g} to {high:g}"), name
            if field.published.high is not None:
                assert f"AWS publishes {field.published.low:g} to {field.published.high:g}" in allowed
        for choice in field.choices:
            assert ("null" if choice is None else choice) in allowed
