"""What --apply does to an account: moto stands in for it, and botocore's Stubber where moto has nothing."""

import base64
import json
from hashlib import sha256
from types import SimpleNamespace

import pytest

from adjudge.errors import MissingError
from adjudge.release.aws_apply import Deployment, apply
from adjudge.release.aws_function import FunctionSettings, VpcEndpoint
from adjudge.release.aws_iam import Place
from adjudge.release.aws_package import Package, write_zip
from adjudge.release.aws_target import Machine

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto")

REGION = "us-east-1"
ACCOUNT = "123456789012"
SETTINGS = FunctionSettings(
    name="SageMaker-tiny-reward", task="tiny", judges=("openai.gpt-oss-120b-1:0",), retention_days=14
)


def a_package(tmp_path, text="one"):
    """A small one: what is in it does not matter here."""
    file = tmp_path / f"{text}.zip"
    write_zip(file, {"lambda_function.py": f"# {text}\n".encode()})
    data = file.read_bytes()
    return Package(file, Machine("3.13", "x86_64"), len(data), 9, sha256(data).hexdigest(), {}, is_compiled=False)


class Warm:
    """Provisioned concurrency, which moto does not have: what was asked for, by function and alias."""

    def __init__(self, client):
        self.kept = {}
        self.calls = []
        for name in ("Get", "Put", "Delete"):
            event = f"before-call.lambda.{name}ProvisionedConcurrencyConfig"
            client.meta.events.register(event, getattr(self, name.lower()))

    def _said(self, status, parsed):
        parsed["ResponseMetadata"] = {"HTTPStatusCode": status}
        return SimpleNamespace(status_code=status), parsed

    def get(self, params, **_):
        if params["url_path"] in self.kept:
            return self._said(200, {"RequestedProvisionedConcurrentExecutions": self.kept[params["url_path"]]})
        code = "ProvisionedConcurrencyConfigNotFoundException"
        return self._said(404, {"Error": {"Code": code, "Message": "none"}})

    def put(self, params, **_):
        self.calls.append("put")
        self.kept[params["url_path"]] = json.loads(params["body"])["ProvisionedConcurrentExecutions"]
        return self._said(202, {})

    def delete(self, params, **_):
        self.calls.append("delete")
        del self.kept[params["url_path"]]
        return self._said(204, {})


@pytest.fixture
def account(monkeypatch):
    """Clients of an empty account."""
    from adjudge.release.aws_clients import Clients

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with moto.mock_aws(config={"lambda": {"use_docker": False}}):
        clients = Clients.open(REGION)
        yield clients


@pytest.fixture
def warm(account):
    """What is kept warm."""
    return Warm(account.functions)


@pytest.fixture
def deployed(account, warm, tmp_path):
    """Deploys settings and package; returns what was told."""

    def go(settings=SETTINGS, text="one", role=None):
        wanted = Deployment(settings, a_package(tmp_path, text), account, role, pause=lambda _: None)
        told = []
        apply(wanted.plan(), told.append)
        return told

    return go


def test_the_account_is_found_by_the_credentials(account):
    """Region and account stand in every ARN."""
    assert account.place == Place("aws", REGION, ACCOUNT)


def test_a_plan_reads_and_changes_nothing(account, warm, tmp_path):
    """All that would be made is told, in order; the account is as empty as before."""
    plan = Deployment(SETTINGS, a_package(tmp_path), account).plan()
    assert [step.what.partition(" (")[0] for step in plan] == [
        "create the log group /aws/lambda/SageMaker-tiny-reward",
        "keep its lines for 14 days",
        "create the function's role SageMaker-tiny-reward-role",
        "allow it logs:CreateLogStream, logs:PutLogEvents, bedrock:InvokeModel, on its own resources only",
        "create the policy SageMaker-tiny-reward-invoke for the training role: invoke this function",
        "create the function SageMaker-tiny-reward",
        "set aside 100 concurrent executions for it",
        "publish a version, and create the alias SageMakerLive for it",
    ]
    assert account.functions.list_functions()["Functions"] == []
    assert account.iam.list_roles()["Roles"] == []
    assert account.logs.describe_log_groups()["logGroups"] == []


def test_a_second_run_changes_nothing(deployed):
    """Everything is found to be as wanted."""
    assert len(deployed()) == 8
    assert deployed() == []


def test_the_function_is_what_was_asked_for(account, deployed, tmp_path):
    """Code, limits, role, variables; a version and an alias that leads to it."""
    deployed()
    functions, name = account.functions, SETTINGS.name
    found = functions.get_function_configuration(FunctionName=name)
    assert (found["Runtime"], found["Timeout"], found["MemorySize"]) == ("python3.13", 900, 1024)
    assert found["Handler"] == "lambda_function.lambda_handler"
    assert found["Environment"]["Variables"] == {"ADJUDGE_CACHE": "/tmp/adjudge"}  # noqa: S108  (Lambda's)
    assert found["Role"] == f"arn:aws:iam::{ACCOUNT}:role/SageMaker-tiny-reward-role"
    assert found["CodeSha256"] == base64.b64encode(bytes.fromhex(a_package(tmp_path).digest)).decode()
    assert functions.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 100
    assert functions.get_alias(FunctionName=name, Name="SageMakerLive")["FunctionVersion"] == "1"
    (group,) = account.logs.describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("/aws/lambda/SageMaker-tiny-reward", 14)


def test_new_code_is_published_and_the_alias_moves(account, deployed):
    """Two steps and no more; then nothing again."""
    deployed()
    assert [line.partition(" (")[0] for line in deployed(text="two")] == [
        "update the code of SageMaker-tiny-reward",
        "publish a version, and move the alias SageMakerLive to it",
    ]
    assert account.functions.get_alias(FunctionName=SETTINGS.name, Name="SageMakerLive")["FunctionVersion"] == "2"
    assert deployed(text="two") == []


def test_only_what_changed_is_updated(account, deployed):
    """Memory, the share that is set aside, and the days of the log."""
    deployed()
    changed = SETTINGS.model_copy(update={"memory_mb": 2048, "reserved": 50, "retention_days": 30})
    assert deployed(changed) == [
        "keep its lines for 30 days",
        "update MemorySize of SageMaker-tiny-reward",
        "set aside 50 concurrent executions for it",
        "publish a version, and move the alias SageMakerLive to it",
    ]
    assert deployed(changed) == []
    assert deployed(changed.model_copy(update={"reserved": None})) == ["set no concurrency aside"]


def test_warm_environments_stand_behind_the_alias_and_go_when_they_are_not_wanted(deployed, warm):
    """They cost: also their end is a step."""
    kept = SETTINGS.model_copy(update={"provisioned": 20})
    assert deployed(kept)[-1].startswith("keep 20 environments warm behind SageMakerLive")
    assert list(warm.kept.values()) == [20]
    assert deployed(kept) == []
    assert deployed(SETTINGS) == ["keep no environments warm behind SageMakerLive"]
    assert warm.kept == {}
    assert warm.calls == ["put", "delete"]


def test_a_policy_that_somebody_widened_is_put_right(account, deployed):
    """Least privilege is kept, not only made."""
    deployed()
    wide = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    account.iam.put_role_policy(RoleName=SETTINGS.role, PolicyName="reward-function", PolicyDocument=json.dumps(wide))
    arn = f"arn:aws:iam::{ACCOUNT}:policy/{SETTINGS.invoker}"
    for _ in range(4):
        account.iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(wide), SetAsDefault=True)
    told = deployed()
    assert told[0].startswith("allow it logs:CreateLogStream")
    assert told[1] == "correct the policy SageMaker-tiny-reward-invoke"
    assert deployed() == []


def test_the_training_role_gets_the_policy_once(account, deployed):
    """Attached to the role that is named."""
    account.iam.create_role(RoleName="training", AssumeRolePolicyDocument="{}")
    assert deployed(role="training")[5] == "attach it to the role training"
    (attached,) = account.iam.list_attached_role_policies(RoleName="training")["AttachedPolicies"]
    assert attached["PolicyName"] == SETTINGS.invoker
    assert deployed(role="training") == []


def test_a_vpc_gets_an_address_of_lambda_once(account, deployed):
    """With a policy that leads to this function only."""
    vpc = account.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = account.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = account.ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    inside = SETTINGS.model_copy(update={"endpoint": VpcEndpoint(vpc=vpc, subnets=(subnet,), security_groups=(group,))})
    assert deployed(inside)[-1] == f"create an address of AWS Lambda in {vpc}, for this function only"
    (made,) = account.ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert made["ServiceName"] == "com.amazonaws.us-east-1.lambda"
    (statement,) = json.loads(made["PolicyDocument"])["Statement"]
    assert statement["Action"] == ["lambda:InvokeFunction"]
    assert deployed(inside) == []


def test_a_queue_takes_what_failed(account, deployed):
    """It is made first, the function is told of it, and its role may send there."""
    told = []
    account.functions.meta.events.register(
        "provide-client-params.lambda.CreateFunction", lambda params, **_: told.append(params["DeadLetterConfig"])
    )
    queued = SETTINGS.model_copy(update={"dead_letters": True})
    assert deployed(queued)[0] == "create the queue SageMaker-tiny-reward-dead-letters"
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:SageMaker-tiny-reward-dead-letters"
    assert told == [{"TargetArn": arn}]
    policy = account.iam.get_role_policy(RoleName=SETTINGS.role, PolicyName="reward-function")["PolicyDocument"]
    assert policy["Statement"][-1]["Resource"] == [arn]
    # moto keeps no DeadLetterConfig, so that a second run would set it again; the queue is found.
    assert not any("queue" in line for line in deployed(queued))


def test_a_role_that_aws_does_not_know_yet_is_waited_for(account, warm, tmp_path, monkeypatch):
    """Some seconds after it was made; any other refusal is told as AWS says it."""
    paused, refused = [], ["The role defined for the function cannot be assumed by Lambda."] * 2
    wanted = Deployment(SETTINGS, a_package(tmp_path), account, pause=paused.append)
    create = account.functions.create_function

    def reluctant(**given):
        if refused:
            error = {"Error": {"Code": "InvalidParameterValueException", "Message": refused.pop()}}
            raise account.functions.exceptions.InvalidParameterValueException(error, "CreateFunction")
        return create(**given)

    monkeypatch.setattr(account.functions, "create_function", reluctant)
    apply(wanted.plan(), lambda _: None)
    assert paused == [3.0, 3.0]
    assert Deployment(SETTINGS, a_package(tmp_path), account).plan() == ()


def test_what_aws_refuses_is_told_in_three_lines(account, tmp_path):
    """And what was done before stays."""
    stubber = pytest.importorskip("botocore.stub").Stubber(account.logs)
    stubber.add_client_error("describe_log_groups", "AccessDenied", "no logs for you")
    with stubber, pytest.raises(MissingError, match="no logs for you"):
        Deployment(SETTINGS, a_package(tmp_path), account).plan()
