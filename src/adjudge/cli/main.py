"""``adjudge``: the commands and how they end.

Exit codes: 0 done, 1 a check or gate says no, 2 the request or config is wrong, 3 something is missing, 130 stopped.
Errors that a user can mend are three lines on stderr; anything else keeps its traceback.
"""

import json
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import typer

from adjudge.cli import deploy, judge, launch, models, results, rewards, run, serve
from adjudge.errors import AdjudgeError, ConfigError

HELP = (
    "Reinforcement fine-tuning of language models with a language model as the judge.\n\n"
    "A task is a folder with task.yaml. `adjudge demo` shows the whole job; `adjudge run TASK` does it.\n\n"
    "Exit codes: 0 done, 1 a check or gate says no, 2 the request or config is wrong, 3 something is missing."
)


# Typer brings its own click in some versions and takes the installed one in others; its public errors know theirs.
_ClickError: type[Exception] = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


def application() -> typer.Typer:
    """The command line as an object."""
    app = typer.Typer(
        help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
    )
    app.callback()(_root)
    app.command()(run.demo)
    app.command(name="run")(run.run)
    app.command()(run.train)
    app.command()(results.evaluate)
    app.command()(results.gate)
    app.command()(results.report)
    app.command()(launch.launch)
    app.add_typer(deploy.commands(), name="deploy", help="The reward where a trainer reaches it.")
    app.command()(serve.serve)
    app.add_typer(judge.commands(), name="judge", help="Try, test, validate and make judges.")
    app.add_typer(rewards.commands(), name="reward", help="Rewards for stored rollouts.")
    app.add_typer(models.commands(), name="models", help="Models on this machine.")
    return app


def _root() -> None:
    """Commands stand below; this makes them commands even where there is only one."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command in `arguments` (default: the process's own) and leave with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # What libraries tell their developers is no news to whoever types a command, and their bars would break our lines.
    warnings.simplefilter("ignore", FutureWarning)
    os.environ.setdefault("TQDM_DISABLE", "1")
    try:
        code = application()(given, prog_name="adjudge", standalone_mode=False)
    except AdjudgeError as error:
        code = _told(error, given)
    except typer.Abort:
        code = 130
    except _ClickError as error:
        message = str(error.format_message())  # type: ignore[attr-defined]  # all of click's errors have it
        if message.startswith("Usage:"):
            # Nothing was asked for: what there is.
            sys.stderr.write(f"{message}\n")
            code = ConfigError.exit_code
        else:
            code = _told(_misread(error, message), given)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. What was on disk stays; add --resume to go on.\n")
        code = 130
    sys.exit(code if isinstance(code, int) else 0)


def _told(error: AdjudgeError, arguments: Sequence[str]) -> int:
    """Three lines on stderr; with --json also one document on stdout."""
    sys.stderr.write(f"{error}\n")
    if "--json" in arguments:
        told: dict[str, Any] = {"what": error.what, "why": error.why, "fix": error.fix, "exit_code": error.exit_code}
        sys.stdout.write(json.dumps({"error": told}, ensure_ascii=False) + "\n")
    return error.exit_code


def _misread(error: Exception, message: str) -> ConfigError:
    """A command line that was not understood, in our three lines."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "adjudge"
    return ConfigError(
        message.splitlines()[0],
        "The command line could not be read as it stands.",
        f"See what there is: {command} --help",
    )
