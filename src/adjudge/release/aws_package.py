"""The zip of a reward function: the task's files, the modules and packages that its reward needs, and nothing else.

The same inputs make the same bytes: entries are in order and carry no dates.
"""

import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, get_args

import adjudge
from adjudge.errors import ConfigError, RunError
from adjudge.release.aws_modules import Closure, closure
from adjudge.release.aws_target import Machine
from adjudge.release.aws_wheels import core_packages, requirements, wheel_files
from adjudge.rewards.registry import AnyComponent
from adjudge.store.atomic import write_bytes

ENTRY: Final = "adjudge.pipeline.reward_lambda"
"""The module that makes the handler."""

HANDLER: Final = "lambda_function.lambda_handler"

MOST_ZIPPED: Final = 50_000_000
"""Bytes that Lambda takes in one call; the Nova user guide asks for less, because of cold starts."""

MOST_UNPACKED: Final = 250_000_000

_SECRETS: Final = "adjudge.serving.secrets"

_RUN_BY_PATH: Final = ("adjudge.judges.sandbox_child",)
"""Modules that nothing imports and that are started as files."""

_NEVER: Final = frozenset(
    {
        "adjudge.endpoints.local",
        "adjudge.judges.ranking",
        "adjudge.models.load",
        "adjudge.pipeline.policy",
        "adjudge.pipeline.taskfile",
    }
)
"""Reached by imports in functions that a reward function never calls: local models, training, telling of errors."""

_SHIM: Final = '''"""The reward of a task, as an AWS Lambda function. Written by `adjudge deploy aws`."""

{imports}from adjudge.pipeline.reward_lambda import task_handler

{first}_handler = task_handler()


def lambda_handler(event, context):
    """One result a row."""
    return _handler(event, context)
'''


@dataclass(frozen=True)
class Contents:
    """What goes into the package.

    Attributes:
        task: files of the task, by their path in its folder.
        components: types of the reward's components.
        packages: further packages that the task needs, by name.
        has_secrets: whether keys are read from Secrets Manager before the judge is opened.
    """

    task: Mapping[str, bytes]
    components: Collection[str]
    packages: tuple[str, ...] = ()
    has_secrets: bool = False


@dataclass(frozen=True)
class Package:
    """A zip on disk.

    Attributes:
        file: where it is.
        machine: it runs on this one.
        zipped: bytes.
        unpacked: bytes.
        digest: SHA-256, hex.
        packages: name -> version of what is in it beside adjudge.
        is_compiled: whether the modules are there as bytecode too.
    """

    file: Path
    machine: Machine
    zipped: int
    unpacked: int
    digest: str
    packages: Mapping[str, str]
    is_compiled: bool


def build(contents: Contents, machine: Machine, file: Path) -> Package:
    """Write the zip.

    Raises:
        MissingError: a package is not here, or not to be had for the machine.
        ConfigError: it is larger than Lambda takes.
    """
    root = Path(adjudge.__file__).parent.parent
    found = closure(root, [ENTRY, *_RUN_BY_PATH, *([_SECRETS] if contents.has_secrets else ())], _NEVER)
    packages = requirements([*_needed(found, contents.components), *contents.packages], machine)
    with tempfile.TemporaryDirectory(prefix="adjudge-wheels-") as folder:
        entries = {path: disk.read_bytes() for path, disk in wheel_files(packages, machine, Path(folder)).items()}
    entries |= {path: (root / path).read_bytes() for path in (*found.files, *_data_files(root, found.files))}
    entries |= {f"task/{path}": data for path, data in contents.task.items()}
    entries["lambda_function.py"] = shim(has_secrets=contents.has_secrets).encode()
    if machine.is_here:
        # The folder of a function cannot be written to: without bytecode each cold start would compile everything.
        entries |= _compiled(entries)
    write_zip(file, entries)
    unpacked, zipped = sum(map(len, entries.values())), file.stat().st_size
    if zipped > MOST_ZIPPED or unpacked > MOST_UNPACKED:
        raise ConfigError(
            f"The package has {zipped / 1e6:.0f} MB, and {unpacked / 1e6:.0f} MB unpacked.",
            "AWS Lambda takes 50 MB and 250 MB.",
            "Leave out the component or the file that makes it large.",
        )
    digest = sha256(file.read_bytes()).hexdigest()
    return Package(file, machine, zipped, unpacked, digest, packages, is_compiled=machine.is_here)


def shim(*, has_secrets: bool) -> str:
    """The module that Lambda loads."""
    if not has_secrets:
        return _SHIM.format(imports="", first="")
    imports = f"from {_SECRETS} import secrets_to_environment\n"
    # In the order of an import sorter.
    text = _SHIM.format(imports="", first="secrets_to_environment()\n")
    return text.replace("import task_handler\n", f"import task_handler\n{imports}")


def write_zip(file: Path, entries: Mapping[str, bytes]) -> None:
    """A zip with the entries in order, without dates, readable by all."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(entries):
            about = zipfile.ZipInfo(path, date_time=(1980, 1, 1, 0, 0, 0))
            about.create_system = 3
            about.external_attr = 0o100644 << 16
            about.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(about, entries[path])
    write_bytes(file, buffer.getvalue())


def _data_files(root: Path, modules: Collection[str]) -> list[str]:
    """What lies beside modules and is none: tables and prompts that they read, in folders of their own too.

    Such folders of the root package are templates of whole tasks: the one that is served is packed by itself.
    """
    folders = {(root / path).parent for path in modules}
    own = (inner for folder in folders if folder.parent != root for inner in folder.iterdir() if _holds_data(inner))
    beside = (file for folder in {*folders, *own} for file in folder.iterdir() if file.is_file())
    return sorted(file.relative_to(root).as_posix() for file in beside if file.suffix not in {".py", ".pyc", ".typed"})


def _holds_data(folder: Path) -> bool:
    return folder.is_dir() and folder.name != "__pycache__" and not any(folder.rglob("*.py"))


def _needed(found: Closure, components: Collection[str]) -> list[str]:
    """Packages that come with adjudge and that the modules import, but for those of components not in the task."""
    idle = {
        config.__module__
        for config in get_args(get_args(AnyComponent)[0])
        if config.model_fields["type"].default not in components
    }
    return sorted(
        package
        for module, package in core_packages().items()
        if any(at_once or importer not in idle for importer, at_once in found.foreign.get(module, {}).items())
    )


def _compiled(entries: Mapping[str, bytes]) -> dict[str, bytes]:
    """Bytecode of the modules, which is used without a look at the source's date.

    It is made by a process of its own with a fixed hash seed: what is in memory, and the order of sets, shows in it.
    Files that are for other versions of Python, which nothing imports, have none.
    """
    with tempfile.TemporaryDirectory(prefix="adjudge-compiled-") as folder:
        root = Path(folder)
        for path in sorted(entries):
            if path.endswith(".py"):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(entries[path])
        command = [sys.executable, "-S", "-m", "compileall", "-q", "-s", folder, "--invalidation-mode"]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        subprocess.run([*command, "unchecked-hash", folder], capture_output=True, check=False, env=environment)  # noqa: S603  (our own interpreter)
        made = {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*.pyc")}
    if not made:
        raise RunError(
            "No bytecode could be made of the package's modules.",
            "The standard library's compileall was run on them, and made nothing.",
            "See that `python -m compileall` works here and that the folder for temporary files has room.",
        )
    return made


_MEASURE: Final = (
    "import sys, time\n"
    "sys.path.insert(0, sys.argv[1])\n"
    "began = time.process_time()\n"
    f"import {ENTRY}\n"
    "print(time.process_time() - began)\n"
)


def import_seconds(package: Package, tries: int = 3) -> float:
    """Processor time of the import of the handler's module, in a process with nothing but the zip: the best of some.

    Raises:
        RunError: it cannot be imported.
    """
    assert package.machine.is_here
    with tempfile.TemporaryDirectory(prefix="adjudge-unpacked-") as folder:
        with zipfile.ZipFile(package.file) as archive:
            archive.extractall(folder)
        # -I -S: neither the folder at hand, nor the environment, nor what is installed.
        command = [sys.executable, "-I", "-S", "-B", "-c", _MEASURE, folder]
        seconds = []
        for _ in range(tries):
            done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})  # noqa: S603
            if done.returncode:
                raise RunError(
                    f"The package cannot be imported: {done.stderr.strip().splitlines()[-1][:200]}",
                    "It was unpacked and imported alone, as Lambda would.",
                    "This is a defect of adjudge, or of an installation that lacks files. Please report it.",
                )
            seconds.append(float(done.stdout))
    return min(seconds)
