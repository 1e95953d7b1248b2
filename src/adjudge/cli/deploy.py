"""``adjudge deploy``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from adjudge.cli.console import AsJson, TaskPath, emit, note
from adjudge.errors import ConfigError


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
    out: Annotated[Path, typer.Option("--out", help="Folder for package, template, policies and README.")],
    apply: Annotated[bool, typer.Option("--apply", help="Show the plan, then do it in your account.")] = False,
    region: Annotated[str | None, typer.Option("--region", help="Default: AWS's own configuration.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Of the function; must hold 'SageMaker'.")] = None,
    training_role: Annotated[
        str | None, typer.Option("--training-role", help="Role that may invoke the function (--apply attaches it).")
    ] = None,
    runtime: Annotated[str, typer.Option("--runtime", help="python3.12, python3.13 or python3.14.")] = "python3.13",
    architecture: Annotated[str, typer.Option("--architecture", help="x86_64 or arm64.")] = "x86_64",
    memory: Annotated[int, typer.Option("--memory", help="Megabytes; processor time grows with it.")] = 1024,
    timeout: Annotated[int, typer.Option("--timeout", help="Seconds of an invocation, at most 900.")] = 900,
    reserved: Annotated[int, typer.Option("--reserved", help="Executions set aside; 0 for none.")] = 100,
    provisioned: Annotated[int, typer.Option("--provisioned", help="Warm environments; they cost.")] = 0,
    alias: Annotated[str, typer.Option("--alias", help="Name of the published version.")] = "SageMakerLive",
    retention: Annotated[int, typer.Option("--retention", help="Days that log lines are kept.")] = 30,
    secret: Annotated[
        list[str] | None, typer.Option("--secret", help="VARIABLE=NAME of a secret in Secrets Manager; repeatable.")
    ] = None,
    dead_letters: Annotated[bool, typer.Option("--dead-letters", help="A queue for failed events.")] = False,
    vpc: Annotated[str | None, typer.Option("--vpc", help="VPC that gets an address of Lambda (HyperPod).")] = None,
    subnet: Annotated[list[str] | None, typer.Option("--subnet", help="Of the VPC; repeatable.")] = None,
    security_group: Annotated[
        list[str] | None, typer.Option("--security-group", help="Of the address; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The task's reward as an AWS Lambda function for Amazon Nova: package, template, IAM; with --apply also done."""
    from adjudge.pipeline import aws_deploy  # noqa: PLC0415  (keeps `--help` fast)
    from adjudge.pipeline.aws_task import load_aws_task  # noqa: PLC0415

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
    }
    if name is not None:
        given["name"] = name
    if vpc is not None:
        given["endpoint"] = {"vpc": vpc, "subnets": subnet or [], "security_groups": security_group or []}
    loaded = load_aws_task(task)
    prepared = aws_deploy.prepare(loaded, aws_deploy.function_settings(loaded, given), out, region=region)
    for line in prepared.notes:
        note(line)
    package, seconds = prepared.package, prepared.import_seconds
    data: dict[str, Any] = {
        "function": prepared.settings.name,
        "folder": str(out),
        "zipped_bytes": package.zipped,
        "unpacked_bytes": package.unpacked,
        "sha256": package.digest,
        "import_seconds": seconds,
        "packages": dict(package.packages),
        "notes": list(prepared.notes),
    }
    shown = "import not measured" if seconds is None else f"import {seconds:.2f} s of processor time"
    sizes = f"{package.zipped / 1e6:.1f} MB, {package.unpacked / 1e6:.1f} MB unpacked, {shown}"
    lines = [f"{prepared.settings.name}: {sizes}", f"Written to {out}; README.md there has the commands."]
    if apply:
        wanted = aws_deploy.deployment(prepared, region=region, training_role=training_role)
        done = aws_deploy.carry_out(wanted, note)
        data |= {"done": [step.what for step in done], "arn": wanted.function_arn, "alias_arn": wanted.alias_arn}
        lines += [
            f"{len(done)} steps done." if done else "Nothing changed: everything is as wanted.",
            f"For recipes and SDKs: {wanted.function_arn}",
            f"For Bedrock:          {wanted.alias_arn}",
        ]
    emit(data, lines, as_json=as_json)


def _pairs(given: list[str]) -> dict[str, str]:
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
