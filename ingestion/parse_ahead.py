"""Files are parsed in order, some of them ahead of the one that is being used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.library import file_path
from ingestion.location_rows import FileState
from ingestion.parsing import ParserProcess
from ingestion.settings import IngestionSettings

Job = tuple[str, list[FileState]]
"""A document's id, and all files that hold its bytes."""

_PARSED_AHEAD = 4


def parse_ahead(
    todo: list[Job], settings: IngestionSettings, parse: Callable[[Path], Document] | None
) -> Iterator[tuple[str, list[FileState], Document | ReadError]]:
    """Parse all of `todo` in order; `parse` replaces the child process."""
    child = ParserProcess(settings)
    pool = ThreadPoolExecutor(1, thread_name_prefix="parse")
    ahead: deque[tuple[str, list[FileState], Future[Document | ReadError]]] = deque()
    try:
        for id, files in todo:
            ahead.append((id, files, pool.submit(_parse_file, parse or child.parse, files[0])))
            if len(ahead) > _PARSED_AHEAD:
                first = ahead.popleft()
                yield first[0], first[1], first[2].result()
        for id, files, future in ahead:
            yield id, files, future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        child.close()
        pool.shutdown()


def _parse_file(parse: Callable[[Path], Document], file: FileState) -> Document | ReadError:
    path = file_path(file.source, file.path, file.raw_path)
    try:
        document = parse(path)
        state = path.stat()
    except ReadError as error:
        return error
    except OSError as error:
        return ReadError(f"it cannot be read ({error.strerror or error})")
    if (state.st_mtime_ns, state.st_size) != (file.mtime_ns, file.size):
        return ReadError("it was changed while it was being read. The next run takes it.")
    return document
