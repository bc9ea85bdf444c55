"""What readers said of answers, listed and exported: its quotes are those that may be shown now."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from test_shown_again import PHONE, asked, docs, opened, operations, workspace

from ingestion.screening.policy import ScreeningSettings
from ingestion.settings import Settings
from ingestion.workspace import Workspace
from ui.local import LocalOperations

__all__ = ["docs", "operations", "workspace"]


def test_what_is_masked_since_is_masked_in_the_feedback(
    operations: LocalOperations, workspace: Workspace, docs: Path
) -> None:
    key = asked(operations)
    message = operations.conversation(key)["messages"][1]["id"]
    operations.give_feedback(key, message, rating="down", reason="wrong", comment="古い番号です")
    (said,) = operations.feedback()
    assert PHONE in said["answer"] and PHONE in said["claims"][0]["citations"][0]["quote"]
    operations.close()
    with closing(opened(workspace, Settings(screening=ScreeningSettings(personal="mask")))) as again:
        assert list(again.ingest([str(docs)]))[-1]["event"] == "report"
        (masked,) = again.feedback(conversation=key)
        assert PHONE not in str(masked)
        assert masked["answer"] == again.conversation(key)["messages"][1]["answer"]["answer"]
        assert masked.keys() == said.keys()
        assert (masked["question"], masked["comment"]) == (said["question"], "古い番号です")
