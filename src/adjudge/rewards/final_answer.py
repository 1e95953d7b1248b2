"""Where a response, and its reference answer, has the final answer that is compared: RLVR's one hard part."""

from pydantic import Field, model_validator

from adjudge.domain import Rollout, Sample
from adjudge.domain.answer import parsed
from adjudge.domain.path import PathError, parse_path, values_at
from adjudge.errors import DataError
from adjudge.rewards.base import AnswerConfig, JsonPath, answer_of

_BOX = "\\boxed{"


class FinalAnswerConfig(AnswerConfig):
    """The answer is at ``field`` of the JSON; or ``after`` the last such marker, to the end of its line; or ``boxed``.

    Without any of them it is the whole response. A reference answer is read the same way where it has such a place, and
    else as it is.
    """

    field: JsonPath | None = None
    after: str | None = Field(default=None, min_length=1)
    boxed: bool = False

    @model_validator(mode="after")
    def _one_place(self) -> "FinalAnswerConfig":
        if (self.field is not None) + (self.after is not None) + self.boxed > 1:
            msg = "the answer has one place: `field`, `after` or `boxed`"
            raise ValueError(msg)
        return self


def given(rollout: Rollout, config: FinalAnswerConfig) -> object:
    """The response's final answer: text, or a JSON value. None where it has none at that place."""
    if config.field is not None:
        answer = answer_of(rollout, config.read)
        return None if answer.problem else _at(answer.value, config.field)
    return _in_text(rollout.response, config)


def expected(sample: Sample, config: FinalAnswerConfig, component: str) -> object:
    """The sample's; None where it has no reference answer.

    Raises:
        DataError: the structured reference answer has no such field.
    """
    reference: object = sample.reference_answer
    if config.field is None:
        text = _in_text(reference, config) if isinstance(reference, str) else None
        return reference if text is None else text
    if isinstance(reference, str):
        try:
            reference = parsed(reference)
        except ValueError:
            return reference
    if not isinstance(reference, dict | list):
        return sample.reference_answer
    found = _at(reference, config.field)
    if found is None:
        raise DataError(
            f"Sample '{sample.id}': the reference answer has no '{config.field}'.",
            f"The reward's component '{component}' compares it.",
            "Add it to the reference answer, or name another `field` in the component.",
        )
    return found


def _at(value: object, path: str) -> object:
    steps = parse_path(path)
    try:
        # What stands there, not its elements, unless the path says [*].
        found = values_at(value, steps if path.endswith("[*]") else steps[:-1])
    except PathError:
        return None
    return found if path.endswith("[*]") or len(found) != 1 else found[0]


def _in_text(text: str, config: FinalAnswerConfig) -> str | None:
    if config.after is not None:
        _, marker, rest = text.rpartition(config.after)
        return rest.lstrip().partition("\n")[0] if marker else None
    return _boxed(text) if config.boxed else text


def _boxed(text: str) -> str | None:
    """What stands in the last box, to the brace that closes it."""
    at = text.rfind(_BOX)
    depth = 0
    for place in range(at + len(_BOX), len(text)) if at >= 0 else ():
        if text[place] == "}" and not depth:
            return text[at + len(_BOX) : place]
        depth += {"{": 1, "}": -1}.get(text[place], 0)
    return None
