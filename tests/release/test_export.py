import hashlib
import json
from pathlib import Path

import pytest

from adjudge.errors import ConfigError, GateError, MissingError, RunError
from adjudge.release.export import export_adapter, verify_export


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """A PEFT folder with what training leaves beside the adapter."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"r": 8, "base_model_name_or_path": "/home/ann/models/x"}))
    (folder / "adapter_model.safetensors").write_bytes(bytes(range(256)) * 64)
    (folder / "optimizer.pt").write_bytes(b"state")
    return folder


def test_only_the_adapter_leaves(adapter: Path, tmp_path: Path):
    """Weights byte by byte, config, card and manifest; no optimizer state, and no path of the training machine."""
    target = tmp_path / "out" / "release"
    manifest = export_adapter(adapter, target, "# Card\n", base_model="SmolLM2", facts={"judge": "abc"})
    assert {path.name for path in target.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "README.md",
        "manifest.json",
    }
    weights = (adapter / "adapter_model.safetensors").read_bytes()
    assert (target / "adapter_model.safetensors").read_bytes() == weights
    assert (target / "README.md").read_text() == "# Card\n"
    assert json.loads((target / "adapter_config.json").read_text()) == {"r": 8, "base_model_name_or_path": "SmolLM2"}
    hashes = {entry.path: entry.sha256 for entry in manifest.files}
    assert hashes["adapter_model.safetensors"] == hashlib.sha256(weights).hexdigest()
    assert manifest.facts == {"judge": "abc"}
    assert "/home/ann" not in "".join(p.read_text() for p in target.iterdir() if p.suffix != ".safetensors")


def test_verifies_what_it_exported(adapter: Path, tmp_path: Path):
    """A copy as exported verifies; a changed, a missing and an added file are named."""
    target = tmp_path / "release"
    manifest = export_adapter(adapter, target, "# Card\n", base_model="SmolLM2")
    assert verify_export(target) == manifest
    (target / "README.md").write_text("# Other\n")
    with pytest.raises(GateError, match=r"README\.md"):
        verify_export(target)
    (target / "README.md").write_text("# Card\n")
    (target / "extra.py").write_text("x")
    with pytest.raises(GateError, match=r"extra\.py"):
        verify_export(target)
    (target / "extra.py").unlink()
    (target / "adapter_model.safetensors").unlink()
    with pytest.raises(GateError, match="adapter_model"):
        verify_export(target)


def test_refuses_pickled_weights(adapter: Path, tmp_path: Path):
    """Weights that are not safetensors are not released."""
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(MissingError, match="safetensors"):
        export_adapter(adapter, tmp_path / "release", "", base_model="b")
    assert not (tmp_path / "release").exists()


def test_never_mixes_with_what_is_there(adapter: Path, tmp_path: Path):
    """A folder with content is refused untouched; an empty one is taken."""
    target = tmp_path / "release"
    target.mkdir()
    (target / "mine.txt").write_text("keep")
    with pytest.raises(ConfigError, match="not empty"):
        export_adapter(adapter, target, "", base_model="b")
    assert [path.name for path in target.iterdir()] == ["mine.txt"]
    (target / "mine.txt").unlink()
    export_adapter(adapter, target, "", base_model="b")
    verify_export(target)


@pytest.mark.parametrize("content", ["[]", "{"])
def test_damaged_config_leaves_nothing(adapter: Path, tmp_path: Path, content: str):
    """An adapter config that is no object is an error, and no half-made folder stays."""
    (adapter / "adapter_config.json").write_text(content)
    with pytest.raises(RunError):
        export_adapter(adapter, tmp_path / "out" / "release", "", base_model="b")
    assert not (tmp_path / "out").exists()


def test_same_adapter_same_manifest(adapter: Path, tmp_path: Path):
    """Exporting twice gives equal bytes: nothing of time or place gets in."""
    for name in ("a", "b"):
        export_adapter(adapter, tmp_path / name, "# Card\n", base_model="b")
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("a", "b"))
    assert first == second


def test_no_manifest_no_verdict(tmp_path: Path):
    """A folder without manifest is not called good."""
    with pytest.raises(RunError, match="manifest"):
        verify_export(tmp_path)
