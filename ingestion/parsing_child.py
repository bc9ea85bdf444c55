"""The process that runs readers: it gets paths on its standard input and sends documents back.

It ends when its parent does, in whichever way that ends: the pipe closes, and a parse that no longer reaches
Python is ended by the kernel's alarm.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from ingestion.documents import Document
from ingestion.errors import ReadError

LENGTH = struct.Struct("<Q")
"""Every message is its length and then its bytes."""

_SPARE_SECONDS = 15
_SPARE_BYTES = 512 * 1024 * 1024


def main(arguments: list[str]) -> None:
    """Serve until the standard input ends. Arguments: module:function, seconds and megabytes for one file."""
    name, seconds, megabytes = arguments
    requests, replies = _take_pipes()
    _limit_memory(int(megabytes))
    paths: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_receive, args=(requests, paths), daemon=True).start()
    module, _, function = name.partition(":")
    parse: Callable[[Path], Document] = getattr(import_module(module), function)
    while True:
        path = Path(os.fsdecode(paths.get()))
        signal.alarm(int(float(seconds)) + _SPARE_SECONDS)
        reply = _parse(parse, path, int(megabytes))
        signal.alarm(0)
        send(replies, reply)


def send(stream: BinaryIO, message: bytes) -> None:
    """Write one message."""
    stream.write(LENGTH.pack(len(message)) + message)
    stream.flush()


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes to ourselves: what a parser prints must not get between the messages."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return requests, replies


def _limit_memory(megabytes: int) -> None:
    """Refuse allocations far above the limit; the parent watches the limit itself, but only now and then."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 1024 * 1024 + _SPARE_BYTES, hard))


def _receive(requests: BinaryIO, paths: SimpleQueue[bytes]) -> None:
    while True:
        head = requests.read(LENGTH.size)
        if len(head) < LENGTH.size:
            os._exit(0)  # the parent is gone; there may be a parse under way in the other thread
        paths.put(requests.read(LENGTH.unpack(head)[0]))


def _parse(parse: Callable[[Path], Document], path: Path, megabytes: int) -> bytes:
    try:
        return pickle.dumps(parse(path), protocol=5)
    except ReadError as error:
        return pickle.dumps(error)
    except MemoryError:
        return pickle.dumps(ReadError(f"reading it needs more than {megabytes} MB of memory."))
    except RecursionError:
        return pickle.dumps(ReadError("its structure is nested too deeply."))
    # A bug in a reader or in a format's library must cost one file, with its reason listed, not the batch.
    except Exception as error:
        return pickle.dumps(ReadError(f"the reader failed ({type(error).__name__}: {error})."))


if __name__ == "__main__":
    main(sys.argv[1:])
