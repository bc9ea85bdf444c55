"""What documents and people wrote gives the terminal no orders."""

from __future__ import annotations

import io
import sys
from contextlib import closing
from typing import Any

import pytest
from audit_logs import quick_folder
from interface_fakes import LightResources
from rich.progress import Progress
from rich.table import Table

from ingestion.settings import Settings
from ingestion.workspace import open_workspace
from ui.cli import shared
from ui.cli.controls import shown
from ui.cli.main import main
from ui.cli.terminal import SafeConsole
from ui.local import LocalOperations

PLANTED = "before\x1b[2J\x1b]0;title\x07\x9b31m\x7f\rafter"


def controls(text: str) -> set[str]:
    return {sign for sign in text if (ord(sign) < 32 or 127 <= ord(sign) < 160) and sign not in "\n\t"}


def test_only_line_breaks_and_tabs_are_left() -> None:
    every = "".join(map(chr, range(256)))
    assert controls(shown(every)) == set() and len(shown(every)) == 256
    assert shown("a\n\tb 規程 é") == "a\n\tb 規程 é"


@pytest.mark.parametrize("markup", [False, True])
def test_texts_and_cells_of_tables_are_shown_alike(markup: bool) -> None:
    written = io.StringIO()
    console = SafeConsole(file=written, markup=markup, highlight=False)
    console.print(PLANTED)
    table = Table(PLANTED)
    table.add_row(PLANTED)
    console.print(table)
    assert controls(written.getvalue()) == set() and "␛[2J" in written.getvalue()


def test_notes_give_no_orders_either(capsys: pytest.CaptureFixture[str]) -> None:
    shared.note(PLANTED)
    assert controls(capsys.readouterr().err) == set()


def test_styles_and_progress_still_reach_a_terminal() -> None:
    written = io.StringIO()
    console = SafeConsole(file=written, force_terminal=True, width=80)
    console.print("red", style="red")
    assert "\x1b[31mred" in written.getvalue()
    with Progress(console=console) as progress:
        progress.add_task(PLANTED, total=1)
    assert "\x1b[?25h" in written.getvalue() and "\x1b[2J" not in written.getvalue()


def test_a_replayed_question_gives_no_orders(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: Any) -> str:
        monkeypatch.setattr(sys, "argv", ["konkyo", "audit", *map(str, arguments)])
        with pytest.raises(SystemExit):
            main()
        return capsys.readouterr().out

    with quick_folder() as folder:
        workspace = open_workspace(folder / "ws", {})
        with closing(LocalOperations(workspace, resources=LightResources(workspace, Settings()))) as made:
            list(made.ask(PLANTED))
        monkeypatch.setenv("KONKYO_WORKSPACE", str(workspace.root))
        shared.console.cache_clear()
        for arguments in (("list",), ("replay", 2)):
            said = run(*arguments)
            assert "before" in said and controls(said) == set()
        shared.console.cache_clear()
