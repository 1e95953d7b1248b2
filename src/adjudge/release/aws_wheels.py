"""The packages that a function needs, in the versions that are installed here, for the machine that it will run on."""

import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from adjudge.errors import MissingError, missing_extra
from adjudge.release.aws_target import Machine

_LEFT_OUT: Final = re.compile(
    r"(^|/)(__pycache__|bin|tests?)/"
    r"|\.(pyc|pyi|pyx|pxd|pxi|h|c|cpp|a|lib)$"
    r"|\.dist-info/(?!METADATA$|licen[cs]es?/|LICEN[CS]E)",
    re.IGNORECASE,
)
"""What no function loads: tests, sources of extensions, types, and an installer's own records. Licences stay."""


def requirements(roots: Iterable[str], machine: Machine) -> dict[str, str]:
    """All packages that `roots` need on a machine, themselves among them -> version; both as they are installed here.

    Raises:
        MissingError: one of them is not installed here, or what reads requirements is not.
    """
    try:
        from packaging.requirements import Requirement  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise missing_extra("packaging", "aws") from error
    found: dict[str, str] = {}
    waiting = list(roots)
    while waiting:
        name = _canonical(waiting.pop())
        if name in found:
            continue
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError as error:
            raise MissingError(
                f"The package '{name}' is not installed.",
                f"The function needs it on Python {machine.python}, in a version that was tried here.",
                f"Install it: pip install {name}",
            ) from error
        found[name] = package.version
        for line in package.requires or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate(machine.markers):
                waiting.append(needed.name)
    return dict(sorted(found.items()))


def core_packages() -> Mapping[str, str]:
    """Names of modules -> package, for all that is installed here and is not only of one of adjudge's extras."""
    lines = importlib.metadata.requires("adjudge") or ()
    named = {line: _canonical(re.split(r"[ <>=!~;\[(]", line)[0]) for line in lines}
    core = {name for line, name in named.items() if "extra ==" not in line}
    extra = {name for line, name in named.items() if "extra ==" in line} - core
    found = {
        module: _canonical(packages[0]) for module, packages in importlib.metadata.packages_distributions().items()
    }
    return {module: package for module, package in found.items() if package not in extra | {"adjudge"}}


def wheel_files(packages: Mapping[str, str], machine: Machine, folder: Path) -> dict[str, Path]:
    """The packages' files: path in the function -> file. Those of another machine are fetched by pip into `folder`.

    Raises:
        MissingError: pip is not here, or found no binary of a version for the machine.
    """
    if machine.is_here:
        files = {path: file for name in packages for path, file in _installed(name)}
    else:
        _fetch(packages, machine, folder)
        files = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
    return {path: file for path, file in files.items() if not _LEFT_OUT.search(path)}


def _installed(name: str) -> Iterator[tuple[str, Path]]:
    """Files of an installed package, but for what it put elsewhere."""
    for path in importlib.metadata.files(name) or ():
        file = Path(str(path.locate()))
        if ".." not in path.parts and file.is_file():
            yield path.as_posix(), file


def _fetch(packages: Mapping[str, str], machine: Machine, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--no-deps", "--only-binary=:all:", "--implementation", "cp", "--python-version", machine.python]
    command += [part for tag in machine.platforms for part in ("--platform", tag)]
    command += ["--target", str(folder), *(f"{name}=={version}" for name, version in packages.items())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  (our own interpreter)
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if line.strip()] or ["no word of why"]
        raise MissingError(
            f"pip could not fetch the packages for Python {machine.python} on {machine.machine}: {told[-1][:200]}",
            "They are fetched as binaries in the versions that are installed here.",
            "See that pip is installed and reaches its index, or name another --runtime or --architecture.",
        )


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
