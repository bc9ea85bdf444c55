from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.adapters import AdapterFolder, Manifest, Publication
from assistant.errors import AdapterError


def manifest(name: str = "terms-1", created_at: str = "2026-01-02T00:00:00.000+00:00") -> Manifest:
    return Manifest(
        name=name, created_at=created_at, base={"model": "small", "sha256": "ab", "family": "qwen2"},
        method="sft", recipe={"rank": 8}, run="r1", data={"hash": "cd", "train": 3, "documents": ["d1"]},
        seed=0, versions={"torch": "2"}, parents=("older",),
    )  # fmt: skip


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder = AdapterFolder(tmp_path / "adapters")
    exported = replace(manifest(), gguf={"bytes": 3, "sha256": "ef"})
    folder.write(exported)
    assert folder.read("terms-1") == exported
    assert [path.name for path in (tmp_path / "adapters" / "terms-1").iterdir()] == ["manifest.json"]


def test_names_come_oldest_first(tmp_path: Path) -> None:
    folder = AdapterFolder(tmp_path)
    folder.write(manifest("a-new", "2026-02-01"))
    folder.write(manifest("z-old", "2026-01-01"))
    assert folder.names() == ["z-old", "a-new"]


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "A", "名前", "x" * 65, ".hidden", "base"])
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(AdapterError, match="cannot be the name"):
        AdapterFolder(tmp_path).folder(name)


def test_what_is_not_there_or_broken_is_said(tmp_path: Path) -> None:
    folder = AdapterFolder(tmp_path)
    with pytest.raises(AdapterError, match="no adapter 'none'"):
        folder.read("none")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "manifest.json").write_text("{", "utf-8")
    with pytest.raises(AdapterError, match="Train the adapter again"):
        folder.read("bad")
    (tmp_path / "bad" / "manifest.json").write_text(json.dumps({"name": "bad"}), "utf-8")
    with pytest.raises(AdapterError, match="created_at"):
        folder.read("bad")
    (tmp_path / "bad" / "manifest.json").write_text("[]", "utf-8")
    with pytest.raises(AdapterError, match="no table"):
        folder.read("bad")


def test_a_newer_manifest_is_still_read(tmp_path: Path) -> None:
    folder = AdapterFolder(tmp_path)
    folder.write(manifest())
    path = tmp_path / "terms-1" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "later": 1}), "utf-8")
    assert folder.read("terms-1") == manifest()


def test_publication_keeps_every_change(tmp_path: Path) -> None:
    folder = AdapterFolder(tmp_path / "none yet")
    assert folder.publication() == Publication()
    first = replace(Publication().changed("publish", "a", by="local"), current="a")
    second = replace(first.changed("rollback", None, by="local", reason="worse"), current=None)
    folder.publish(second)
    read = folder.publication()
    assert read.current is None
    assert [(row["act"], row["adapter"], row["previous"]) for row in read.history] == [
        ("publish", "a", None),
        ("rollback", None, "a"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        '{"current": null, "trial": {"adapter": "a"}, "history": []}',
        '{"current": null, "trial": {"adapter": "a", "share": "much"}, "history": []}',
        '{"current": null, "trial": 0.2, "history": []}',
        '{"current": null, "trial": null, "history": ["published terms-1"]}',
    ],
)
def test_a_broken_publication_is_no_silent_base_model(tmp_path: Path, text: str) -> None:
    (tmp_path / "published.json").write_text(text, "utf-8")
    with pytest.raises(AdapterError, match="published"):
        AdapterFolder(tmp_path).publication()
