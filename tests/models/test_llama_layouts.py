"""Layouts of weights: a wheel that computes wrongly or dies is found out in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant import llama_layouts
from assistant.llama_layouts import alike, is_right, main, plain_layouts, safe_layouts
from ingestion.model_store import ModelStore

pytestmark = pytest.mark.model


@pytest.fixture
def model(models_dir: Path) -> Path:
    return ModelStore(models_dir).path_of("smollm2-135m-instruct")


def uses_fast_layouts() -> bool:
    import llama_cpp.llama_cpp as library

    return bool(library.llama_model_default_params().use_extra_bufts)


def test_both_layouts_of_this_wheel_give_the_same_scores(model: Path, tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "layouts.json"
    assert is_right(model, kept) and main([str(model)]) == 0
    (found,) = json.loads(kept.read_text("utf-8")).items()
    assert str(model) in found[0] and found[1] is True


def test_what_was_found_is_not_tried_again_and_what_failed_is_kept_too(tmp_path: Path) -> None:
    broken, kept = tmp_path / "broken.gguf", tmp_path / "layouts.json"
    broken.write_bytes(b"no model")
    assert not is_right(broken, kept)
    told = json.loads(kept.read_text("utf-8"))
    assert list(told.values()) == [False]
    kept.write_text(json.dumps({key: True for key in told}), "utf-8")
    assert is_right(broken, kept)
    broken.write_bytes(b"another file")  # what was found holds for one file and one wheel
    assert not is_right(broken, kept)
    kept.write_text("not json", "utf-8")
    assert not is_right(broken, kept)


def test_scores_that_differ_are_not_alike(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = llama_layouts._scores
    monkeypatch.setattr(
        llama_layouts, "_scores", lambda path: real(path) * (-1 if uses_fast_layouts() else 1)
    )
    assert not alike(model)
    assert main([str(model)]) == 1


def test_plain_layouts_are_taken_where_the_fast_ones_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no model")
    monkeypatch.setattr(llama_layouts, "has_matrix_units", lambda: True)
    assert uses_fast_layouts()
    with safe_layouts(broken):
        assert not uses_fast_layouts()
    assert uses_fast_layouts()
    with plain_layouts():
        assert not uses_fast_layouts()


def test_nothing_is_tried_without_matrix_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_layouts, "has_matrix_units", lambda: False)
    with safe_layouts(tmp_path / "absent.gguf"):
        assert uses_fast_layouts()
