"""The pages agree with the code: every key, component, dependency, word and link."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from adjudge.endpoints.calls.path import CallConfig
from adjudge.judges.interventions import DRESSES, KEY_ORDER, LENGTHS
from adjudge.judges.load import load_rubric
from adjudge.judges.variants import variants
from adjudge.pipeline.anchors_config import AnchorsConfig
from adjudge.pipeline.config import (
    BaselineConfig,
    DataConfig,
    EvaluateConfig,
    PolicyConfig,
    ProbesConfig,
    ReleaseConfig,
    RewardConfig,
    Task,
    ValidateConfig,
)
from adjudge.pipeline.judge_config import JudgeConfig, PanelConfig
from adjudge.release.gate import Rule
from adjudge.rewards.base import ComponentConfig
from adjudge.rewards.registry import TYPES, AnyComponent
from adjudge.training.config import SftConfig, TrainConfig
from adjudge.validation.check import Rule as CheckRule
from adjudge.validation.checks.success import SuccessCriterion
from adjudge.validation.passport import AGREEMENT
from adjudge.validation.registry import CheckSettings
from adjudge.wire.recorded.formats import FORMATS

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
SECTIONS = MappingProxyType(
    {
        "data": DataConfig,
        "policy": PolicyConfig,
        "policy / key of `sft`": SftConfig,
        "judge": JudgeConfig,
        "judge / key of `limits`": CallConfig,
        "judge / key of `panel`": PanelConfig,
        "reward": RewardConfig,
        "validate": ValidateConfig,
        "validate / key of `success_criteria`": SuccessCriterion,
        "validate / key of `probes`": ProbesConfig,
        "validate / key of `anchors`": AnchorsConfig,
        "train": TrainConfig,
        "evaluate": EvaluateConfig,
        "evaluate / key of `baseline`": BaselineConfig,
        "release": ReleaseConfig,
        "release / key of a rule": Rule,
    }
)
CHECKS = "validate / check"
FROM_THE_TASK = frozenset(
    {
        ("repeats", "answers"),
        ("attacks", "vices"),
        ("production", "success"),
        ("group", "scoring"),
        ("group", "deterministic"),
        ("cost", "rollouts"),
        ("cost", "concurrency"),
    }
)
"""Settings of checks that a validation fills in."""


def tables(text: str) -> dict[str, list[list[str]]]:
    """The tables of a page: heading, and what the first column is called where that is not just `key`, -> rows."""
    found: dict[str, list[list[str]]] = {}
    heading = name = ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("|---"):
            continue
        elif line.startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if not name:
                name = heading if cells[0] in {"key", "type", "package"} else f"{heading} / {cells[0]}"
                found[name] = []
            else:
                found[name].append(cells)
        else:
            name = ""
    return found


def shown(field: FieldInfo) -> str:
    """A default as the page writes it."""
    value = field.default
    if field.is_required():
        return "required"
    if isinstance(value, BaseModel) or field.default_factory is not None:
        return "see meaning"
    if value in ((), ""):
        return "none" if value == () else "empty"
    return yaml.safe_dump(value).splitlines()[0]


@pytest.mark.parametrize(("section", "model"), SECTIONS.items(), ids=list(SECTIONS))
def test_task_page_has_every_key_with_its_default(section: str, model: type[BaseModel]):
    """docs/task.md lists the keys of a section in order, with the defaults of the code, and a meaning."""
    rows = tables((DOCS / "task.md").read_text())[section]
    assert [(key.strip("`"), default) for key, default, _ in rows] == [
        (field.alias or name, shown(field)) for name, field in model.model_fields.items()
    ]
    assert all(meaning for *_, meaning in rows)


def test_task_page_has_every_section():
    """Each section of a task has its heading, and each table of the page is compared with the code."""
    names = [field.alias or name for name, field in Task.model_fields.items() if name != "name"]
    text = (DOCS / "task.md").read_text()
    assert re.findall(r"^## (.*)", text, re.MULTILINE) == names
    assert set(tables(text)) == {*SECTIONS, CHECKS}


def demanded(check: str, key: str, value: object) -> str:
    """A check's setting as the page writes it."""
    if (check, key) in FROM_THE_TASK:
        return "task"
    if isinstance(value, CheckRule):
        few = f", {value.min_n} values" if value.min_n > 1 else ""
        return f"rule: {'at least' if value.at_least is not None else 'at most'} {value.limit:.2g}{few}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return yaml.safe_dump(value).splitlines()[0]


def test_task_page_has_every_check_with_its_settings():
    """docs/task.md has a row a check, in order, with every key of its settings and the default of the code."""
    rows = tables((DOCS / "task.md").read_text())[CHECKS]
    told = {name.strip("`"): re.findall(r"`(\w+)` \(([^)]*)\)", keys) for name, keys, _ in rows}
    coded = {
        check: [(key, demanded(check, key, field.default)) for key, field in type(of.default).model_fields.items()]
        for check, of in CheckSettings.model_fields.items()
    }
    assert told == coded
    assert list(told) == list(coded)
    assert all(asks for *_, asks in rows)


def test_the_passport_page_has_every_check():
    """docs/judge-validation.md explains each check of a passport under a heading of its own, and no other."""
    text = (DOCS / "judge-validation.md").read_text()
    headings = re.findall(r"^### .*\(`(\w+)`\)$", text, re.MULTILINE)
    assert sorted(headings) == sorted([AGREEMENT, *CheckSettings.model_fields])


def test_the_passport_page_has_every_recorded_format():
    """Each format of ``--from`` has its row in docs/judge-validation.md."""
    rows = tables((DOCS / "judge-validation.md").read_text())["Published sets / `--from`"]
    assert {row[0].strip("`") for row in rows} == set(FORMATS)


def test_the_passport_page_counts_what_a_validation_asks():
    """The numbers of questions in docs/judge-validation.md are those of the defaults and the shipped rubric."""
    rows = tables((DOCS / "judge-validation.md").read_text())["What a check costs / asked"]
    told = [int(found[0]) for *_, questions in rows if (found := re.match(r"\d+", questions))]
    probes, rubric = ProbesConfig(), load_rubric(ROOT / "src/adjudge/templates/contract_review/rubric.yaml")
    assert told == [
        ValidateConfig().cases,
        probes.repeat_cases * (probes.repeats - 1),
        probes.wording_cases * len(variants(rubric)),
        probes.content_free + probes.attacks + probes.harmless,
        probes.dresses * len((*DRESSES, KEY_ORDER)),
        probes.lengths * len(LENGTHS),
        probes.groups * TrainConfig().number_generation * probes.repeats,
    ]


def test_reward_page_has_every_component_with_its_settings():
    """docs/rewards.md lists each type and exactly its settings, besides those that all have."""
    rows = tables((DOCS / "rewards.md").read_text())["Components"]
    told = {kind.strip("`"): re.findall(r"`(\w+)`", settings) for kind, _, settings in rows}
    configs = get_args(get_args(AnyComponent)[0])
    common = {*ComponentConfig.model_fields, "type"}
    coded = {c.model_fields["type"].default: [n for n in c.model_fields if n not in common] for c in configs}
    assert told == coded
    assert set(told) == set(TYPES)


def test_every_dependency_has_its_reason():
    """docs/dependencies.md tells of each package of pyproject.toml, and no other: its extra, what for, and why it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [(line, "") for line in project["dependencies"]]
    wanted += [(line, f" (`{extra}`)") for extra, lines in project["optional-dependencies"].items() for line in lines]
    rows = tables((DOCS / "dependencies.md").read_text())["Dependencies"]
    assert sorted(row[0] for row in rows) == sorted(re.split(r"[<>=\[; ]", line)[0] + extra for line, extra in wanted)
    assert all(len(row) == 3 and all(row) for row in rows)


def test_the_glossary_is_current():
    """docs/index.md has the docstrings of the domain as they are."""
    script = ROOT / "scripts" / "glossary.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_glossary_has_every_public_type():
    """Each class that `adjudge.domain` exports stands in docs/index.md."""
    import adjudge.domain

    text = (DOCS / "index.md").read_text()
    names = [name for name in adjudge.domain.__all__ if isinstance(getattr(adjudge.domain, name), type)]
    assert len(names) > 30
    assert [name for name in names if f"| `{name}` |" not in text] == []


def anchors(page: Path) -> set[str]:
    """The anchors that headings get on the usual hosts."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    heads = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    """Every relative link names a file, and its anchor a heading."""
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_no_page_names_a_path_of_a_machine():
    """Pages are about the project: no home and no temporary folder of whoever wrote them."""
    for page in PAGES:
        assert re.findall(r"(?<![\w.:/])/(?:work|tmp|home|root|Users)/", page.read_text()) == [], page.name
