"""Files are parsed in a child process with limits, so that no file can hang, bloat or crash this one."""

from __future__ import annotations

import os
import pickle
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO, cast

import psutil

from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.parsing_child import LENGTH, send
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions
from ingestion.settings import IngestionSettings

READ = "ingestion.readers:read"
"""The function that reads a file, as module:function."""

_WATCH_SECONDS = 0.2


class ParserProcess:
    """A child process that parses one file at a time; started when needed, and again after it was killed."""

    def __init__(self, settings: IngestionSettings, parse: str = READ) -> None:
        self._settings = settings
        self._parse = parse
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = threading.Lock()

    def parse(self, path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
        """Parse one file.

        Raises:
            ReadError: the file cannot be read, took too much time or memory, or crashed the parser.
        """
        return cast(Document, self.call(self._parse, path, options))

    def call(self, function: str, *arguments: Any) -> Any:
        """Let the child run `function` ("module:name"). From several threads, one call after the other.

        Arguments and result are pickled. The limits are those on one file; each `heartbeat.beat` gives the
        call its time anew, up to `hours_per_file`.

        Raises:
            ReadError: what the function raised, or it took too much time or memory, or crashed.
        """
        with self._lock:
            if self._closed:
                raise ReadError("the run was stopped before it was read.")
            child = self._running()
            try:
                send(cast(BinaryIO, child.stdin), pickle.dumps((function, arguments), protocol=5))
                reply = self._receive(child)
            except (BrokenPipeError, EOFError) as error:
                raise ReadError(f"the parser crashed on it ({self._end()}).") from error
            except BaseException:  # also an interruption: the child would send its reply to the next file
                self._end()  # a reply that nobody waits for would be taken for the next file's
                raise
        result = pickle.loads(reply)
        if isinstance(result, ReadError):
            raise result
        return result

    def close(self) -> None:
        """End the child, also in the middle of a file: whoever waits for that gets a ReadError."""
        self._closed = True
        child = self._child
        if child is not None:
            child.kill()
        with self._lock:
            self._end()

    def __enter__(self) -> ParserProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            settings = self._settings
            limits = [str(settings.seconds_per_file), str(settings.memory_mb_per_file)]
            self._child = subprocess.Popen(
                # -P: the folder that we happen to run in, full of documents, is no place to import from.
                [sys.executable, "-P", "-m", "ingestion.parsing_child", *limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
                start_new_session=True,  # Ctrl-C is for us: we end the child ourselves
            )
        return self._child

    def _receive(self, child: subprocess.Popen[bytes]) -> bytes:
        """The reply to a call, after any number of signs of life."""
        hours, seconds = self._settings.hours_per_file, self._settings.seconds_per_file
        last = (time.monotonic() + hours * 3600, f"{hours:g} hours")
        while True:
            message = self._message(child, min((time.monotonic() + seconds, f"{seconds:g} seconds"), last))
            if message:
                return message

    def _message(self, child: subprocess.Popen[bytes], limit: tuple[float, str]) -> bytes:
        stream = cast(BinaryIO, child.stdout)
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            data = bytearray()
            wanted = LENGTH.size
            while len(data) < wanted:
                if not selector.select(_WATCH_SECONDS):
                    self._check_limits(child, limit)
                    continue
                # No more than this message: another one may follow it.
                part = os.read(stream.fileno(), min(wanted - len(data), 1 << 20))
                if not part:
                    raise EOFError
                data += part
                if wanted == LENGTH.size == len(data):
                    wanted += LENGTH.unpack(data)[0]
        return bytes(data[LENGTH.size :])

    def _check_limits(self, child: subprocess.Popen[bytes], limit: tuple[float, str]) -> None:
        if time.monotonic() > limit[0]:
            self._end()
            raise ReadError(f"reading it takes more than {limit[1]}.")
        try:
            used = psutil.Process(child.pid).memory_info().rss
        except psutil.NoSuchProcess:
            return  # it ended just now; the closed pipe tells
        if used > self._settings.memory_mb_per_file * 1024 * 1024:
            self._end()
            raise ReadError(f"reading it needs more than {self._settings.memory_mb_per_file} MB of memory.")

    def _end(self) -> str:
        """Kill the child; returns how it had ended."""
        child, self._child = self._child, None
        if child is None:
            return "it was not running"
        child.kill()
        code = child.wait()
        for stream in (child.stdin, child.stdout):
            try:
                cast(BinaryIO, stream).close()
            except BrokenPipeError:
                continue  # unsent bytes for a process that is gone
        return f"signal {-code}" if code < 0 else f"exit code {code}"
