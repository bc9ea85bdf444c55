"""Figures are described when the settings come to name another model, and unused answers are removed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from library_fakes import World
from test_figure_descriptions import BLUE, RED, Server, ingest, server, settings, world, write_word

from ingestion import library_schema as t
from ingestion.described_rows import DescribedRows
from ingestion.describing import undescribed
from ingestion.source_settings import SourceSettings
from ingestion.sources.configured import Source
from ingestion.sources.preview import preview

pytestmark = pytest.mark.network
__all__ = ["server", "world"]  # fixtures


def text(world: World, name: str) -> str:
    summary = next(found for found in world.library.documents_list() if found.locations[0].path == name)
    stored = world.library.document(summary.id)
    assert stored is not None
    return stored.document.text


def answers(world: World) -> list[Path]:
    return sorted((world.root / "descriptions").glob("*.json"))


def grow_old(world: World) -> None:
    for path in answers(world):
        os.utime(path, (time.time() - 2 * 86_400,) * 2)


def test_documents_that_were_there_before_are_described_by_the_next_run(world: World, server: Server) -> None:
    write_word(world.docs / "a.docx", RED)
    world.write("plain.txt", "図のない文書である。")
    ingest(world, settings(""))
    assert undescribed(world.library, settings("")) == frozenset()
    chosen = settings(server.url)
    source = Source(str(world.docs), "folder", world.docs, SourceSettings(), configured=False)
    assert preview(source, world.library, chosen).reread == ["a.docx"]
    report = ingest(world, chosen)
    assert "吸込口" in text(world, "a.docx") and (len(server.asked), report.reparsed) == (1, 1)
    assert ingest(world, chosen).reparsed == 0 and len(server.asked) == 1
    report = ingest(world, settings(server.url, model="better"))
    assert (len(server.asked), report.reparsed) == (2, 1)


def test_a_server_that_failed_is_asked_again_on_another_day_only(world: World, server: Server) -> None:
    write_word(world.docs / "a.docx", RED)
    server.status = 503
    chosen = settings(server.url)
    ingest(world, chosen)
    server.status = 200
    before = len(server.asked)
    assert ingest(world, chosen).reparsed == 0 and len(server.asked) == before
    with t.writing(world.library.engine).begin() as connection:
        old = connection.execute(sa.select(t.described.c.by)).scalar_one()
        assert old.startswith("!20")
        connection.execute(sa.update(t.described).values(by=f"!2020-01-01{old[11:]}"))
    assert ingest(world, chosen).reparsed == 1
    assert "吸込口" in text(world, "a.docx")


def test_answers_that_no_document_uses_are_removed_when_they_are_old(world: World, server: Server) -> None:
    write_word(world.docs / "a.docx", RED)
    write_word(world.docs / "b.docx", BLUE)
    world.write("plain.txt", "図のない文書である。")
    chosen = settings(server.url)
    ingest(world, chosen)
    kept = answers(world)
    assert len(kept) == 2
    (world.docs / "b.docx").unlink()
    ingest(world, chosen, allow_empty=True)
    assert answers(world) == kept  # a day old at least
    grow_old(world)
    ingest(world, chosen)
    (left,) = answers(world)
    assert left in kept
    assert DescribedRows(world.library).prune(world.root / "descriptions") == 0
    ingest(world, settings(""), reparse=True)  # read again without descriptions
    assert answers(world) == [] and "吸込口" not in text(world, "a.docx")
