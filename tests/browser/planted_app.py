"""The page over the real library, search, checks and records; the chat model says what was planted."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "ui")]

from interface_fakes import LightResources  # noqa: E402

from assistant import writing  # noqa: E402
from assistant.answering import Assistant  # noqa: E402
from assistant.answers import Message  # noqa: E402
from assistant.generation import never  # noqa: E402
from assistant.grounding.verdicts import RuleChecker  # noqa: E402
from ingestion.settings import SourceSettings  # noqa: E402
from ingestion.workspace import open_workspace  # noqa: E402
from ui.local import LocalOperations  # noqa: E402
from ui.web import app, resources  # noqa: E402

RIGHT = "経費は毎月末日で締め切り、翌月の第5営業日までに申請します。"
WRONG = "申請には社長の署名と印鑑証明書が要ります。"
PAID = "承認された経費は、申請の翌月25日に給与とともに支払われます。"
KEPT = "画像の提出後も、領収書の原本は6か月間、本人が保管します。"
TIMES = "支払証明書による精算は、1人につき年5回までです。"
writing.CHECK_SECONDS = 120.0  # a busy machine must not turn the verdicts looked at into "not checked"
NOTICE = "# お知らせ\n\n経費は毎月末日で締め切り、翌月の第3営業日までに申請しなければならない。\n"


@dataclass
class Planted:
    """Writes the reply that belongs to the question."""

    name: str = "planted-model"
    context_tokens: int = 4096
    waiting: int = 0

    def count_tokens(self, text: str) -> int:
        return len(text) // 2

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
        **_: Any,
    ) -> Iterator[str]:
        reply = KEPT + TIMES if "領収書" in messages[-1].content.rsplit("\n", 1)[-1] else RIGHT + WRONG + PAID
        for start in range(0, len(reply), 5):
            if cancelled():
                return
            yield reply[start : start + 5]


class PlantedResources(LightResources):
    """The real assistant with the planted model and the checks by rule."""

    def assistant(self, model: str | None = None) -> Any:
        checker = RuleChecker(self.settings.answers)
        return Assistant(self.search.retriever, Planted(), checker, self.settings)


def prepare(folder: Path) -> None:
    """Make the workspace, so that the page need not wait for it."""
    documents = folder / "documents"
    documents.mkdir(parents=True)
    for name in ("経費精算規程.pdf", "出張旅費規程.md"):
        shutil.copy(ROOT / "samples" / "documents" / name, documents / name)
    (documents / "経理部からのお知らせ.md").write_text(NOTICE, "utf-8")
    with closing(_opened(folder)) as operations:
        list(operations.ingest([str(documents)]))


def _opened(folder: Path) -> LocalOperations:
    documents = folder / "documents"
    workspace = open_workspace(folder / "workspace", {})
    owners = {str(documents): SourceSettings(owner="経理部 山本（内線 204）")}
    answers = workspace.settings().answers.model_copy(
        update={"unsupported": os.environ.get("PLANTED_WAY", "mark")}
    )
    settings = workspace.settings().model_copy(update={"sources": owners, "answers": answers})
    return LocalOperations(workspace, resources=PlantedResources(workspace, settings))


if "--prepare" in sys.argv:
    prepare(Path(os.environ["PLANTED_FOLDER"]))
else:
    resources.connect_with = lambda: _opened(Path(os.environ["PLANTED_FOLDER"]))
    app.main()
