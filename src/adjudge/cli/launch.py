"""``adjudge launch``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adjudge.cli.console import AsJson, TaskPath, emit, note
from adjudge.errors import ConfigError

if TYPE_CHECKING:
    from adjudge.pipeline.aws_launch import Service


def launch(
    task: TaskPath,
    *,
    on: Annotated[str, typer.Option("--on", help="sagemaker or bedrock.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write or show everything; call nobody.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the files and the rows.")] = None,
    reward_arn: Annotated[str | None, typer.Option("--reward-arn", help="Of the reward function.")] = None,
    data_s3: Annotated[str | None, typer.Option("--data-s3", help="Where the rows go: s3://.../train.jsonl")] = None,
    output_s3: Annotated[str | None, typer.Option("--output-s3", help="Where checkpoints go.")] = None,
    role_arn: Annotated[str | None, typer.Option("--role-arn", help="Role of the training.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Of the job. Default: the task's.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="In place of the task's section policy.")] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Fields of train that are knowingly left out: NAME,NAME.")
    ] = None,
    cluster: Annotated[str | None, typer.Option("--cluster", help="HyperPod cluster. Default: a training job.")] = None,
    namespace: Annotated[str, typer.Option("--namespace", help="Of the cluster.")] = "kubeflow",
    instance_type: Annotated[str, typer.Option("--instance-type", help="Of the machines.")] = "ml.p5.48xlarge",
    instances: Annotated[int, typer.Option("--instances", help="Machines: 2, 4, 8 or 16.")] = 2,
    region: Annotated[str | None, typer.Option("--region", help="Default: AWS's own configuration.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train the task's policy on AWS: recipes, trainer script, job and rows; without --dry-run also started."""
    from adjudge.pipeline import aws_launch  # noqa: PLC0415  (keeps `--help` fast)
    from adjudge.pipeline.aws_task import load_aws_task  # noqa: PLC0415
    from adjudge.store.atomic import write_bytes  # noqa: PLC0415
    from adjudge.wire.rlvr_trainer import compute_of  # noqa: PLC0415

    service = _service(on)
    if out is None and not dry_run:
        raise ConfigError("--out is not given.", "What is started is kept on disk.", "Add --out DIR, or --dry-run.")
    loaded = load_aws_task(task)
    compute = compute_of(cluster, namespace, instance_type, instances)
    given = {"name": name, "reward_arn": reward_arn, "data_s3": data_s3, "output_s3": output_s3, "role_arn": role_arn}
    place, absent = aws_launch.run_place(loaded, {**given, "replicas": instances})
    made = aws_launch.launch_files(
        loaded, service, place, compute, absent=absent, without=_listed(without or []), model=model
    )
    rows, notes = aws_launch.launch_rows(loaded, made) if out is not None else ({}, ())
    for line in (*made.notes, *notes):
        note(line)
    files = {file: content.decode() for file, content in made.files.items()}
    data: dict[str, object] = {"service": service, "name": place.name, "notes": [*made.notes, *notes]}
    if out is None:
        text = [f"--- {file}\n{content}" for file, content in files.items()]
        emit({**data, "files": files}, text, as_json=as_json)
        return
    for file, content in {**made.files, **rows}.items():
        write_bytes(out / file, content)
    lines = [f"Written to {out}: {', '.join([*made.files, *rows])}"]
    if not dry_run:
        outcome = aws_launch.start(made, out, region, note)
        data |= outcome
        lines.append(f"{'Started' if outcome['started'] else 'There already'}: {outcome['job']}")
    emit({**data, "folder": str(out), "written": [*made.files, *rows]}, lines, as_json=as_json)


def _listed(given: list[str]) -> list[str]:
    """Names, apart by commas or by options."""
    return [name.strip() for text in given for name in text.split(",") if name.strip()]


def _service(name: str) -> "Service":
    from adjudge.pipeline.aws_launch import SERVICES  # noqa: PLC0415

    chosen = next((service for service in SERVICES if service == name), None)
    if chosen is None:
        raise ConfigError(
            f"adjudge does not launch on '{name}'.",
            f"The services are {' and '.join(SERVICES)}.",
            "Write for example --on bedrock.",
        )
    return chosen
