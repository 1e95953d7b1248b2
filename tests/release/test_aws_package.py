"""The package of a reward function: what is in it, that it runs alone, and that it is the same each time."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import resources
from pathlib import Path

import pytest

import adjudge
from adjudge.errors import ConfigError, MissingError
from adjudge.release import aws_package
from adjudge.release.aws_modules import closure
from adjudge.release.aws_package import ENTRY, Contents, build, import_seconds
from adjudge.release.aws_target import Machine
from adjudge.release.aws_wheels import requirements, wheel_files
from adjudge.testing.lambda_runtime import lambda_process

pytestmark = pytest.mark.skipif(not Machine.here().is_here, reason="binaries of Linux on x86_64 or arm64 are packed")

SOURCES = Path(adjudge.__file__).parent.parent
EVENT = [
    {"id": "a", "messages": [{"role": "user", "content": "Write."}, {"role": "assistant", "content": "an answer"}]},
    # As SDKs send rows before the training: no turn of the policy, no id.
    {"messages": [{"role": "user", "content": "Write."}]},
]


@pytest.fixture(scope="module")
def contents():
    """The rehearsal task's, whose judge is a script."""
    folder = Path(str(resources.files("adjudge"))) / "templates" / "tiny"
    names = ("task.yaml", "rubric.yaml", "judge.jsonl")
    return Contents({name: (folder / name).read_bytes() for name in names}, {"minimum_content", "judged"})


@pytest.fixture(scope="module")
def package(contents, tmp_path_factory):
    """For this interpreter."""
    return build(contents, Machine.here(), tmp_path_factory.mktemp("package") / "function.zip")


@pytest.fixture(scope="module")
def unpacked(package, tmp_path_factory):
    """The package's folder, as it lies at AWS."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(package.file) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def runtime_client(tmp_path_factory):
    """Lambda's own runtime client in a folder of its own: AWS brings it, the package does not."""
    pytest.importorskip("awslambdaric")
    folder = tmp_path_factory.mktemp("runtime")
    needed = requirements(["awslambdaric"], Machine.here())
    for path, file in wheel_files(needed, Machine.here(), folder).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder / path)
    return folder


def test_the_package_alone_answers_an_event_in_the_true_loop(unpacked, runtime_client, tmp_path):
    """Nothing that is installed here is on the path: only the unpacked zip, and Lambda's own client."""
    with lambda_process(
        "lambda_function.lambda_handler",
        unpacked,
        tmp_path / "log",
        path=[runtime_client],
        environment={"ADJUDGE_CACHE": str(tmp_path / "cache")},
        is_alone=True,
    ) as process:
        answered = process.runtime.invoke(EVENT)
    assert not answered.is_error, (tmp_path / "log").read_text()
    assert [result["id"] for result in answered.payload] == ["a", "row-2"]
    assert all(0.0 <= result["aggregate_reward_score"] <= 1.0 for result in answered.payload)
    told = {metric["name"]: metric["value"] for metric in answered.payload[0]["metrics_list"]}
    # Not a neutral value in the place of a judge that could not read its prompt.
    assert told["adjudge_fallback"] == 0
    assert told["judged"] > 0


def test_the_package_imports_alone_and_says_how_long_it_took(package):
    """The figure that is printed comes from a process with nothing but the package."""
    assert 0.0 < import_seconds(package, tries=1) < 60.0


def test_what_is_loaded_comes_from_the_package(unpacked):
    """Every module of a cold start lies in it, or is the standard library's; and no heavy one is among them."""
    code = (
        f"import sys; sys.path.insert(0, sys.argv[1]); import {ENTRY}\n"
        "for name, module in sys.modules.items(): print(name, getattr(module, '__file__', None), sep='\\t')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code, unpacked], capture_output=True, text=True, check=True
    )
    files = dict(line.split("\t") for line in done.stdout.splitlines())
    known = (str(unpacked), str(Path(os.__file__).parent))
    assert [name for name, file in files.items() if file != "None" and not file.startswith(known)] == []
    assert [name for name, file in files.items() if "site-packages" in file] == []
    loaded = {name.partition(".")[0] for name in files}
    assert loaded & {"torch", "numpy", "scipy", "botocore", "boto3", "pandas", "typer", "rich"} == set()


def test_the_package_is_well_below_the_limit(package):
    """Lambda takes 50 MB; half of it is plenty."""
    assert package.zipped < 25_000_000
    assert package.zipped == package.file.stat().st_size


def test_the_same_task_makes_the_same_bytes(package, contents, tmp_path):
    """Order, dates and bytecode do not depend on when or where it was built."""
    again = build(contents, Machine.here(), tmp_path / "again.zip")
    assert again.file.read_bytes() == package.file.read_bytes()
    assert again.digest == package.digest


def test_entries_are_in_order_without_dates_and_readable(package):
    """What reproducible archives need, and what Lambda needs to read them."""
    with zipfile.ZipFile(package.file) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def test_tests_sources_and_an_installers_records_stay_out(package):
    """Licences and the names of the packages stay in."""
    with zipfile.ZipFile(package.file) as archive:
        names = archive.namelist()
    assert [name for name in names if re.search(r"(^|/)tests?/|\.(pyi|pyx|h|c)$|RECORD$|direct_url", name)] == []
    assert any(name.endswith(".dist-info/METADATA") for name in names)
    assert any("licen" in name.lower() for name in names)
    assert not any("templates/" in name or "adjudge/training" in name for name in names)


def test_a_language_component_brings_its_library_and_only_then(package, contents, tmp_path, monkeypatch):
    """What no component of the task needs is not packed: numpy alone would double the size."""
    assert "py3langid" not in package.packages
    spoken = Contents(contents.task, {*contents.components, "same_language"})
    monkeypatch.setattr(aws_package, "_compiled", lambda entries: {})
    made = build(spoken, Machine.here(), tmp_path / "spoken.zip")
    assert {"py3langid", "numpy"} <= set(made.packages)
    assert "numpy" not in package.packages


def test_what_no_module_imports_and_is_needed_all_the_same_is_in(package):
    """A program that is started by its path, and tables beside the modules that read them."""
    with zipfile.ZipFile(package.file) as archive:
        names = set(archive.namelist())
    assert "adjudge/judges/sandbox_child.py" in names
    beside = {path for path in (SOURCES / "adjudge" / "rewards").iterdir() if path.suffix == ".txt"}
    assert beside
    assert {f"adjudge/rewards/{path.name}" for path in beside} <= names
    assert "adjudge/judges/prompts/rubric.md" in names


def test_a_package_that_is_too_large_is_refused(contents, tmp_path, monkeypatch):
    """With its size and the limit."""
    monkeypatch.setattr(aws_package, "_compiled", lambda entries: {})
    monkeypatch.setattr(aws_package, "MOST_ZIPPED", 1_000)
    with pytest.raises(ConfigError, match="AWS Lambda takes 50 MB"):
        build(contents, Machine.here(), tmp_path / "large.zip")


@pytest.mark.slow
@pytest.mark.parametrize(("runtime", "architecture"), [("python3.13", "x86_64"), ("python3.12", "arm64")])
def test_binaries_are_those_of_the_runtime(contents, tmp_path, runtime, architecture):
    """Fetched by pip for Lambda's Python and processor, in the versions that are installed here."""
    machine = Machine.of_runtime(runtime, architecture)
    try:
        made = build(contents, machine, tmp_path / "function.zip")
    except MissingError as error:
        if "pip could not fetch" in str(error) and re.search("resolve|connection|network|No matching", str(error)):
            pytest.skip(f"no index of packages can be reached: {error}")
        raise
    with zipfile.ZipFile(made.file) as archive:
        binaries = [name for name in archive.namelist() if name.endswith(".so")]

    assert binaries

    short = machine.python.replace(".", "")
    assert [name for name in binaries if f"cpython-{short}-{machine.machine}" not in name and "abi3" not in name] == []
    assert not made.is_compiled


def test_a_runtime_that_lambda_has_ended_is_refused():
    """New functions cannot have it."""
    with pytest.raises(ConfigError, match=r"python3\.11"):
        Machine.of_runtime("python3.11", "x86_64")


def test_the_modules_are_all_that_imports_reach(tmp_path):
    """Imports in functions count, those for type checkers do not, and parents come along."""
    files = {
        "adjudge/__init__.py": "",
        "adjudge/a.py": "from adjudge.p import b\nif TYPE_CHECKING:\n    import adjudge.c\n",
        "adjudge/p/__init__.py": "",
        "adjudge/p/b.py": "import yaml\ndef f():\n    from adjudge import d\n    import orjson.x\n",
        "adjudge/c.py": "",
        "adjudge/d.py": "",
        "adjudge/e.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = closure(tmp_path, ["adjudge.a"])
    assert found.files == (
        "adjudge/__init__.py",
        "adjudge/a.py",
        "adjudge/d.py",
        "adjudge/p/__init__.py",
        "adjudge/p/b.py",
    )
    assert found.foreign["yaml"] == {"adjudge.p.b": True}
    assert found.foreign["orjson"] == {"adjudge.p.b": False}
    assert "adjudge/d.py" not in closure(tmp_path, ["adjudge.a"], frozenset({"adjudge.d"})).files


def test_what_is_never_packed_is_still_there_under_its_name():
    """A module that was renamed would silently be packed, or its absence go unnoticed."""
    for name in aws_package._NEVER:
        assert (SOURCES / f"{name.replace('.', '/')}.py").is_file()
