"""PythonFunction: a user's own function as a component, in this process or in one that is locked in."""

import importlib.util
import inspect
import math
from collections.abc import Callable
from pathlib import Path as File
from typing import Any, Literal

from pydantic import Field

from adjudge.domain import ComponentRole, ComponentScore, ComponentStatus, Rollout, Sample
from adjudge.domain.base import Number
from adjudge.errors import AdjudgeError, ConfigError, MissingError
from adjudge.judges.sandbox import Limits, SandboxFailure, Slots, call_function
from adjudge.rewards.base import ComponentConfig, Scorer


class PythonFunctionConfig(ComponentConfig):
    """``function`` of the ``file`` beside the task, called with the response (text) and the sample (as JSON data).

    It returns a number from 0 to 1; None for nothing to score; or ``{"score": ..., "detail": ...}``. In the
    ``sandbox`` each call is a process of its own (a tenth of a second), within the seconds and bytes given. Without it
    the function runs here, may be ``async``, and nothing holds it.
    """

    type: Literal["python_function"] = "python_function"
    file: str
    function: str = "score"
    sandbox: bool = True
    wall_seconds: Number = Field(default=10.0, gt=0.0)
    memory_bytes: int = Field(default=1 << 30, ge=64 << 20)


class PythonFunction(Scorer):
    """What the function says. An exception, a limit or no score is a failure, never a number."""

    def __init__(self, config: PythonFunctionConfig, *, role: ComponentRole, base: File) -> None:
        super().__init__(config.name or config.type, role, config.weight, cost=1)
        self._config = config
        path = base / config.file
        if not path.is_file():
            raise MissingError(
                f"The file {path} is not there.",
                f"The component '{self.name}' of the task's reward names it.",
                "Write the file, or correct the path (relative to the task file).",
            )
        if config.sandbox:
            self._source, self._slots = path.read_text(encoding="utf-8"), Slots()
        else:
            self._function = _loaded(path, config.function)

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:
        """The function's score, not applicable where it returned None, or FAILED.

        Raises:
            AdjudgeError: the user must change something first.
        """
        arguments = (rollout.response, sample.model_dump(mode="json"))
        if not self._config.sandbox:
            try:
                value = self._function(*arguments)
                return self._said(await value if inspect.isawaitable(value) else value)
            except AdjudgeError:
                raise
            except Exception as error:  # noqa: BLE001 (whatever the function does wrong must not score the policy)
                return self._failed(f"{type(error).__name__}: {error}")
        limits = Limits(
            wall_seconds=self._config.wall_seconds,
            cpu_seconds=math.ceil(self._config.wall_seconds),
            memory_bytes=self._config.memory_bytes,
        )
        async with self._slots.here():
            returned = await call_function(self._source, self._config.function, arguments, limits)
        if isinstance(returned, SandboxFailure):
            return self._failed(f"{returned.kind.replace('_', ' ')}: {returned.detail}")
        return self._said(returned.value)

    def _said(self, value: object) -> ComponentScore:
        detail = ""
        if isinstance(value, dict):
            if unknown := value.keys() - {"score", "detail"}:
                return self._failed(f"returned an unknown key: {min(map(str, unknown))}")
            detail = str(value.get("detail") or "")[:300]
            value = value.get("score")
        if value is None:
            return self.not_applicable(detail or "the function found nothing to score")
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._failed(f"returned {type(value).__name__}, not a number")
        if not 0 <= value <= 1:
            return self._failed(f"returned {value:.6g}, not within 0 and 1" if abs(value) < 1e300 else "not a number")
        return self.scored(float(value), detail)

    def _failed(self, detail: str) -> ComponentScore:
        return ComponentScore(
            name=self.name,
            role=self.role,
            status=ComponentStatus.FAILED,
            weight=self.weight,
            detail=f"{self._config.function}: {detail}"[:300],
        )


def _loaded(path: File, function: str) -> Callable[[str, dict[str, Any]], object]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    found: object = None
    why = "It has no function of this name that can be called with a response and a sample."
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
            found = getattr(module, function, None)
        except Exception as error:  # noqa: BLE001 (whatever stands in the file)
            why = f"{type(error).__name__}: {error}"[:300]
    if callable(found):
        return found
    raise ConfigError(
        f"'{function}' cannot be taken from {path}.", why, "Correct the file, or name another `file` or `function`."
    )
