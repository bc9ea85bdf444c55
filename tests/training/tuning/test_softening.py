"""A softened adapter adds its share of what was trained, and nothing else of it changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from toy_models import Toy, toy

from assistant.adapters import GGUF, PEFT, AdapterFolder, Manifest
from assistant.errors import AdapterError
from training.errors import ExportError
from training.tuning.families import base_model
from training.tuning.gguf_export import export_adapter, import_adapter
from training.tuning.peft_folder import read_peft, write_peft
from training.tuning.softening import soften


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    yield toy(tmp_path_factory.mktemp("llama"), "llama")


@pytest.fixture
def adapters(llama: Toy, tmp_path: Path) -> AdapterFolder:
    folder = AdapterFolder(tmp_path)
    folder.write(
        Manifest(
            name="terms-1", created_at="2026-01-02T00:00:00.000+00:00", base={"model": "toy"}, method="sft",
            recipe={"lora": {"rank": 4, "alpha": 8.0}}, run="r1", data={"documents": ["d1"]}, seed=0,
            versions={}, gate={"passed": False}, parity={"passed": True},
        )
    )  # fmt: skip
    write_peft(read_peft(llama.adapter), tmp_path / "terms-1" / PEFT)
    return folder


def test_each_matrix_gets_its_share(adapters: AdapterFolder, llama: Toy, tmp_path: Path) -> None:
    soften(adapters, "terms-1", 0.75, "soft")
    export_adapter(adapters, "soft", llama.gguf)
    import_adapter(tmp_path / "soft" / GGUF, base_model(llama.gguf), tmp_path / "back")
    whole, part = read_peft(llama.adapter), read_peft(tmp_path / "back")
    assert whole.pairs.keys() == part.pairs.keys() and whole.pairs
    for module, pair in whole.pairs.items():
        assert np.allclose(part.pairs[module].delta(), 0.75 * pair.delta(), rtol=1e-5, atol=0)


def test_scales_of_single_modules_are_softened_too(adapters: AdapterFolder, tmp_path: Path) -> None:
    config = tmp_path / "terms-1" / PEFT / "adapter_config.json"
    told = json.loads(config.read_text("utf-8"))
    config.write_text(json.dumps({**told, "alpha_pattern": {"q_proj": 6}}), "utf-8")
    soften(adapters, "terms-1", 0.5, "soft")
    whole, part = (read_peft(tmp_path / name / PEFT) for name in ("terms-1", "soft"))
    scales = {module: pair.scale for module, pair in whole.pairs.items()}
    assert len(set(scales.values())) == 2
    assert {module: pair.scale for module, pair in part.pairs.items()} == pytest.approx(
        {module: scale / 2 for module, scale in scales.items()}
    )


def test_what_is_known_of_it_goes_along_and_what_was_found_does_not(adapters: AdapterFolder) -> None:
    made = soften(adapters, "terms-1", 0.75, "soft")
    first = adapters.read("terms-1")
    assert adapters.read("soft") == made and made.parents == ("terms-1",)
    assert (made.gguf, made.parity, made.gate) == (None, None, None)
    assert (made.data, made.base, made.run) == (first.data, first.base, first.run)
    assert made.recipe == {"lora": {"rank": 4, "alpha": 6.0}} and first.recipe["lora"]["alpha"] == 8.0


@pytest.mark.parametrize("strength", [0.0, 1.0, -0.5, 2.0, float("nan")])
def test_a_strength_is_a_share(adapters: AdapterFolder, strength: float) -> None:
    with pytest.raises(ExportError, match="between 0 and 1"):
        soften(adapters, "terms-1", strength, "soft")
    assert adapters.names() == ["terms-1"]


def test_nothing_is_written_over_or_left_half(
    adapters: AdapterFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ExportError, match="already"):
        soften(adapters, "terms-1", 0.5, "terms-1")
    with pytest.raises(AdapterError, match="no adapter 'none'"):
        soften(adapters, "none", 0.5, "soft")
    with pytest.raises(AdapterError, match="cannot be the name"):
        soften(adapters, "terms-1", 0.5, "../soft")

    def full(*args: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("training.tuning.softening.shutil.copytree", full)
    with pytest.raises(ExportError, match="cannot be written"):
        soften(adapters, "terms-1", 0.5, "soft")
    assert [path.name for path in tmp_path.iterdir()] == ["terms-1"]


def test_what_was_not_trained_here_cannot_be_softened(adapters: AdapterFolder, tmp_path: Path) -> None:
    (tmp_path / "terms-1" / PEFT / "adapter_config.json").unlink()
    with pytest.raises(ExportError, match="no trained adapter"):
        soften(adapters, "terms-1", 0.5, "soft")
