"""A task as AWS sees it: what of its judge travels, and what its passport has to do with it."""

import json
import shutil
from importlib import resources
from pathlib import Path

import pytest
import yaml

from adjudge.errors import ConfigError, GateError, MissingError
from adjudge.judges.load import load_rubric
from adjudge.pipeline.aws_task import bedrock_models, function_contents, load_aws_task, notes_on, weak_criteria
from adjudge.validation.passport import Passport

TEMPLATES = Path(str(resources.files("adjudge"))) / "templates"
EMBEDDED = TEMPLATES / "adapters" / "contract-judge" / "passport.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The contract task's folder, judged by a script, with settings of training that only AWS has."""
    shutil.copytree(TEMPLATES / "contract_review", tmp_path / "task")
    (tmp_path / "task" / "judge.jsonl").write_text('{"answers": []}\n')
    edit(
        tmp_path / "task",
        judge={"model": "scripted:judge.jsonl"},
        train={"proc_num": 6},
        policy={"model": "x:y"},
        validate={},
    )
    return tmp_path / "task"


def edit(folder: Path, **sections: object) -> None:
    file = folder / "task.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **sections}))


def with_passport(folder: Path, **changed: object) -> None:
    """The embedded judge's passport, beside the task and named by it; what speaks against it is accepted."""
    (folder / "passport.json").write_text(json.dumps({**json.loads(EMBEDDED.read_text()), **changed}))
    against = Passport.read(folder / "passport.json").against
    edit(folder, validate={"passport": "passport.json", "accept": dict.fromkeys(against, "known, for this test")})


def test_policy_and_train_are_read_as_they_stand(folder):
    """They are AWS's to judge; the rest of the task is checked as ever."""
    aws = load_aws_task(folder)
    assert (aws.train, aws.policy) == ({"proc_num": 6}, {"model": "x:y"})
    edit(folder, rewards={})
    with pytest.raises(ConfigError, match="Did you mean 'reward'"):
        load_aws_task(folder)


@pytest.mark.parametrize("section", ["policy", "train"])
def test_a_section_that_is_no_mapping_is_told(folder, section):
    """By its name."""
    edit(folder, **{section: ["a"]})
    with pytest.raises(ConfigError, match=f"{section}: not a mapping"):
        load_aws_task(folder)


def test_files_of_components_travel_under_their_own_names(folder):
    """The schema of the gate, the rubric, the judge's script."""
    contents = function_contents(load_aws_task(folder), ())
    assert set(contents.task) == {"task.yaml", "rubric.yaml", "response.schema.json", "judge.jsonl"}
    assert {"json_schema", "judged"} <= set(contents.components)
    (folder / "response.schema.json").unlink()
    with pytest.raises(MissingError, match=r"response\.schema\.json is not there"):
        function_contents(load_aws_task(folder), ())


def test_a_tokenizer_of_a_hub_is_refused(folder):
    """It would be fetched at every start; a file beside the task travels with the package that reads it."""
    terms = [{"type": "judged"}, {"type": "length_band", "unit": "tokens", "tokenizer": "tokens.json", "high": 90}]
    edit(folder, reward={"terms": terms})
    aws = load_aws_task(folder)
    with pytest.raises(ConfigError, match=r"tokenizer 'tokens\.json' cannot be deployed"):
        function_contents(aws, ())
    (folder / "tokens.json").write_text("{}")
    contents = function_contents(aws, ())
    assert "tokens.json" in contents.task
    assert contents.packages == ("tokenizers",)


def test_models_of_bedrock_are_those_that_the_role_may_ask(folder):
    """Of a panel each; ids, profiles and ARNs as they are."""
    judge = {"model": "bedrock:openai.gpt-oss-120b-1:0", "panel": {"models": ["bedrock:us.amazon.nova-pro-v1:0"]}}
    edit(folder, judge=judge)
    assert bedrock_models(load_aws_task(folder)) == ("openai.gpt-oss-120b-1:0", "us.amazon.nova-pro-v1:0")


def test_criteria_that_the_passport_finds_weak_weigh_nothing_there_too(folder):
    """The deployed reward is the one that training on this machine would use."""
    first, *others = [criterion.id for criterion in load_rubric(folder / "rubric.yaml").criteria]
    with_passport(folder, unmeasured=[first])
    aws = load_aws_task(folder)
    assert weak_criteria(aws) == (first,)
    assert any(f"weigh nothing: {first}." in note for note in notes_on(aws))
    (folder / "packed.yaml").write_bytes(function_contents(aws, ()).task["rubric.yaml"])
    packed = {criterion.id: criterion.weight for criterion in load_rubric(folder / "packed.yaml").criteria}
    before = {criterion.id: criterion.weight for criterion in load_rubric(folder / "rubric.yaml").criteria}
    assert packed == {first: 0.0, **{name: before[name] for name in others}}


def test_the_rubric_travels_as_it_is_where_nothing_is_weak(folder):
    """Byte by byte, with its comments."""
    with_passport(folder)
    assert weak_criteria(load_aws_task(folder)) == ()
    assert function_contents(load_aws_task(folder), ()).task["rubric.yaml"] == (folder / "rubric.yaml").read_bytes()


def test_a_judge_that_may_not_train_is_not_deployed(folder):
    """Where the task names its passport; where it names none, that is told."""
    assert any("No passport" in note for note in notes_on(load_aws_task(folder)))
    with_passport(folder, criteria=[], by_source=[], overall=None, checks=[])
    with pytest.raises(GateError, match="may not train"):
        function_contents(load_aws_task(folder), ())
