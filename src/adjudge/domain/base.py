"""The common ground of all domain types: frozen, closed, finite."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Frozen(BaseModel):
    """A value: cannot change, has no unknown field, holds no NaN and no infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Remembering(Frozen):
    """A value with cached properties; a changed copy computes its own."""

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, which would copy what is cached too."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


def _a_number(value: object) -> object:
    """Refuse bools and strings where a number is meant: ``True`` is not a score of 1.0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"a number is needed, not {type(value).__name__}"
        raise ValueError(msg)  # noqa: TRY004 (pydantic turns ValueError into a validation error)
    return value


# The outermost: pydantic checks bounds on a plain number itself, and on a checked one by functions in Python.
_IsNumber: Final = BeforeValidator(_a_number)

Number = Annotated[float, Field(allow_inf_nan=False), _IsNumber]
"""A finite float; a bool or a numeric string is refused."""

Score = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False), _IsNumber]
"""A finite number in [0, 1]."""

Count = Annotated[int, Field(ge=0), _IsNumber]
"""A whole number from 0; a bool or a numeric string is refused."""

NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False), _IsNumber]
"""A finite float from 0."""

Seconds = NotNegative

_CANONICAL: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False)


def canonical(data: Mapping[str, Any] | list[Any] | str | None) -> bytes:
    """JSON data as the bytes that fingerprints are taken of: keys in order, no escapes but those that JSON needs."""
    # A lone surrogate has no UTF-8 form; it must not stop a call from having an address.
    return _CANONICAL.encode(data).encode("utf-8", "surrogatepass")


def digest(data: Mapping[str, Any] | list[Any] | str | bytes, length: int = 16) -> str:
    """Hex fingerprint of JSON data: SHA-256 over canonical JSON, first `length` characters.

    Text is taken as it is; so are bytes, which are what `canonical` would write, written faster.
    """
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data if isinstance(data, bytes) else canonical(data)).hexdigest()[:length]
