"""``adjudge models``."""

from typing import Annotated

import typer

from adjudge.cli.console import AsJson, emit, note


def commands() -> typer.Typer:
    """pull, list."""
    app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.command()(pull)
    app.command(name="list")(show)
    return app


def pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="See `adjudge models list`.")], *, as_json: AsJson = False
) -> None:
    """Fetch an embedded model, checked by SHA-256, once."""
    from adjudge.models import cache  # noqa: PLC0415  (keeps `--help` fast)

    folder = cache.pull(name, note)
    emit({"name": name, "folder": str(folder)}, [f"{name} is in {folder}"], as_json=as_json)


def show(*, as_json: AsJson = False) -> None:
    """The models that adjudge knows, and which of them are here."""
    from adjudge.errors import MissingError  # noqa: PLC0415
    from adjudge.models import cache  # noqa: PLC0415

    rows = []
    for known in cache.KNOWN.values():
        try:
            folder: str | None = str(cache.folder_of(known.name))
        except MissingError:
            folder = None
        rows.append({"name": known.name, "licence": known.licence, "megabytes": known.megabytes, "folder": folder})
    lines = [
        f"{row['name']:20} {row['licence']:12} {row['megabytes']:>6} MB  {row['folder'] or 'not here'}" for row in rows
    ]
    emit({"models": rows}, [*lines, f"{'tiny':20} {'-':12} {'0':>6} MB  random, made on the fly"], as_json=as_json)
