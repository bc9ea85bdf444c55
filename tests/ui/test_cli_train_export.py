"""`konkyo train export` and `parity` as people run them, on a tiny random model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import gguf
import pytest
from test_cli_docs import documented, keys
from toy_models import toy, with_tensors

from assistant.adapters import AdapterFolder, Manifest
from ingestion.model_files import sha256_of
from ingestion.workspace import open_workspace
from training.tuning.peft_folder import read_peft, write_peft
from ui.cli.main import main
from ui.parity_said import parity_reasons


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a chat model and an adapter that was trained on it."""
    root = tmp_path_factory.mktemp("ws")
    workspace = open_workspace(root)
    folder = workspace.models / "toy"
    folder.mkdir()
    made = toy(tmp_path_factory.mktemp("made"), "llama")
    made.gguf.rename(folder / "toy.gguf")
    adapters = AdapterFolder(workspace.adapters)
    adapters.write(Manifest(
        name="terms-1", created_at="2026-01-02T00:00:00.000+00:00", method="sft", recipe={}, run="r1",
        data={},
        base={"model": "toy", "sha256": sha256_of(folder / "toy.gguf"), "family": "llama"}, seed=0,
        versions={},
    ))  # fmt: skip
    write_peft(read_peft(made.adapter), adapters.folder("terms-1") / "peft")
    return root


@pytest.fixture
def konkyo(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("KONKYO_WORKSPACE", str(place))
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")

    def run(*arguments: str, code: int = 0) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["konkyo", "train", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert int(ended.value.code or 0) == code, captured.err
        return captured.out, captured.err

    return run


def test_an_adapter_is_exported_and_proven(konkyo: Any, place: Path) -> None:
    out, _ = konkyo("export", "terms-1", "--json")
    found = json.loads(out)
    assert keys(found) == keys(documented("train export"))
    assert found["path"] == str(place / "adapters" / "terms-1" / "adapter.gguf")
    assert (
        found["sha256"] == sha256_of(Path(found["path"]))
        and found["bytes"] == Path(found["path"]).stat().st_size
    )
    out, err = konkyo("parity", "terms-1", "--json")
    report = json.loads(out)
    assert report["passed"] and keys(report) == keys(documented("train parity"))
    assert report["adapter_sha256"] == found["sha256"] and "32/32" in err
    out, _ = konkyo("parity", "terms-1")
    assert out.startswith("Passed") and "14 matrices" in out


def test_files_of_other_kinds_are_written_where_they_are_wanted(
    konkyo: Any, place: Path, tmp_path: Path
) -> None:
    copied = json.loads(
        konkyo("export", "terms-1", "--precision", "f16", "--out", str(tmp_path / "a.gguf"), "--json")[0]
    )
    assert copied["sha256"] == sha256_of(tmp_path / "a.gguf")
    assert AdapterFolder(place / "adapters").read("terms-1").gguf["sha256"] == copied["sha256"]  # type: ignore[index]
    merged = json.loads(konkyo("export", "terms-1", "--merged", "--json")[0])
    assert merged["path"] == str(place / "adapters" / "terms-1" / "merged-f16.gguf")
    out, _ = konkyo("export", "terms-1", "--quantise", "q8_0", "--out", str(tmp_path / "sub" / "m.gguf"))
    assert out.startswith(str(tmp_path / "sub" / "m.gguf"))
    types = {one.tensor_type.name for one in gguf.GGUFReader(tmp_path / "sub" / "m.gguf").tensors}
    assert types == {"Q8_0", "F32"}


def test_a_wrong_export_does_not_pass_and_says_why(konkyo: Any, place: Path, tmp_path: Path) -> None:
    konkyo("export", "terms-1", "--json")
    path = place / "adapters" / "terms-1" / "adapter.gguf"
    with_tensors(
        path,
        tmp_path / "other",
        lambda name, values: values[::-1] if "attn_q.weight.lora_b" in name else values,
    )
    (tmp_path / "other").replace(path)
    _, err = konkyo("parity", "terms-1", code=1)
    assert "is not what was exported" in err and len(err.splitlines()) == 1
    adapters = AdapterFolder(place / "adapters")
    manifest = adapters.read("terms-1").as_json()
    adapters.write(Manifest.from_json({**manifest, "gguf": {"sha256": sha256_of(path), "bytes": 1}}))
    out, _ = konkyo("parity", "terms-1")
    assert (
        out.startswith("Not passed") and "q_proj the exported change does not lie where it was trained" in out
    )


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["export", "none"], 1, "there is no adapter 'none'"),
        (["export", "../x"], 1, "cannot be the name"),
        (["export", "terms-1", "--quantise", "q9"], 2, "q9"),
        (["export", "terms-1", "--base", "/none.gguf"], 2, "/none.gguf"),
        (["parity", "none"], 1, "there is no adapter 'none'"),
        (["parity"], 2, "ADAPTER"),
    ],
)
def test_errors_are_one_clear_line(konkyo: Any, arguments: list[str], code: int, told: str) -> None:
    out, err = konkyo(*arguments, code=code)
    assert out == "" and told in err and "Traceback" not in err


def test_every_reason_is_said_in_both_languages() -> None:
    values = {"module": "m", "difference": 0.5, "size": 0.25, "noise": 0.125, "allowed": 0.3, "least": 0.02,
              "tuned": 0.5, "base": 0.75, "conversation": 0, "position": 3, "served": "\n", "trained": None,
              "before": "x"}  # fmt: skip
    codes = ["template", "weights", "no_effect", "noise", "effect", "top1"]
    report = {"reasons": [{"code": code, **values} for code in codes]}
    english, japanese = parity_reasons("en", report), parity_reasons("ja", report)
    assert "served '\\n', trained on ∅, after 'x'" in english[0] and "'\\n'" in japanese[0]
    assert "50.0%" in english[1] and "50.0%" in japanese[1] and "0.2500" in japanese[3]
    assert len(english) == len(japanese) == 6 and not set(english) & set(japanese)


def test_an_adapter_is_softened_and_exported(konkyo: Any, place: Path) -> None:
    out, _ = konkyo("soften", "terms-1", "--name", "terms-1-soft", "--strength", "0.5", "--json")
    assert json.loads(out) == {"adapter": "terms-1-soft", "of": "terms-1", "strength": 0.5}
    assert keys(json.loads(out)) == keys(documented("train soften"))
    konkyo("export", "terms-1-soft")
    _, err = konkyo("soften", "terms-1", "--name", "terms-1-soft", code=1)
    assert "already" in err
    out, _ = konkyo("soften", "terms-1", "--name", "terms-1-softer")
    assert "0.75" in out and "konkyo train export terms-1-softer" in out
