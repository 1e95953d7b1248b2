"""The README of a deployment: ten commands, and why there are two ARNs."""

from adjudge.release.aws_function import FunctionSettings
from adjudge.release.aws_iam import Place
from adjudge.release.aws_package import Package


def readme(settings: FunctionSettings, package: Package, place: Place, import_seconds: float | None) -> str:
    """The text, in Markdown."""
    name, alias = settings.name, settings.alias
    plain = place.function(settings)
    policy = place.arn("iam", f"policy/{settings.invoker}", region="")
    packages = ", ".join(f"{package_name} {version}" for package_name, version in package.packages.items())
    measured = "not measured here" if import_seconds is None else f"{import_seconds:.2f} s of processor time"
    return f"""# {name}

The reward of the task {settings.task}, for reinforcement fine-tuning of Amazon Nova.

| | |
|---|---|
| package | {package.zipped / 1e6:.1f} MB, {package.unpacked / 1e6:.1f} MB unpacked, SHA-256 {package.digest} |
| import | {measured} |
| runtime | {settings.runtime}, {settings.architecture}, {settings.memory_mb} MB, {settings.timeout_seconds} s |
| packages | {packages} |

Where REGION or ACCOUNT stands, write yours.

## Ten commands

1. Who am I: `aws sts get-caller-identity`
2. What would be done, and do it: `adjudge deploy aws TASK --out . --apply`
3. Or by CloudFormation: `sam deploy --template-file template.yaml --stack-name {name} --resolve-s3 \
--capabilities CAPABILITY_NAMED_IAM`
4. Ask it: `aws lambda invoke --function-name {name} --cli-binary-format raw-in-base64-out \
--payload file://event.json answer.json`
5. Let the training in: `aws iam attach-role-policy --role-name TRAINING-ROLE --policy-arn {policy}`
6. Read its log: `aws logs tail {settings.log_group} --follow`
7. See what is set aside: `aws lambda get-function-concurrency --function-name {name}`
8. Keep it warm, which costs: `aws lambda put-provisioned-concurrency-config --function-name {name} \
--qualifier {alias} --provisioned-concurrent-executions 10`
9. Look at the training: `adjudge launch TASK --on sagemaker --dry-run --reward-arn {plain}`
10. Go back a version: `aws lambda update-alias --function-name {name} --name {alias} --function-version N`

## Two ARNs

- Plain: `{plain}`. Recipes, `rft_lambda_arn` and `custom_reward_function` take this one: both SDKs know no other.
  It leads to the newest code. Warm environments do not stand behind it.
- With the alias: `{plain}:{alias}`. It leads to a published version, with warm environments if you keep some.
  Bedrock takes it. For SageMaker it has to be wrapped into an `Evaluator`, as `adjudge launch` writes it; whether the
  service itself then calls the alias is not documented.

So provisioned concurrency does nothing for a training that was given the plain ARN. What helps there is the small
package, and one call (command 4) before the training begins.

## What it may do

`function-policy.json` is all that the function may do, `training-role-policy.json` all that the training needs to call
it. Both are in the template. Keys of judges are read from Secrets Manager; none stands in these files.
"""
