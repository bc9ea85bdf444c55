"""What is done to a library between two runs of ingestion: a document removed, all chunks embedded anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ingestion.documents import LOCAL_USER, User
from ingestion.embedding import Embedder
from ingestion.indexes import SearchIndexes
from ingestion.ingest_report import IngestProgress, Meter
from ingestion.library import Library
from ingestion.library_feed import LibraryFeed
from ingestion.library_writing import LibraryWriter
from ingestion.member_files import forget_members

_BATCH = 16  # passages between two calls of `wait_turn`: about half a second on two cores


def remove_document(
    document_id: str, *, library: Library, indexes: SearchIndexes, user: User = LOCAL_USER
) -> dict[str, Any]:
    """Remove a document that `user` may read. A file that stays in a folder comes back with its next sync."""
    stored = library.document(document_id, user)
    if stored is None:
        return {"done": False, "document": document_id, "locations": []}
    writer = LibraryWriter(library)
    for place in stored.locations:
        _read_again(writer, place.source, place.path)
    writer.remove_document(document_id)
    for place in stored.locations:  # with what lies inside it
        writer.relink([], [(place.source, path) for path in writer.known_files(place.source, place.path)])
    forget_members(library)
    indexes.catch_up()
    places = [{"source": place.source, "path": place.path} for place in stored.locations]
    return {"done": True, "document": document_id, "locations": places}


def _read_again(writer: LibraryWriter, source: str, path: str) -> None:
    """Have the next run read the file on disk that holds `path`: unchanged, it would not be opened."""
    known = writer.known_files(source, path).get(path)
    if known is None or (container := known.state.container) is None:
        return
    held = writer.known_files(source, container).get(container)
    if held is not None and held.document is not None:
        writer.relink([(replace(held.state, mtime_ns=0), held.document)])


def reembed(
    *,
    library: Library,
    indexes: SearchIndexes,
    embedder: Embedder,
    progress: Callable[[IngestProgress], None] = lambda progress: None,
    wait_turn: Callable[[], None] = lambda: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Embed every chunk with another model. The old vectors serve until all new ones are there.

    Vectors are committed by batches, so a run that was stopped goes on where it was.
    """
    feed, writer, meter = LibraryFeed(library), LibraryWriter(library), Meter()
    meter.begin(*(2 * [feed.count()[1] - len(feed.vector_rows(embedder.identity))]))
    while True:
        for batch in feed.chunks_without_vector(embedder.identity):
            for begin in range(0, len(batch), _BATCH):
                wait_turn()
                if cancelled():
                    return {"done": False, "chunks": meter.chunks, "embedder": embedder.identity}
                part = batch[begin : begin + _BATCH]
                vectors = embedder.embed_passages([chunk.embedded for chunk in part])
                writer.add_vectors(embedder.identity, [chunk.row for chunk in part], vectors)
                meter.chunks += len(part)
                meter.files, meter.bytes = meter.chunks, meter.chunks
                progress(meter.progress("embed", ""))
        if writer.switch_embedder(embedder.identity, embedder.dimension) == 0:
            break  # else a document came in meanwhile
    indexes.switch_embedder(embedder.identity, embedder.dimension)
    return {"done": True, "chunks": meter.chunks, "embedder": embedder.identity}
