"""The rules of ARCHITECTURE.md that a program can hold: layers, one adapter for each heavy dependency."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from grimp import build_graph

ROOT = Path(__file__).parents[1]
PACKAGES = ("ingestion", "assistant", "training", "ui")
LAYERS = ("ui", "training", "assistant", "ingestion")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

# Who alone may import what. A folder ends with "/".
ONLY_IN = {
    "faiss": {"ingestion/vector_index.py"},
    "tantivy": {"ingestion/lexical_index.py"},
    "datasketch": {
        "ingestion/versions.py",
        "training/tuning/deduplicating.py",  # examples that say nearly the same
    },
    "sudachipy": {"ingestion/tokenizing.py"},
    "phonenumbers": {"ingestion/screening/contacts.py"},
    "llama_cpp": {
        "assistant/llama.py",
        "assistant/llama_layouts.py",
        "assistant/llama_probing.py",  # scores of every token, which answering never asks for
        "assistant/llama_quantising.py",  # needs no loaded model
        "assistant/llama_adapters.py",
        "assistant/llama_state.py",
    },
    "streamlit": {"ui/web/"},
    "torch": {
        "ingestion/embedding.py",
        "assistant/cross_encoders.py",
        "assistant/grounding/nli_models.py",
        "training/",
    },
    "transformers": {
        "ingestion/embedding.py",
        "assistant/cross_encoders.py",
        "assistant/grounding/nli_models.py",
        "training/",
    },
    "peft": {"training/"},
    "trl": {"training/tuning/dpo.py", "training/tuning/sft.py", "training/tuning/trainer.py"},
    "datasets": {"training/tuning/dpo.py", "training/tuning/sft.py"},
    "onnxruntime": {"ingestion/onnx_embedder.py", "ingestion/ocr.py", "assistant/pairs/encoder.py"},
    "typer": {"ui/cli/"},
    "prometheus_client": {"ui/api/metrics.py"},
    "pypdfium2": {
        "ingestion/pdfium.py",
        "ingestion/page_rendering.py",
        "ingestion/readers/pdf_calls.py",
        "ingestion/readers/pdf_characters.py",
    },
    "olefile": {"ingestion/readers/ole.py"},
    "msoffcrypto": {"ingestion/readers/unlocking.py"},
    "xlrd": {"ingestion/readers/xls.py"},
    "ldap3": {"assistant/accounts/directory.py"},
    "argon2": {"assistant/accounts/passwords.py"},
    "mcp": {"ui/api/mcp_server.py"},
    "mcp_types": {"ui/api/mcp_server.py"},
    "cryptography": {"ingestion/readers/odf_unlocking.py"},
    "docx": {"ingestion/readers/docx.py", "ui/web/exporting.py"},
    "imapclient": {"ingestion/sources/imap.py"},
    "watchfiles": {"ui/watching.py"},
    "openpyxl": {"ingestion/readers/xlsx.py"},
    "pptx": {"ingestion/readers/pptx.py"},
    "rapidocr": {"ingestion/ocr.py"},
    "pyzipper": {"ingestion/readers/zip.py"},
    "pypdf": {
        "ingestion/pdf_repair.py",
        "ingestion/readers/pdf_extras.py",
        "ui/benchmarks/other_parsers.py",  # to compare
    },
}
# The program's SQL and its databases: library, records of conversations, accounts, audit log.
SQL_IN = {
    "ingestion/library.py",
    "ingestion/library_bodies.py",
    "ingestion/library_feed.py",
    "ingestion/library_schema.py",
    "ingestion/library_writing.py",
    "ingestion/location_rows.py",
    "ingestion/loss_rows.py",
    "ingestion/database_care.py",  # knows SQLite files, and no table
    "ingestion/described_rows.py",
    "ingestion/embedder_rows.py",
    "ingestion/version_rows.py",
    "ingestion/finding_rows.py",
    "ingestion/quarantining.py",
    "ingestion/ruling_rows.py",
    "ingestion/relocating.py",
    "ingestion/sync_rows.py",
    "ingestion/upgrading.py",
    "ingestion/migrations/",
    "assistant/record_tables.py",
    "assistant/records.py",
    "assistant/feedback_rows.py",
    "assistant/monitoring/asked_rows.py",  # the records, read across conversations
    "assistant/adapter_rows.py",  # answers and feedback of a trial, of the records
    "assistant/verified_rows.py",
    "assistant/example_rows.py",
    "assistant/migrations/",
    "assistant/accounts/",
    "assistant/audit/rows.py",
    "assistant/audit/migrations/",
}


@cache
def imported(path: Path) -> frozenset[str]:
    """Top-level names of every absolute import in the file, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return frozenset(found)


def importers(name: str) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in FILES if name in imported(path)}


def outside(files: set[str], allowed: set[str]) -> set[str]:
    folders = tuple(place for place in allowed if place.endswith("/"))
    return {file for file in files if file not in allowed and not file.startswith(folders or ("\0",))}


def test_import_linter_is_content() -> None:
    """In a process of its own: import-linter configures logging anew and so silences every logger here."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
        "--no-cache",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_package_imports_one_to_its_left() -> None:
    """The same rule by another program, so that a slip in import-linter's configuration is noticed."""
    graph = build_graph(*PACKAGES, cache_dir=None)
    wrong = [
        (importer, target)
        for importer in graph.modules
        for target in graph.find_modules_directly_imported_by(importer)
        if LAYERS.index(importer.split(".")[0]) > LAYERS.index(target.split(".")[0])
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ONLY_IN)
def test_one_adapter_for_a_heavy_dependency(name: str) -> None:
    assert outside(importers(name), ONLY_IN[name]) == set()


def test_sql_stays_in_few_places() -> None:
    assert outside(importers("sqlalchemy") | importers("sqlite3") | importers("alembic"), SQL_IN) == set()


def test_nobody_imports_the_tests() -> None:
    assert importers("tests") == set()


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for path in FILES if "migrations" not in path.parts}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def without_reason(path: Path) -> Iterator[str]:
    """Places of `except Exception:` and the like with no comment in that line or beside it."""
    lines = path.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\s*except(\s+(Base)?Exception\b.*)?:", line):
            near = lines[max(0, number - 1) : number + 3]
            if not any("# " in text for text in near):
                yield f"{path.relative_to(ROOT)}:{number + 1}"


def test_a_broad_except_has_its_reason_beside_it() -> None:
    assert [place for path in FILES for place in without_reason(path)] == []


def test_files_stay_short() -> None:
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}
