"""The process that runs readers: it gets calls on its standard input and sends their results back.

It ends when its parent does, in whichever way that ends: the pipe closes, and a parse that no longer reaches
Python is ended by the kernel's alarm.
"""

from __future__ import annotations

import errno
import os
import pickle
import signal
import struct
import sys
import threading
from collections.abc import Callable
from functools import cache
from importlib import import_module
from queue import SimpleQueue
from typing import Any, BinaryIO

from ingestion.errors import PassingError, ReadError
from ingestion.heartbeat import listen

LENGTH = struct.Struct("<Q")
"""Every message is its length and then its bytes. An empty one to the parent is a sign of life."""

_SPARE_SECONDS = 15
_SPARE_BYTES = 512 * 1024 * 1024
_OF_THE_MACHINE = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE)
)
"""Errors that say nothing of the file: no room, no answer from a disk or a share, too much open."""


def main(arguments: list[str]) -> None:
    """Serve until the standard input ends. Arguments: seconds and megabytes for one call."""
    seconds, megabytes = int(float(arguments[0])) + _SPARE_SECONDS, int(arguments[1])
    requests, replies = _take_pipes()
    _limit_memory(megabytes)
    calls: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_receive, args=(requests, calls), daemon=True).start()

    def alive() -> None:
        signal.alarm(seconds)
        send(replies, b"")

    listen(alive)
    while True:
        call = calls.get()
        signal.alarm(seconds)
        reply = _answer(call, megabytes)
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


def _receive(requests: BinaryIO, calls: SimpleQueue[bytes]) -> None:
    while True:
        head = requests.read(LENGTH.size)
        if len(head) < LENGTH.size:
            os._exit(0)  # the parent is gone; there may be a parse under way in the other thread
        calls.put(requests.read(LENGTH.unpack(head)[0]))


def _answer(call: bytes, megabytes: int) -> bytes:
    try:
        name, arguments = pickle.loads(call)
        return pickle.dumps(_function(name)(*arguments), protocol=5)
    except ReadError as error:
        return pickle.dumps(error)
    except OSError as error:
        if error.errno in _OF_THE_MACHINE:
            return pickle.dumps(PassingError(f"it cannot be read ({error.strerror})"))
        return pickle.dumps(_unforeseen(error))  # libraries raise it of damaged files, too
    except MemoryError:
        return pickle.dumps(ReadError(f"reading it needs more than {megabytes} MB of memory."))
    except RecursionError:
        return pickle.dumps(ReadError("its structure is nested too deeply."))
    except Exception as error:  # a bug in a reader must cost one file, with its reason, not the batch
        return pickle.dumps(_unforeseen(error))


def _unforeseen(error: Exception) -> ReadError:
    return ReadError(f"the reader failed ({type(error).__name__}: {error}).")


@cache
def _function(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
