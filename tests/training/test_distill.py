"""The distilled judge: an adapter that loads, and says what it was taught."""

import json
from dataclasses import replace

import pytest
import torch

from adjudge.domain import Criterion, Request, Rubric, Scale, StepEnded
from adjudge.domain.rubric import Answer
from adjudge.errors import ConfigError
from adjudge.judges.choice import choice_parts, options
from adjudge.models.load import LocalModel, merge, tiny
from adjudge.models.packed import Branches, pack, token_scores
from adjudge.training.config import LoraSettings
from adjudge.training.distill import DistillConfig, distill
from adjudge.training.labelled import Case

RUBRIC = Rubric(name="r", criteria=(Criterion(id="grounded", question="Is it?", reads=("passage", "guideline")),))
CONFIG = DistillConfig(
    tokens=6_000, tokens_per_step=200, learning_rate=0.02, warmup_steps=2,
    lora=LoraSettings(rank=4, alpha=8),
)  # fmt: skip


def case(number):
    """The guideline tells the answer by its first letter."""
    label = number % 2 == 0
    fields = {"passage": f"Clause {number}", "guideline": "aaaa" if label else "zzzz"}
    return Case(id=f"c{number}", criterion="grounded", source="own", cluster="k", kind="k", fields=fields, label=label)


CASES = [case(number) for number in range(80)]


class Watch:
    """A fake observer: keeps the metrics of each step, asks to stop after `stop`."""

    def __init__(self, stop=None):
        self.steps, self.stop = [], stop

    def on_event(self, event):
        if isinstance(event, StepEnded):
            self.steps.append(event.metrics)
        return Request.STOP if len(self.steps) == self.stop else Request.NONE


def margin(local, asked):
    """Log-odds of yes against no."""
    prefix, question = choice_parts(RUBRIC.criteria[0], asked.fields)
    no, yes = (local.text_ids(option) for option in options(RUBRIC.criteria[0]))
    start = [*local.text_ids(prefix), *local.text_ids(question)]
    with torch.no_grad():
        scores = token_scores(local.model, pack([Branches(start, [yes, no])])).logprobs
    return float(scores[: len(yes)].sum() - scores[len(yes) :].sum())


def test_one_step_writes_an_adapter_that_loads(tmp_path):
    """Stop after the first step: the adapter fits its base and changes what it says."""
    before = margin(tiny(), CASES[0])
    assert distill(tiny(), RUBRIC, CASES, tmp_path, observer=Watch(stop=1), config=CONFIG) == 1
    judge = merge(tiny(), tmp_path)
    assert judge.identity.startswith("tiny-0+")
    assert margin(judge, CASES[0]) != before


def test_the_shipped_adapter_names_its_base_and_no_folder(tmp_path):
    """What others read is the base model's name."""
    distill(tiny(), RUBRIC, CASES, tmp_path, observer=Watch(stop=1), config=CONFIG)
    assert json.loads((tmp_path / "adapter_config.json").read_text())["base_model_name_or_path"] == "tiny"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]


def test_the_judge_learns_what_the_cases_say(tmp_path):
    """The loss falls, and the merged judge leans to yes more for a right case than for a wrong one."""
    watch = Watch()
    distill(tiny(), RUBRIC, CASES, tmp_path, observer=watch, config=CONFIG)
    losses = [step["loss"] for step in watch.steps]
    assert sum(losses[-3:]) < sum(losses[:3])
    judge = merge(tiny(), tmp_path)
    assert margin(judge, CASES[0]) > margin(judge, CASES[1])


def test_equal_seeds_write_equal_adapters(tmp_path):
    """Distillation is repeatable to the bit."""
    for name in "ab":
        distill(tiny(), RUBRIC, CASES, tmp_path / name, observer=Watch(stop=2), config=CONFIG)
    one, other = ((tmp_path / name / "adapter_model.safetensors").read_bytes() for name in "ab")
    assert one == other


@pytest.mark.parametrize(
    ("rubric", "cases"),
    [
        (RUBRIC, []),
        (
            RUBRIC.model_copy(
                update={
                    "criteria": (
                        RUBRIC.criteria[0].model_copy(
                            update={"scale": Scale(answers=tuple(Answer(label=x) for x in ("bad", "fair", "good")))}
                        ),
                    )
                }
            ),
            CASES,
        ),
    ],
    ids=["no cases", "three answers"],
)
def test_what_cannot_be_distilled_is_refused(tmp_path, rubric, cases):
    """No cases, or a scale that is not yes and no: an error and no adapter."""
    with pytest.raises(ConfigError, match="cannot be distilled"):
        distill(tiny(), rubric, cases, tmp_path / "out", observer=Watch(), config=CONFIG)
    assert not (tmp_path / "out").exists()


def test_few_cases_are_trained_on_too(tmp_path):
    """Two cases are dealt again and again until the tokens are spent."""
    config = CONFIG.model_copy(update={"tokens": 450})
    assert distill(tiny(), RUBRIC, CASES[:2], tmp_path, observer=Watch(), config=config) >= 2


def test_a_small_source_is_not_drowned_by_a_large_one(tmp_path):
    """8 cases of one source beside 72 of another get a quarter of the labels: sqrt(8) to sqrt(72) is 1 to 3."""
    cases = [replace(case(number), source="small" if number < 8 else "large") for number in range(80)]
    read = []

    class Listening(LocalModel):
        """A fake: notes the texts that are turned into tokens."""

        def text_ids(self, text):
            read.append(text)
            return super().text_ids(text)

    local = tiny()
    base = Listening(name=local.name, model=local.model, tokenizer=local.tokenizer, identity=local.identity)
    distill(base, RUBRIC, cases, tmp_path, observer=Watch(stop=1), config=CONFIG)
    numbers = [int(text.removeprefix("Passage: Clause ")) for text in read if text.startswith("Passage: Clause ")]
    small = sum(number < 8 for number in numbers)
    assert len(numbers) > 60
    assert abs(small - len(numbers) / 4) <= 1
