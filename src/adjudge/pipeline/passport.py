"""Whether a judge may train: its passport, what the task accepts of it, and whose passport it is."""

from pathlib import Path
from typing import Final

from adjudge.errors import GateError
from adjudge.models.cache import embedded_adapter
from adjudge.pipeline.policy import EMBEDDED
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.validation.passport import Passport

STAGE: Final = "judge"


def given_passport(task: LoadedTask) -> Path | None:
    """The file of a passport that the task names (``validate.passport``); None where the judge is to be measured.

    ``embedded:NAME`` is the one that ships with an adapter of the package.
    """
    name = task.config.validation.passport
    if name is None:
        return None
    if name.startswith(EMBEDDED):
        return embedded_adapter(name.removeprefix(EMBEDDED)) / "passport.json"
    return task.path(name)


def settled(task: LoadedTask, passport: Passport) -> Passport:
    """The passport with what the task accepts and asks for today: that decides only whether to go on."""
    config = task.config.validation
    return passport.model_copy(update={"accepted": dict(config.accept), "must_pass": config.must_pass})


def objection(passport: Passport, fingerprint: str) -> str:
    """Why a judge may not train, in a sentence; empty where it may.

    Args:
        passport: of some judge.
        fingerprint: of the judge that is to train.
    """
    if passport.fingerprint != fingerprint:
        return (
            f"The passport is of {passport.judge} ({passport.fingerprint}), and the judge is another one "
            f"({fingerprint}): prompt, model, rubric or sampling has changed."
        )
    return "" if passport.usable else passport.sentence()


def require(passport: Passport, fingerprint: str) -> None:
    """Stop here where the judge may not train.

    Raises:
        GateError: it may not.
    """
    problem = objection(passport, fingerprint)
    if problem:
        said = [f"{check.title}: {check.detail}" for check in passport.all_checks if check.name in passport.against]
        raise GateError(
            problem,
            " ".join(said)
            or "A policy learns whatever its judge rewards, so a judge that cannot tell good from bad teaches noise.",
            "Use a better judge (judge.model), mend the rubric, or accept a failure with its reason "
            "(validate.accept); --allow-unproven goes on all the same and marks everything.",
        )
