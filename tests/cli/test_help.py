"""Help is quick because nothing heavy is loaded for it."""

import json
import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "peft", "aiohttp", "numpy", "scipy", "jinja2", "yaml", "rich.progress")

SCRIPT = """
import json, sys
from adjudge.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    sys.stderr.write(json.dumps({"code": end.code, "loaded": sorted(sys.modules)}))
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["judge", "--help"], ["judge", "try", "--help"], ["demo", "--help"]]
)
def test_help_loads_no_heavy_module(arguments: list[str]):
    """`--help` of any command needs none of the libraries that take long to load."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    seen = json.loads(done.stderr)
    assert seen["code"] == 0
    assert "Usage: adjudge" in done.stdout
    assert [name for name in HEAVY if name in seen["loaded"]] == []
