import re
from pathlib import Path

import yaml

from adjudge.rewards.failure import Neutral
from adjudge.serving.nova import NovaSettings
from adjudge.wire import nova_result

PAGE = Path(__file__).parent.parent.parent / "docs" / "serve-lambda.md"


def test_the_page_has_every_setting_with_its_default():
    """docs/serve-lambda.md lists the settings in order, with the defaults of the code."""
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", PAGE.read_text().split("## Settings")[1], re.MULTILINE)
    wanted = []
    for name, field in NovaSettings.model_fields.items():
        default = field.default
        shown = (
            f"neutral: {default.neutral}" if isinstance(default, Neutral) else yaml.safe_dump(default).splitlines()[0]
        )
        wanted.append((name, shown))
    assert [(name, default.strip("`")) for name, default in rows] == wanted


def test_the_page_has_every_mark():
    """docs/serve-lambda.md says what each diagnostic means."""
    told = re.findall(r"^\| `(adjudge_\w+)` \|", PAGE.read_text(), re.MULTILINE)
    coded = [value for value in vars(nova_result).values() if isinstance(value, str) and value.startswith("adjudge_")]
    assert told == coded
