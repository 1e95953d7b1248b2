"""The machine that a package is made for."""

import platform
import sys
from dataclasses import dataclass
from typing import Final, Literal, Self

from adjudge.errors import ConfigError

Architecture = Literal["x86_64", "arm64"]
RUNTIMES: Final = ("python3.12", "python3.13", "python3.14")
"""Runtimes of AWS Lambda that new functions may have, and that this package runs on."""

_MACHINES: Final[dict[str, Architecture]] = {
    "x86_64": "x86_64",
    "amd64": "x86_64",
    "aarch64": "arm64",
    "arm64": "arm64",
}
_GLIBC: Final = ("2_17", "2_28", "2_34")
"""Lambda's Amazon Linux 2023 has glibc 2.34; wheels for older ones run there too."""


@dataclass(frozen=True)
class Machine:
    """A Python on a Linux machine: ``python`` is for example ``3.13``."""

    python: str
    architecture: Architecture

    @classmethod
    def of_runtime(cls, runtime: str, architecture: Architecture) -> Self:
        """What a runtime of Lambda is.

        Raises:
            ConfigError: there is no such runtime.
        """
        if runtime not in RUNTIMES:
            raise ConfigError(
                f"'{runtime}' is no runtime that a new function may have.",
                "AWS Lambda ends older ones, and adjudge needs Python 3.11.",
                f"Write one of: {', '.join(RUNTIMES)}.",
            )
        return cls(runtime.removeprefix("python"), architecture)

    @classmethod
    def here(cls) -> Self:
        """This interpreter on this machine, whatever its system."""
        major, minor = sys.version_info[:2]
        return cls(f"{major}.{minor}", _MACHINES.get(platform.machine().lower(), "x86_64"))

    @property
    def is_here(self) -> bool:
        """Whether its binaries run in this interpreter."""
        known = platform.machine().lower() in _MACHINES
        return known and sys.platform == "linux" and self == Machine.here()

    @property
    def machine(self) -> str:
        """As Linux says it."""
        return "x86_64" if self.architecture == "x86_64" else "aarch64"

    @property
    def platforms(self) -> tuple[str, ...]:
        """Tags of the wheels that run there, besides those for any."""
        return (*(f"manylinux_{version}_{self.machine}" for version in _GLIBC), f"manylinux2014_{self.machine}")

    @property
    def markers(self) -> dict[str, str]:
        """What the markers of requirements may ask."""
        return {
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "platform_python_implementation": "CPython",
            "platform_machine": self.machine,
            "platform_system": "Linux",
            "platform_release": "",
            "platform_version": "",
            "sys_platform": "linux",
            "os_name": "posix",
            "extra": "",
        }
