"""``adjudge deploy aws --apply``: what there is in the account is compared with what is wanted, and the rest is done.

A plan is made first, by reading alone. A second run finds nothing to do.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from adjudge.release.aws_clients import Clients, Found, find, guarded
from adjudge.release.aws_function import FunctionSettings
from adjudge.release.aws_iam import endpoint_policy, function_policy, invoke_policy, trust
from adjudge.release.aws_package import HANDLER, Package

_POLICY: Final = "reward-function"
_ABSENT: Final = "ResourceNotFoundException"
_NO_ENTITY: Final = "NoSuchEntity"
_MOST_POLICY_VERSIONS: Final = 5
"""Of a managed policy, says IAM."""

_ROLE_SECONDS: Final = 60.0
"""A new role is known to AWS Lambda some seconds after it was made."""


@dataclass(frozen=True)
class Step:
    """One thing to do: in words, and as a call."""

    what: str
    do: Callable[[], object]


@dataclass(frozen=True)
class Deployment:
    """What is wanted, and where.

    Attributes:
        settings: the function and its surroundings.
        package: its zip.
        clients: the account.
        training_role: name of the role that the policy for invoking is attached to; None attaches it to none.
        pause: waits so many seconds.
    """

    settings: FunctionSettings
    package: Package
    clients: Clients
    training_role: str | None = None
    pause: Callable[[float], None] = time.sleep

    def plan(self) -> tuple[Step, ...]:
        """What is to be done, in order; empty where everything is as wanted.

        Raises:
            MissingError: AWS refused to tell.
        """
        parts = (self._queue, self._log, self._role, self._invoke, self._function, self._alias, self._endpoint)
        return tuple(step for part in parts for step in part())

    @property
    def function_arn(self) -> str:
        """Plain: what trainers take."""
        return self.clients.place.function(self.settings)

    @property
    def alias_arn(self) -> str:
        """With the alias, which warm environments stand behind."""
        return f"{self.function_arn}:{self.settings.alias}"

    def _queue(self) -> Iterator[Step]:
        sqs, name = self.clients.sqs, self.settings.queue
        absent = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
        if self.settings.dead_letters and not find(lambda: sqs.get_queue_url(QueueName=name), *absent):
            attributes = {"MessageRetentionPeriod": "1209600", "SqsManagedSseEnabled": "true"}
            yield Step(f"create the queue {name}", lambda: sqs.create_queue(QueueName=name, Attributes=attributes))

    def _log(self) -> Iterator[Step]:
        logs, name, days = self.clients.logs, self.settings.log_group, self.settings.retention_days
        found = guarded(lambda: logs.describe_log_groups(logGroupNamePrefix=name))["logGroups"]
        group = next((group for group in found if group["logGroupName"] == name), None)
        if group is None:
            yield Step(f"create the log group {name}", lambda: logs.create_log_group(logGroupName=name))
        if group is None or group.get("retentionInDays") != days:
            yield Step(
                f"keep its lines for {days} days",
                lambda: logs.put_retention_policy(logGroupName=name, retentionInDays=days),
            )

    def _role(self) -> Iterator[Step]:
        iam, name = self.clients.iam, self.settings.role
        wanted = function_policy(self.settings, self.clients.place)
        role = find(lambda: iam.get_role(RoleName=name), _NO_ENTITY)
        if role is None:
            yield Step(
                f"create the function's role {name}",
                lambda: iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust())),
            )
        elif role["Role"]["AssumeRolePolicyDocument"] != trust():
            yield Step(
                f"let only AWS Lambda take the role {name}",
                lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust())),
            )
        policy = role and find(lambda: iam.get_role_policy(RoleName=name, PolicyName=_POLICY), _NO_ENTITY)
        if not policy or policy["PolicyDocument"] != wanted:
            may = ", ".join(action for statement in wanted["Statement"] for action in statement["Action"])
            yield Step(
                f"allow it {may}, on its own resources only",
                lambda: iam.put_role_policy(RoleName=name, PolicyName=_POLICY, PolicyDocument=json.dumps(wanted)),
            )

    def _invoke(self) -> Iterator[Step]:
        iam, name = self.clients.iam, self.settings.invoker
        arn = self.clients.place.arn("iam", f"policy/{name}", region="")
        wanted = invoke_policy(self.settings, self.clients.place)
        policy = find(lambda: iam.get_policy(PolicyArn=arn), _NO_ENTITY)
        if policy is None:
            yield Step(
                f"create the policy {name} for the training role: invoke this function",
                lambda: iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(wanted)),
            )
        else:
            version = policy["Policy"]["DefaultVersionId"]
            now = guarded(lambda: iam.get_policy_version(PolicyArn=arn, VersionId=version))
            if now["PolicyVersion"]["Document"] != wanted:
                yield Step(f"correct the policy {name}", lambda: self._new_policy_version(arn, wanted))
        role = self.training_role
        if role is not None:
            attached = guarded(lambda: iam.list_attached_role_policies(RoleName=role))["AttachedPolicies"]
            if arn not in {one["PolicyArn"] for one in attached}:
                yield Step(
                    f"attach it to the role {role}", lambda: iam.attach_role_policy(RoleName=role, PolicyArn=arn)
                )

    def _new_policy_version(self, arn: str, wanted: Found) -> None:
        iam = self.clients.iam
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= _MOST_POLICY_VERSIONS:
            oldest = min((one for one in versions if not one["IsDefaultVersion"]), key=lambda one: one["CreateDate"])
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(wanted), SetAsDefault=True)

    def _function(self) -> Iterator[Step]:
        functions, name = self.clients.functions, self.settings.name
        found = self._configuration()
        if found is None:
            yield Step(f"create the function {name} ({self.package.zipped / 1e6:.1f} MB)", self._create)
        else:
            if self._is_other_code(found):
                yield Step(f"update the code of {name} ({self.package.zipped / 1e6:.1f} MB)", self._update_code)
            changed = [key for key, value in self._wanted().items() if not _same(found.get(key), value)]
            if changed:
                yield Step(f"update {', '.join(changed)} of {name}", self._update_configuration)
        reserved = self.settings.reserved
        now = found and guarded(lambda: functions.get_function_concurrency(FunctionName=name))
        if reserved is None and now and now.get("ReservedConcurrentExecutions") is not None:
            yield Step("set no concurrency aside", lambda: functions.delete_function_concurrency(FunctionName=name))
        if reserved is not None and (not now or now.get("ReservedConcurrentExecutions") != reserved):
            yield Step(
                f"set aside {reserved} concurrent executions for it",
                lambda: functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved),
            )

    def _alias(self) -> Iterator[Step]:
        functions, name, alias = self.clients.functions, self.settings.name, self.settings.alias
        published = self._configuration(alias)
        is_new = published is None
        if (
            published is None
            or self._is_other_code(published)
            or any(not _same(published.get(key), value) for key, value in self._wanted().items())
        ):
            what = "publish a version, and {} the alias {}".format("create" if is_new else "move", alias)
            yield Step(f"{what} {'for' if is_new else 'to'} it", lambda: self._publish(is_new=is_new))
        provisioned = self.settings.provisioned
        now = published and find(
            lambda: functions.get_provisioned_concurrency_config(FunctionName=name, Qualifier=alias),
            "ProvisionedConcurrencyConfigNotFoundException",
        )
        warm = now["RequestedProvisionedConcurrentExecutions"] if now else 0
        if provisioned and warm != provisioned:
            yield Step(
                f"keep {provisioned} environments warm behind {alias}; they cost while nobody calls",
                lambda: functions.put_provisioned_concurrency_config(
                    FunctionName=name, Qualifier=alias, ProvisionedConcurrentExecutions=provisioned
                ),
            )
        if warm and not provisioned:
            yield Step(
                f"keep no environments warm behind {alias}",
                lambda: functions.delete_provisioned_concurrency_config(FunctionName=name, Qualifier=alias),
            )

    def _endpoint(self) -> Iterator[Step]:
        ec2, endpoint = self.clients.ec2, self.settings.endpoint
        if endpoint is None:
            return
        service = f"com.amazonaws.{self.clients.place.region}.lambda"
        filters = [{"Name": "vpc-id", "Values": [endpoint.vpc]}, {"Name": "service-name", "Values": [service]}]
        if guarded(lambda: ec2.describe_vpc_endpoints(Filters=filters))["VpcEndpoints"]:
            return
        yield Step(
            f"create an address of AWS Lambda in {endpoint.vpc}, for this function only",
            lambda: ec2.create_vpc_endpoint(
                VpcEndpointType="Interface",
                VpcId=endpoint.vpc,
                ServiceName=service,
                SubnetIds=list(endpoint.subnets),
                SecurityGroupIds=list(endpoint.security_groups),
                PrivateDnsEnabled=True,
                PolicyDocument=json.dumps(endpoint_policy(self.settings, self.clients.place)),
            ),
        )

    def _configuration(self, qualifier: str | None = None) -> Found | None:
        """As it is, or as it is published; with the code's digest."""
        which = {} if qualifier is None else {"Qualifier": qualifier}
        functions, name = self.clients.functions, self.settings.name
        return find(lambda: functions.get_function_configuration(FunctionName=name, **which), _ABSENT)

    def _is_other_code(self, found: Found) -> bool:
        digest = base64.b64encode(bytes.fromhex(self.package.digest)).decode()
        return bool(found["CodeSha256"] != digest or found["Architectures"] != [self.settings.architecture])

    def _wanted(self) -> Found:
        """Configuration, in the words of the API."""
        place, settings = self.clients.place, self.settings
        wanted: Found = {
            "Runtime": settings.runtime,
            "Role": place.arn("iam", f"role/{settings.role}", region=""),
            "Handler": HANDLER,
            "Timeout": settings.timeout_seconds,
            "MemorySize": settings.memory_mb,
            "Environment": {"Variables": settings.environment},
            "DeadLetterConfig": {},
        }
        if settings.dead_letters:
            wanted["DeadLetterConfig"] = {"TargetArn": place.arn("sqs", settings.queue)}
        return wanted

    def _create(self) -> None:
        functions = self.clients.functions
        waited = 0.0
        while True:
            try:
                functions.create_function(
                    FunctionName=self.settings.name,
                    Code={"ZipFile": self.package.file.read_bytes()},
                    Architectures=[self.settings.architecture],
                    **self._wanted(),
                )
            except functions.exceptions.InvalidParameterValueException as error:
                # The role was made a moment ago.
                if "cannot be assumed" not in str(error) or waited >= _ROLE_SECONDS:
                    raise
                self.pause(3.0)
                waited += 3.0
            else:
                break
        functions.get_waiter("function_active_v2").wait(FunctionName=self.settings.name)

    def _update_code(self) -> None:
        self.clients.functions.update_function_code(
            FunctionName=self.settings.name,
            ZipFile=self.package.file.read_bytes(),
            Architectures=[self.settings.architecture],
        )
        self._settled()

    def _update_configuration(self) -> None:
        self.clients.functions.update_function_configuration(FunctionName=self.settings.name, **self._wanted())
        self._settled()

    def _settled(self) -> None:
        """AWS refuses a change while another one is under way."""
        self.clients.functions.get_waiter("function_updated_v2").wait(FunctionName=self.settings.name)

    def _publish(self, *, is_new: bool) -> None:
        functions, name, alias = self.clients.functions, self.settings.name, self.settings.alias
        version = functions.publish_version(FunctionName=name)["Version"]
        put = functions.create_alias if is_new else functions.update_alias
        put(FunctionName=name, Name=alias, FunctionVersion=version)


def _same(found: Any, wanted: Any) -> bool:  # noqa: ANN401  (parts of answers and requests)
    """What is empty is left out of answers."""
    return bool((found or {}) == wanted) if isinstance(wanted, dict) else bool(found == wanted)


def apply(steps: tuple[Step, ...], told: Callable[[str], None]) -> None:
    """Do the steps in order, each told before it is done.

    Raises:
        MissingError: AWS refused; what was done before stays.
    """
    for step in steps:
        told(step.what)
        guarded(step.do)
