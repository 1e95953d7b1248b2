"""Task files: what is right loads, what is wrong is told with its place."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from adjudge.errors import AdjudgeError, ConfigError, DataError, MissingError
from adjudge.pipeline.config import Task, task_schema
from adjudge.pipeline.data import split_samples
from adjudge.pipeline.taskfile import LoadedTask, known_keys, load_task, parse_task

MakeTask = Callable[..., LoadedTask]

TEMPLATES = Path(str(resources.files("adjudge"))) / "templates"

GOOD = """
name: t
data: {train: a.jsonl, validation: b.jsonl, test: c.jsonl}
policy: {model: "local:tiny"}
judge: {model: "scripted:s.jsonl"}
reward: {terms: [{type: judged, weight: 1.0}]}
"""


def write(folder: Path, text: str) -> Path:
    """A task file with this text."""
    path = folder / "task.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("key", ["accept: {atacks: known}", "must_pass: [atacks]"])
def test_a_misspelt_check_is_told_with_the_one_that_was_meant(key: str):
    """A check that does not exist would never be enforced, or its acceptance never used."""
    with pytest.raises(ConfigError, match="did you mean 'attacks'"):
        parse_task(yaml.safe_load(GOOD.replace("name: t", f"name: t\nvalidate: {{{key}}}")), "task.yaml")


def test_the_smallest_task_has_all_defaults(tmp_path: Path):
    """Five sections are enough."""
    task = load_task(write(tmp_path, GOOD)).config
    assert (task.train.max_steps, task.evaluate.samples_per_row, task.release) == (60, 2, None)


def test_a_folder_stands_for_its_task_file(tmp_path: Path):
    """`adjudge run FOLDER` reads FOLDER/task.yaml."""
    write(tmp_path, GOOD)
    assert load_task(tmp_path).file == tmp_path / "task.yaml"


def test_the_resolved_configuration_is_the_same_task(tmp_path: Path):
    """What a run writes as config.yaml loads again as the very task."""
    task = load_task(write(tmp_path, GOOD))
    assert parse_task(yaml.safe_load(task.resolved()), "config.yaml") == task.config


@pytest.mark.parametrize("name", ["tiny", "contract_review"])
def test_the_packaged_tasks_load(name: str):
    """Every template is a valid task."""
    assert load_task(TEMPLATES / name).config.name


@pytest.mark.parametrize(
    ("change", "place", "hint"),
    [
        (("name: t", "nmae: t"), "nmae", "Did you mean 'name'?"),
        (('policy: {model: "local:tiny"}', 'policy: {modell: "local:tiny"}'), "policy.modell", "Did you mean 'model'?"),
        (("train: a.jsonl", "trian: a.jsonl"), "data.trian", "Did you mean 'train'?"),
        (("weight: 1.0", "wieght: 1.0"), "reward.terms[0].wieght", "Did you mean 'weight'?"),
        (("name: t", "name: t\ntrain: {max_stepz: 3}"), "train.max_stepz", "Did you mean 'max_steps'?"),
        (("name: t", "name: t\ntrain: {max_steps: many}"), "train.max_steps", "Correct it"),
        (("name: t", "name: t\ntrain: {max_steps: 0}"), "train.max_steps", "Correct it"),
        (("name: t", "name: t\ntrain: {global_batch_size: 30}"), "train", "multiple of number_generation"),
        (("name: t", "name: t\ntrain: {type: off_policy_async}"), "train.type", "synchronous"),
        (("name: t", "name: t\ntrain: {proc_num: 4}"), "train.proc_num", "Leave the key out"),
        (("name: t", "name: t\ntrain: {ent_coeff: 0.1}"), "train.ent_coeff", "0"),
        (("name: t", "name: t\ntrain: {refit_freq: 4}"), "train.refit_freq", "1"),
        (("name: t", "name: t\ntrain: {reasoning_effort: high}"), "train.reasoning_effort", "Leave the key out"),
        (
            ("type: judged", "type: jugded"),
            "reward.terms: no component has the type 'jugded'",
            "did you mean 'judged'?",
        ),
        (("name: t", "name: t\nname: u"), "'name' stands twice", "Correct this line"),
        (("name: t", "name: [t"), "line", "Correct this line"),
        (('"local:tiny"', "openai:gpt"), "policy.model", "Correct it"),
        (('{model: "local:tiny"}', '{model: "local:tiny", warm_start: {}}'), "policy.warm_start", "adapter or sft"),
        (("validation: b.jsonl, ", ""), "data.validation", "is needed and not there"),
        (("test: c.jsonl", "test: c.jsonl, crop_chars: 500"), "data", "contract-windows"),
        (("name: t", "name: t\nrelease: {rules: []}"), "release.rules", "Correct it"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_to_do(
    tmp_path: Path, change: tuple[str, str], place: str, hint: str
):
    """A wrong task file is a ConfigError of three lines that names file, place and remedy."""
    assert change[0] in GOOD
    path = write(tmp_path, GOOD.replace(*change))
    with pytest.raises(ConfigError) as caught:
        load_task(path)
    lines = str(caught.value).split("\n")
    assert len(lines) == 3
    assert all(lines)
    assert str(path) in lines[0]
    assert place in lines[0]
    assert hint in str(caught.value)


def test_a_missing_file_is_missing(tmp_path: Path):
    """No task file: exit code 3."""
    with pytest.raises(MissingError):
        load_task(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text\n"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str):
    """An empty file, a list and a text are no tasks."""
    with pytest.raises(ConfigError, match="A task is a mapping"):
        load_task(write(tmp_path, text))


def test_paths_are_taken_as_they_stand(tmp_path: Path):
    """Neither ~ nor variables are expanded: a task means the same for everybody."""
    task = load_task(write(tmp_path, GOOD.replace("a.jsonl", "~/$HOME/a.jsonl")))
    assert task.path(task.config.data.train[0]) == tmp_path / "~/$HOME/a.jsonl"


def test_known_keys_follow_the_place():
    """The keys offered are those of the place, also below lists and unions."""
    assert "max_steps" in set(known_keys(Task, ("train",)))
    assert "rank" in set(known_keys(Task, ("policy", "lora")))
    assert "metric" in set(known_keys(Task, ("release", "rules", 0)))
    assert "validate" in set(known_keys(Task, ()))


def test_the_schema_speaks_the_words_of_the_file():
    """Editors get `validate`, not the name of the attribute."""
    schema = task_schema()
    assert "validate" in schema["properties"]
    assert schema["additionalProperties"] is False


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SECTIONS = ["name", "data", "policy", "judge", "reward", "validate", "train", "evaluate", "release", "more"]


@given(st.dictionaries(st.sampled_from(SECTIONS), VALUES))
def test_any_data_gives_a_task_or_three_lines(data: dict[str, object]):
    """Whatever stands in the file, the answer is a task or an error that a user can mend."""
    try:
        parse_task({**yaml.safe_load(GOOD), **data}, "task.yaml")
    except AdjudgeError as error:
        assert len(str(error).splitlines()) >= 3  # noqa: PT017 (either outcome is right)
        assert all((error.what, error.why, error.fix))  # noqa: PT017


def test_a_split_may_name_several_files(make_task: MakeTask):
    """Their rows are taken together, in order; one file is a list of one."""
    task = make_task({"data.validation": ["data/validation.jsonl", "data/test.jsonl"]})
    parts = [make_task({"data.validation": f"data/{name}.jsonl"}) for name in ("validation", "test")]
    together = [sample.id for sample in split_samples(task, "validation")]
    assert together == [sample.id for part in parts for sample in split_samples(part, "validation")]


def test_a_row_that_two_files_hold_is_refused(make_task: MakeTask):
    """Rewards name rows by id, so no id may stand for two."""
    task = make_task({"data.train": ["data/train.jsonl", "data/train.jsonl"]})
    with pytest.raises(DataError, match=r"two files of data\.train"):
        split_samples(task, "train")
