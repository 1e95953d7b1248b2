"""``adjudge deploy``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adjudge.cli.console import AsJson, TaskPath, emit, note
from adjudge.errors import ConfigError

if TYPE_CHECKING:
    from adjudge.pipeline.aws_deploy import Prepared

Folder = Annotated[Path, typer.Option("--out", help="Folder for package, template, policies and README.")]
Apply = Annotated[bool, typer.Option("--apply", help="Show the plan, then do it in your account.")]
Region = Annotated[str | None, typer.Option("--region", help="Default: AWS's own configuration.")]
Name = Annotated[str | None, typer.Option("--name", help="Of the function; must hold 'SageMaker'.")]
TrainingRole = Annotated[
    str | None, typer.Option("--training-role", help="Role that --apply lets invoke the function.")
]
Runtime = Annotated[str, typer.Option("--runtime", help="python3.12, python3.13 or python3.14.")]
Architecture = Annotated[str, typer.Option("--architecture", help="x86_64 or arm64.")]
Memory = Annotated[int, typer.Option("--memory", help="Megabytes; processor time grows with them.")]
Timeout = Annotated[int, typer.Option("--timeout", help="Seconds of an invocation, at most 900.")]
Reserved = Annotated[int, typer.Option("--reserved", help="Executions set aside; 0 for none.")]
Provisioned = Annotated[int, typer.Option("--provisioned", help="Warm environments; they cost.")]
Alias = Annotated[str, typer.Option("--alias", help="Name of the published version.")]
Retention = Annotated[int, typer.Option("--retention", help="Days that log lines are kept.")]
Secrets = Annotated[
    list[str] | None, typer.Option("--secret", help="VARIABLE=NAME of a secret in Secrets Manager; repeatable.")
]
DeadLetters = Annotated[bool, typer.Option("--dead-letters", help="A queue for failed events.")]
Vpc = Annotated[str | None, typer.Option("--vpc", help="VPC that gets an address of Lambda (HyperPod).")]
Subnets = Annotated[list[str] | None, typer.Option("--subnet", help="Of the VPC; repeatable.")]
Groups = Annotated[list[str] | None, typer.Option("--security-group", help="Of the address; repeatable.")]


def commands() -> typer.Typer:
    """Aws."""
    app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.callback()(_root)
    app.command()(aws)
    return app


def _root() -> None:
    """A group, also while it has one command only."""


def aws(
    task: TaskPath,
    *,
    out: Folder,
    apply: Apply = False,
    region: Region = None,
    name: Name = None,
    training_role: TrainingRole = None,
    runtime: Runtime = "python3.13",
    architecture: Architecture = "x86_64",
    memory: Memory = 1024,
    timeout: Timeout = 900,
    reserved: Reserved = 100,
    provisioned: Provisioned = 0,
    alias: Alias = "SageMakerLive",
    retention: Retention = 30,
    secret: Secrets = None,
    dead_letters: DeadLetters = False,
    vpc: Vpc = None,
    subnet: Subnets = None,
    security_group: Groups = None,
    as_json: AsJson = False,
) -> None:
    """The task's reward as an AWS Lambda function for Amazon Nova: package, template, IAM; with --apply also done."""
    from adjudge.pipeline import aws_deploy  # noqa: PLC0415  (keeps `--help` fast)
    from adjudge.pipeline.aws_task import load_aws_task  # noqa: PLC0415

    endpoint = None
    if vpc is not None:
        endpoint = {"vpc": vpc, "subnets": subnet or [], "security_groups": security_group or []}
    given: dict[str, Any] = {
        "runtime": runtime,
        "architecture": architecture,
        "memory_mb": memory,
        "timeout_seconds": timeout,
        "reserved": reserved or None,
        "provisioned": provisioned,
        "alias": alias,
        "retention_days": retention,
        "dead_letters": dead_letters,
        "secrets": _pairs(secret or []),
        "endpoint": endpoint,
        **({} if name is None else {"name": name}),
    }
    loaded = load_aws_task(task)
    prepared = aws_deploy.prepare(loaded, aws_deploy.function_settings(loaded, given), out, region=region)
    data, lines = _told(prepared)
    if apply:
        wanted = aws_deploy.deployment(prepared, region=region, training_role=training_role)
        done = [step.what for step in aws_deploy.carry_out(wanted, note)]
        data |= {"done": done, "arn": wanted.function_arn, "alias_arn": wanted.alias_arn}
        lines += _applied(done, wanted.function_arn, wanted.alias_arn)
    emit(data, lines, as_json=as_json)


def _told(prepared: "Prepared") -> tuple[dict[str, Any], list[str]]:
    """What was written, as data and as lines; notes go to stderr."""
    for line in prepared.notes:
        note(line)
    package, seconds = prepared.package, prepared.import_seconds
    data = {
        "function": prepared.settings.name,
        "folder": str(prepared.folder),
        "zipped_bytes": package.zipped,
        "unpacked_bytes": package.unpacked,
        "sha256": package.digest,
        "import_seconds": seconds,
        "packages": dict(package.packages),
        "notes": list(prepared.notes),
    }
    shown = "import not measured" if seconds is None else f"import {seconds:.2f} s of processor time"
    sizes = f"{package.zipped / 1e6:.1f} MB, {package.unpacked / 1e6:.1f} MB unpacked, {shown}"
    where = f"Written to {prepared.folder}; README.md there has the commands."
    return data, [f"{prepared.settings.name}: {sizes}", where]


def _applied(done: Sequence[str], plain: str, qualified: str) -> list[str]:
    return [
        f"{len(done)} steps done." if done else "Nothing changed: everything is as wanted.",
        f"For recipes and SDKs: {plain}",
        f"For Bedrock:          {qualified}",
    ]


def _pairs(given: Sequence[str]) -> dict[str, str]:
    """``VARIABLE=NAME`` as a mapping."""
    pairs = {}
    for text in given:
        variable, sign, value = text.partition("=")
        if not sign or not variable.isidentifier() or not value:
            raise ConfigError(
                f"--secret {text!r:.60} is not VARIABLE=NAME.",
                "It names the variable that the judge's key is looked for in, and the secret that holds the key.",
                "Write for example --secret OPENAI_API_KEY=prod/judge-key",
            )
        pairs[variable] = value
    return pairs
