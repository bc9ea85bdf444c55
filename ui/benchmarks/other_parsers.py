"""Other programs that read PDF files, each in a process of its own beside the product's, on the same files.

Run as `python -m ui.benchmarks.other_parsers NAME FILE...` it reads the files with one of them and prints
what came out as JSON. A package that is not installed is left out and named.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from ingestion.process_memory import PeakMemory


def _pypdf(file: Path) -> tuple[int, int]:
    from pypdf import PdfReader

    texts = [page.extract_text() for page in PdfReader(file).pages]
    return len(texts), sum(map(len, texts))


def _pdfplumber(file: Path) -> tuple[int, int]:
    import pdfplumber

    characters = 0
    with pdfplumber.open(file) as document:
        for page in document.pages:
            characters += len(page.extract_text())
            page.close()  # else the objects of all pages stay in memory
        return len(document.pages), characters


def _markitdown(file: Path) -> tuple[int, int]:
    """A whole pipeline: any file to Markdown. It does not tell pages, so pdfium counts them."""
    import importlib

    from ingestion.pdfium import open_pdf

    converter = importlib.import_module("markitdown").MarkItDown(enable_plugins=False)
    text = converter.convert_local(str(file)).text_content
    with open_pdf(file) as document:
        return len(document), len(text)


OTHERS: dict[str, Callable[[Path], tuple[int, int]]] = {
    "pypdf": _pypdf, "pdfplumber": _pdfplumber, "markitdown": _markitdown,
}  # fmt: skip
"""By the names of their packages; each gives (pages, characters) of a file."""


def compare_others(files: Sequence[Path], ours: float) -> dict[str, Any]:
    """Each of OTHERS over `files`; `ratio` is `ours`, the product's pages a second, by theirs."""
    found: dict[str, Any] = {}
    for name in OTHERS:
        figures = _in_process(name, files)
        if figures is None:
            found[name] = None
            continue
        figures["ratio"] = round(ours / figures["pages_per_s"], 2) if figures["pages_per_s"] else None
        found[name] = figures
    return found


def _in_process(name: str, files: Sequence[Path]) -> dict[str, Any] | None:
    command = [sys.executable, "-P", "-m", "ui.benchmarks.other_parsers", name, *map(str, files)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with child, PeakMemory(psutil.Process(child.pid).pid) as memory:
        output, _ = child.communicate()
    if child.returncode or not output.strip():
        return None
    figures: dict[str, Any] = json.loads(output)
    return {**figures, "peak_mb": round(memory.peak_mb, 1)}


def read_all(name: str, files: Sequence[Path]) -> dict[str, Any]:
    """Read `files` with one of OTHERS.

    Raises:
        ImportError: its package is not installed.
    """
    read = OTHERS[name]
    __import__(name)
    pages = characters = failed = 0
    began = time.perf_counter()
    for file in files:
        try:
            more_pages, more_characters = read(file)
        except Exception:  # whatever another program raises on a file is its failure, and is counted
            failed += 1
            continue
        pages, characters = pages + more_pages, characters + more_characters
    seconds = time.perf_counter() - began
    return {
        "failed": failed, "pages": pages, "characters": characters, "seconds": round(seconds, 2),
        "pages_per_s": round(pages / seconds, 1),
    }  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Arguments: one of OTHERS, then files."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    try:
        figures = read_all(arguments[0], [Path(file) for file in arguments[1:]])
    except ImportError:
        sys.exit(1)
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1:])
