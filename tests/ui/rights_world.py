"""A workspace with accounts, documents whose words and names occur nowhere else, a chat model that quotes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from interface_fakes import LightResources

from assistant.accounts.accounts import Accounts
from assistant.accounts.passwords import Passwords
from assistant.answering import Assistant
from assistant.answers import Message
from assistant.generation import never
from assistant.grounding.verdicts import RuleChecker
from assistant.task_prompts import TaskPrompts
from assistant.tasks.performing import TaskDesk
from assistant.writing import Writer
from ingestion.access_settings import AccessSettings, ProxySettings
from ingestion.documents import LOCAL_USER, Document
from ingestion.library_writing import LibraryWriter
from ingestion.location_rows import FileState
from ingestion.pipeline import ingest
from ingestion.settings import Settings
from ingestion.workspace import Workspace, open_workspace
from ui.account_files import AccountFiles
from ui.local import LocalOperations

Json = dict[str, Any]
PASSWORD = "correct horse 馬"
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
"""Hashes that cost nothing, for tests that hash much."""


def _never_read(path: Path) -> Document:
    raise AssertionError(f"{path} was read, though only rights had changed")


class QuotingGenerator:
    """Writes down the first lines of its sources, as a weak model does that leaks what it can."""

    name = "quoting"
    context_tokens = 8192

    def count_tokens(self, text: str) -> int:
        return len(text)

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        yield " ".join(messages[-1].content.split())[:400]


class QuotingResources(LightResources):
    """The real library, retrieval, assistant and tasks; embedder and chat model cost nothing."""

    def assistant(self, model: str | None = None) -> Any:
        found, generator = self.search, QuotingGenerator()
        checker, prompts = RuleChecker(self.settings.answers), TaskPrompts()
        writer = Writer(generator, checker, self.settings.generation)
        desk = TaskDesk(found.library, found.retriever, writer, prompts)
        return Assistant(found.retriever, generator, checker, self.settings, prompts=prompts, desk=desk)


class AccountsForTests(AccountFiles):
    """Accounts whose passwords cost nothing."""

    proxy: ProxySettings | None = None

    def open(self) -> Accounts:
        if self._accounts is None:
            settings = self._workspace.settings().access
            if self.proxy is not None:
                settings = settings.model_copy(update={"proxy": self.proxy})
            self._accounts = Accounts(self._workspace.accounts_path, settings, keeping=CHEAP)
        return self._accounts


class RightsWorld:
    """Documents in folders a, b and c; some lie in two of them. No rights are given yet."""

    def __init__(self, root: Path, documents: int) -> None:
        self.docs = root / "docs"
        self.places: dict[int, list[str]] = {}
        """Number of a document → its paths below `docs`."""
        for number in range(documents):
            folders = ("a", "b", "c")[number % 3 :][: 1 + number % 2]
            self.places[number] = [f"{folder}/{self.name(number, folder)}.md" for folder in folders]
            for place in self.places[number]:
                path = self.docs / place
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.text(number), "utf-8")
        self.workspace: Workspace = open_workspace(root / "ws", {})
        self.resources = QuotingResources(self.workspace, Settings())
        self.operations = LocalOperations(self.workspace, owns_lock=True, resources=self.resources)
        self.ids: dict[int, str] = {}
        report = list(self.operations.ingest([str(self.docs)]))[-1]
        assert report["event"] == "report", report
        for found in self.operations.documents():
            number = next(
                number for number, places in self.places.items() if found["locations"][0]["path"] in places
            )
            self.ids[number] = found["id"]
        assert len(self.ids) == documents

    @staticmethod
    def word(number: int) -> str:
        """A word of this document alone."""
        return f"zq{number:03d}vx"

    @staticmethod
    def hidden(number: int) -> str:
        """Another word of this document alone, which nobody asks for."""
        return f"yy{number:03d}ww"

    @staticmethod
    def name(number: int, folder: str) -> str:
        """A file name of this place alone."""
        return f"nm{folder}{number:03d}kk"

    def text(self, number: int) -> str:
        return (
            f"# tt{number:03d}hh\n\nThe common rule of the company about travel is number {number}.\n\n"
            f"The secret word of this paper is {self.word(number)} {self.hidden(number)}.\n"
        )

    def grant(self, rights: dict[str, frozenset[str]]) -> None:
        """Path → the groups that it carries from now on."""
        writer = LibraryWriter(self.operations.resources.library)
        for groups in set(rights.values()):
            files = [
                FileState(str(self.docs), path, 0, 0) for path, carried in rights.items() if carried == groups
            ]
            writer.grant(files, groups)

    def set_rights(self, kind: str, rights: dict[str, frozenset[str]]) -> None:
        """As `grant`, by "settings", or by a sync of rights.csv: "file", or "broken" with one wrong row."""
        if kind == "settings":
            self.grant(rights)
            return
        rows = [f"{path},{' '.join(sorted(carried))}" for path, carried in rights.items()]
        rows += ["a,(x)"] if kind == "broken" else []
        (self.docs / "rights.csv").write_text("\n".join(["path,groups", *rows, ""]), "utf-8")
        found = self.resources.search
        report = ingest(
            [self.docs], library=found.library, indexes=found.indexes, embedder=found.embedder,
            settings=Settings.model_validate({"sources": {str(self.docs): {"rights": "file"}}}),
            parse=_never_read,
        )  # fmt: skip
        assert report.unchanged == sum(map(len, self.places.values()))
        assert bool(report.failed) == (kind == "broken")

    def accounts(self, ungrouped: str = "nobody") -> Accounts:
        settings = AccessSettings.model_validate({"ungrouped": ungrouped})
        return Accounts(self.workspace.accounts_path, settings, keeping=CHEAP)

    def kept_answer(self, numbers: Sequence[int], place: int = 0) -> Json:
        """An answer as conversations keep it, that quotes these documents, each at one of its places."""
        cited, hits = [], []
        for number in numbers:
            stored = self.operations.resources.library.document(self.ids[number], LOCAL_USER)
            assert stored is not None
            places = self.places[number]
            text = stored.document.text
            start = text.index("The secret")
            where = {
                "document": stored.id, "source": str(self.docs), "path": places[place % len(places)],
                "title": stored.title, "page": None, "page_label": None, "locator": None, "format": "md",
            }  # fmt: skip
            cited.append(
                {
                    **where,
                    "number": len(cited) + 1,
                    "score": 1.0,
                    "start": start,
                    "end": len(text),
                    "quote": text[start:],
                    "cell": None,
                }
            )
            hits.append(
                {
                    **where,
                    "rank": len(hits) + 1,
                    "chunk_id": f"{stored.id}:0-{len(text)}",
                    "score": 1.0,
                    "start": 0,
                    "end": len(text),
                    "text": text,
                    "heading_path": [stored.title],
                }
            )
        said = " ".join(f"It is {self.word(number)} {self.hidden(number)}." for number in numbers)
        claim = {"text": said, "start": 0, "end": len(said), "verdict": "supported", "citations": cited}
        return {
            "answer": said, "draft": said, "question": "Which?", "hits": hits, "abstained": False,
            "claims": [claim], "disagreements": [],
        }  # fmt: skip

    def close(self) -> None:
        self.operations.close()
