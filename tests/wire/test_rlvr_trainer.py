"""The trainer's script and the Forge snippet: run against stand-ins for the SDKs."""

import ast
import json
import re
import subprocess
import sys

import pytest

from adjudge.errors import ConfigError
from adjudge.wire.nova_fields import FIELDS
from adjudge.wire.nova_recipe import RunPlace, recipe
from adjudge.wire.nova_train import read_train
from adjudge.wire.rlvr_trainer import compute_of, forge_snippet, overrides, trainer_arguments, trainer_script

GIVEN = {"max_length": 64000, "reasoning_effort": None, "shuffle": False, "max_new_tokens": 16000, "top_k": 0}
PLACE = RunPlace(
    name="contract-review",
    reward_arn="arn:aws:lambda:us-east-1:123456789012:function:SageMaker-contract-review",
    data_s3="s3://bucket/train.jsonl",
    output_s3="s3://bucket/output",
    role_arn="arn:aws:iam::123456789012:role/training",
)
QUALIFIED = PLACE.model_copy(update={"reward_arn": f"{PLACE.reward_arn}:SageMakerLive"})
JOB = compute_of(None, "kubeflow", "ml.p5.48xlarge", 2)
HYPERPOD = compute_of("my-cluster", "kubeflow", "ml.p5.48xlarge", 4)
SDK_ARN = re.compile(r"^arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9-_]+$")
"""Of sagemaker-train 1.27.0, ``train/common_utils/rlvr_reward_verifier.py``."""

SDK = {
    "sagemaker/__init__.py": "",
    "sagemaker/core/__init__.py": "",
    "sagemaker/core/training/__init__.py": "",
    "sagemaker/core/training/configs.py": """
class TrainingJobCompute(dict): pass
class HyperPodCompute(dict): pass
""",
    "sagemaker/ai_registry/__init__.py": "",
    "sagemaker/ai_registry/evaluator.py": """
class Evaluator(dict):
    @classmethod
    def create(cls, name, type, source=None, role=None):
        return cls(name=name, type=type, source=source, role=role)
""",
    # The signature is that of sagemaker-train 1.27.0, as far as the script uses it.
    "sagemaker/train/__init__.py": """
import json
class RLVRTrainer:
    def __init__(self, model, training_type=None, model_package_group=None, custom_reward_function=None, compute=None,
                 training_dataset=None, s3_output_path=None, overrides=None, skip_reward_validation=False, role=None):
        self.given = {key: value for key, value in locals().items() if key != "self"}
        self.compute = type(compute).__name__
    def get_resolved_recipe(self):
        # As RecipeResolver of 1.27.0: a dotted path is followed from the root; what is not there is dropped.
        with open("resolved.json") as file:
            recipe = json.load(file)
        for path, value in self.given["overrides"].items():
            *folders, leaf = path.split(".")
            node = recipe
            for folder in folders:
                node = node.get(folder, {})
            if leaf in node:
                node[leaf] = value
        return recipe
    def train(self, wait=True, dry_run=False):
        with open("trained.json", "w") as file:
            json.dump({**self.given, "kind": self.compute, "wait": wait, "dry_run": dry_run}, file)
""",
}


@pytest.fixture
def run(tmp_path):
    """Runs a script in a folder where the SDK is a stand-in; returns what was trained, or None, and the process."""

    def go(script, resolved, *arguments: str):
        for name, text in SDK.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        (tmp_path / "resolved.json").write_text(json.dumps(resolved))
        (tmp_path / "script.py").write_text(script)
        done = subprocess.run(
            [sys.executable, "script.py", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        trained = tmp_path / "trained.json"
        return (json.loads(trained.read_text()) if trained.exists() else None), done

    return go


def test_the_script_starts_what_the_task_asks_for(run):
    """Arguments reach the trainer as they are, by their full path in the recipe; it does not wait."""
    fields = read_train(GIVEN, "training-job")
    trained, done = run(trainer_script(fields, PLACE, JOB), {"recipes": recipe(fields, PLACE)})
    assert done.returncode == 0, done.stderr
    assert {key: trained[key] for key in trainer_arguments(fields, PLACE)} == trainer_arguments(fields, PLACE)
    assert trained["overrides"]["recipes.training_config.rollout.generator.max_new_tokens"] == 16000
    assert trained["overrides"]["recipes.training_config.reasoning_effort"] is None
    assert (trained["kind"], trained["wait"], trained["dry_run"]) == ("TrainingJobCompute", False, False)
    assert trained["compute"] == {"instance_type": "ml.p5.48xlarge", "instance_count": 2}
    assert SDK_ARN.match(trained["custom_reward_function"])


@pytest.mark.parametrize("root", ["recipes", None])
def test_the_overrides_arrive_whatever_the_root_of_the_services_recipe(run, root):
    """Its template is not public; paths are tried under "recipes" first and then without."""
    fields, published = read_train(GIVEN, "training-job"), recipe(read_train({}, "training-job"), PLACE)
    trained, done = run(trainer_script(fields, PLACE, JOB), {root: published} if root else published)
    assert done.returncode == 0, done.stderr
    assert all(path.startswith("recipes.") == (root is not None) for path in trained["overrides"])


def test_the_script_stops_where_the_service_would_drop_something(run):
    """The SDK drops overrides that its recipe does not know, with a warning; the script names them and ends."""
    fields = read_train({**GIVEN, "proc_num": 6}, "hyperpod")
    trained, done = run(trainer_script(fields, PLACE, HYPERPOD), recipe(fields, PLACE))
    assert trained is None
    assert done.returncode == 1
    assert "does not take proc_num" in done.stderr


def test_the_script_checks_only_when_asked_to(run):
    """--dry-run is handed on."""
    fields = read_train(GIVEN, "training-job")
    trained, _ = run(trainer_script(fields, PLACE, JOB), recipe(fields, PLACE), "--dry-run")
    assert trained["dry_run"] is True


def test_a_qualified_arn_goes_in_as_an_evaluator(run):
    """The SDK's own pattern does not know it, so it is wrapped, and the SDK's check of the function is left out."""
    fields = read_train(GIVEN, "hyperpod")
    assert not SDK_ARN.match(QUALIFIED.reward_arn)
    trained, done = run(trainer_script(fields, QUALIFIED, HYPERPOD), recipe(fields, QUALIFIED))
    assert done.returncode == 0, done.stderr
    assert trained["custom_reward_function"]["source"] == QUALIFIED.reward_arn
    assert trained["custom_reward_function"]["type"] == "RewardFunction"
    assert trained["skip_reward_validation"] is True
    assert trained["compute"] == {
        "cluster_name": "my-cluster",
        "instance_type": "ml.p5.48xlarge",
        "namespace": "kubeflow",
        "node_count": 4,
    }


def test_overrides_stand_at_their_full_paths():
    """As the recipe has them; one without a place stands by its name."""
    made = overrides(read_train({**GIVEN, "proc_num": 6}, "hyperpod"))
    assert made.pop("proc_num") == 6
    assert made == {f"recipes.{FIELDS[name].place}": value for name, value in GIVEN.items()}


def test_the_forge_snippet_is_the_articles_call():
    """Overrides by their names alone, the plain ARN, and the job's name."""
    text = forge_snippet(read_train({**GIVEN, "proc_num": 6}, "hyperpod"), PLACE, HYPERPOD)
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    (train,) = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "train"]
    found = {keyword.arg: ast.literal_eval(keyword.value) for keyword in train.keywords}
    assert found == {
        "job_name": "contract-review",
        "rft_lambda_arn": PLACE.reward_arn,
        "overrides": {**GIVEN, "proc_num": 6},
    }
    assert "SMHPRuntimeManager" in text
    assert "SMTJRuntimeManager" in forge_snippet(read_train(GIVEN, "training-job"), PLACE, JOB)


def test_there_is_no_forge_snippet_for_a_qualified_arn():
    """That SDK refuses it; so do we, with the way out."""
    with pytest.raises(ConfigError, match="takes no ARN with a version or an alias"):
        forge_snippet(read_train(GIVEN, "hyperpod"), QUALIFIED, HYPERPOD)


@pytest.mark.parametrize(("kind", "number"), [("ml.p5.48xlarge", 3), ("p5.48xlarge", 2)])
def test_machines_that_nova_is_not_trained_on_are_refused(kind, number):
    """By the option's name."""
    with pytest.raises(ConfigError, match="--inst"):
        compute_of(None, "kubeflow", kind, number)
    with pytest.raises(ConfigError, match="--namespace"):
        compute_of(None, "", "ml.p5.48xlarge", 2)
