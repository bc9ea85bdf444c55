"""Files are parsed by one or more child processes, ahead of what is being used.

What a file holds inside is taken out in the same process, into `scratch`, and becomes jobs of its own.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path, PurePosixPath
from queue import SimpleQueue

import psutil

from ingestion.containers import ContainerError, Member, UnpackLimits
from ingestion.describing import Describer
from ingestion.documents import Document, Figure
from ingestion.errors import PassingError, ReadError
from ingestion.library import file_path
from ingestion.location_rows import FileState
from ingestion.page_images import FIGURE_IMAGE, PAGE_PART
from ingestion.parsing import ParserProcess
from ingestion.reading import ReadOptions
from ingestion.screening.policy import real_folder
from ingestion.settings import IngestionSettings

UNPACK = "ingestion.containers:unpack"
_PARSED_AHEAD = 4
_FIGURE_SCALE = 2.0  # pixels a point, of figures on pages


@dataclass(slots=True)
class Room:
    """What may still be taken out of one file on disk, whatever lies within what.

    `left` are bytes; `places` are locations, for one archive that an outer one holds often is unpacked once,
    but listed everywhere.
    """

    left: int
    places: int


@dataclass(slots=True)
class Job:
    """Bytes to be parsed, and all files that hold them.

    `path` is where the bytes of a file inside another lie for now; None for a file on disk. `depth` counts
    the files around it. `parent` waits for its members. `again` says that the library has the document.
    """

    id: str
    files: list[FileState]
    size: int
    path: Path | None = None
    depth: int = 0
    parent: Job | None = None
    again: bool = False
    room: Room | None = None
    open_members: int = field(default=0, init=False)


@dataclass(slots=True)
class Outcome:
    """A document with its members, or the reason why there is none. `ignored` counts members left out.

    With a reason that is `passing` another run may read it.
    """

    job: Job
    document: Document | None = None
    members: list[Member] = field(default_factory=list)
    reason: str = ""
    ignored: int = 0
    passing: bool = False


def limits_of(settings: IngestionSettings, size: int | None = None) -> UnpackLimits:
    """What may be taken out of one file; `size` in bytes where less is left than settings allow."""
    most = settings.members_mb * 2**20
    return UnpackLimits(settings.members, most if size is None else size, settings.ignore)


def options_for(settings: IngestionSettings, file: FileState) -> ReadOptions:
    """Passwords, and the mode of text recognition of the deepest folder that has one."""
    place = PurePosixPath(file.source, file.path)
    around = [str(folder) for folder in (place, *place.parents)]
    modes = {real_folder(folder): mode for folder, mode in settings.ocr_folders.items()}
    modes |= {folder.rstrip("/") or "/": mode for folder, mode in settings.ocr_folders.items()}
    mode = next((modes[folder] for folder in around if folder in modes), settings.ocr)
    cores = psutil.cpu_count() or 1
    return ReadOptions(settings.passwords, mode, threads=max(1, cores // processes_of(settings)))


def processes_of(settings: IngestionSettings) -> int:
    """How many files are parsed at once."""
    return settings.processes or max(1, (psutil.cpu_count() or 1) // 4)


class ParseAhead:
    """Iterate to get outcomes; jobs may be added meanwhile. With one process they come in order."""

    def __init__(
        self, settings: IngestionSettings, parse: Callable[[Path], Document] | None, scratch: Path,
        describer: Describer | None = None,
    ) -> None:  # fmt: skip
        """`parse` replaces the children for reading; `scratch` is a folder for members, emptied here."""
        self._describer = describer
        self._settings = settings
        self._parse = parse
        self._scratch = scratch
        self._folders = count()
        self._waiting: deque[Job] = deque()
        self._running: dict[Future[Outcome], Job] = {}
        self._processes = processes_of(settings)
        self._pool = ThreadPoolExecutor(self._processes, thread_name_prefix="parse")
        self._children: SimpleQueue[ParserProcess] = SimpleQueue()
        self._stack = ExitStack()
        for _ in range(self._processes):
            self._children.put(self._stack.enter_context(ParserProcess(settings)))
        shutil.rmtree(scratch, ignore_errors=True)  # left by a run that was killed

    def __enter__(self) -> ParseAhead:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._stack.close()
        self._pool.shutdown()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def add(self, jobs: Iterable[Job]) -> None:
        """Put jobs before all that have not begun: the members of a file are done before the next file."""
        self._waiting.extendleft(reversed(list(jobs)))

    def __iter__(self) -> Iterator[Outcome]:
        while self._waiting or self._running:
            while self._waiting and len(self._running) < _PARSED_AHEAD + self._processes:
                job = self._waiting.popleft()
                self._running[self._pool.submit(self._read, job)] = job
            wait(self._running, return_when=FIRST_COMPLETED)
            done = next(future for future in self._running if future.done())  # the first that was begun
            del self._running[done]
            yield done.result()

    def _read(self, job: Job) -> Outcome:
        child = self._children.get()
        try:
            return self._read_with(child, job)
        except ReadError as error:
            return Outcome(job, reason=str(error), passing=isinstance(error, PassingError))
        except OSError as error:
            return Outcome(job, reason=f"it cannot be read ({error.strerror or error})", passing=True)
        finally:
            self._children.put(child)
            if job.path is not None:
                job.path.unlink(missing_ok=True)

    def _read_with(self, child: ParserProcess, job: Job) -> Outcome:
        file = job.files[0]
        path = job.path or file_path(file.source, file.path, file.raw_path)
        options = options_for(self._settings, file)
        document = self._parse(path) if self._parse else child.parse(path, options)
        if self._describer is not None and document.figures:
            document = self._describer.describe(document, partial(_picture, child, path, options), job.id)
        members = self._unpack(child, job, path, document, options) if document.members else []
        if job.path is None:
            state = path.stat()
            if (state.st_mtime_ns, state.st_size) != (file.mtime_ns, file.size):
                raise ReadError("it was changed while it was being read. The next run takes it.")
        taken = [member for member in members if not member.ignored]
        document = replace(document, members=tuple(member.name for member in taken))
        return Outcome(job, document, taken, ignored=len(members) - len(taken))

    def _unpack(
        self, child: ParserProcess, job: Job, path: Path, document: Document, options: ReadOptions
    ) -> list[Member]:
        """The files inside. What cannot be taken out is listed; the document itself is good."""
        depth = self._settings.members_depth
        if job.depth >= depth:
            reason = f"it lies within more than {depth} files. Unpack the outer ones."
            return [Member(name, reason=reason) for name in document.members]
        most = self._settings.members * len(job.files)
        job.room = job.room or Room(limits_of(self._settings).size, most)
        limits = limits_of(self._settings, job.room.left)
        folder = self._scratch / str(next(self._folders))
        try:
            members: list[Member] = child.call(UNPACK, path, folder, limits, options)
        except (ContainerError, PassingError):
            shutil.rmtree(folder, ignore_errors=True)  # what was taken out is in nobody's way
            raise
        except ReadError as error:
            return [Member(name, reason=str(error)) for name in document.members]
        job.room.left -= sum(member.size for member in members)
        return members


def _picture(child: ParserProcess, path: Path, options: ReadOptions, figure: Figure) -> bytes:
    if figure.name:
        picture: bytes = child.call(FIGURE_IMAGE, path, figure.name, options.passwords)
    else:
        box = (figure.x0, figure.y0, figure.x1, figure.y1)
        picture = child.call(PAGE_PART, path, figure.page, box, _FIGURE_SCALE, options.passwords)
    return picture
