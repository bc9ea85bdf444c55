"""`konkyo sync` itself: output and exit codes. No model is needed for what is told before one is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_cli import konkyo  # noqa: F401

from ui.cli import showing
from ui.cli.sync import _exit_code


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    (tmp_path / "ws").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/規程.txt").write_text("第1条", "utf-8")
    (tmp_path / "docs/film.mp4").write_text("x")
    settings = f'[sources.rules]\nkind = "folder"\npath = "{tmp_path}/docs"\n'
    (tmp_path / "ws/konkyo.toml").write_text(settings, "utf-8")
    return tmp_path / "docs"


def test_without_sources_it_says_what_to_do(konkyo: Any) -> None:  # noqa: F811
    ran = konkyo("sync")
    assert ran.code == 1 and "[sources." in ran.err and ran.out == ""


def test_a_dry_run_shows_and_changes_nothing(konkyo: Any, configured: Path) -> None:  # noqa: F811
    ran = konkyo("sync", "rules", "--dry-run", "--json")
    (found,) = ran.json
    assert (ran.code, found["added"], found["refused"]) == (0, ["規程.txt"], None)
    (failed,) = found["failed"]
    assert (failed["path"], failed["reason"]) == ("film.mp4", "unsupported format .mp4")
    ran = konkyo("sync", "--dry-run")
    assert ran.out.splitlines() == [
        "rules",
        "1 to add, 0 changed, 0 moved, 0 to remove, 0 unchanged, 0 to read again, "
        "0 ignored, 0 empty, 1 unreadable",
        "  + 規程.txt",
        "  ! film.mp4: unsupported format .mp4",
    ]
    assert konkyo("documents", "list", "--json").json == []


def test_a_source_that_fails_is_named_and_the_exit_code_is_1(konkyo: Any, configured: Path) -> None:  # noqa: F811
    ran = konkyo("sync", str(configured), "--json")  # there is no model to embed with
    (outcome,) = ran.json
    assert ran.code == 1 and outcome["name"] == "rules" and "multilingual-e5-small" in outcome["error"]
    ran = konkyo("sync")
    assert ran.code == 1 and ran.err.startswith("error: rules: ") and len(ran.err.splitlines()) == 1


def test_watching_cannot_be_combined(konkyo: Any, configured: Path) -> None:  # noqa: F811
    assert konkyo("sync", "--watch", "--dry-run").code == 2
    assert konkyo("sync", "nothing", "--watch").code == 1


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ([], 0),
        ([(None, False)], 0),
        ([("x", True)], 3),
        ([("x", True), ("y", False)], 1),
        ([("x", True), (None, False)], 3),
    ],
)
def test_exit_codes(ends: list[tuple[str | None, bool]], code: int) -> None:
    assert _exit_code([{"error": error, "refused": refused} for error, refused in ends]) == code


def test_a_long_list_is_cut_and_a_refusal_is_named() -> None:
    found = {
        "error": None, "refused": "60 of 60 have vanished", "added": [], "changed": [],
        "moved": [{"from": "a", "to": "b"}], "removed": [f"f{n}" for n in range(60)], "unchanged": 1,
        "reread": ["old.pdf"], "ignored": 0, "empty": 0, "failed": [],
    }  # fmt: skip
    lines = [text for text, _ in showing.preview_lines(json.loads(json.dumps(found)), 2)]
    assert lines[1:] == [
        "  → a → b", "  - f0", "  - f1", "  - and 58 more", "  ↻ old.pdf",
        "needs --allow-empty: 60 of 60 have vanished"
    ]  # fmt: skip
