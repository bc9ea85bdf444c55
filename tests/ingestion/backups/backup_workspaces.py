"""A small workspace with real databases and one file of every kind; used by tests, and by their children."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

from ingestion.workspace import Workspace, open_workspace

PASSWORD = "kein-Wort-fuer-andere"
TOKEN = "token-of-the-service"


def make_workspace(root: Path, rows: int = 50) -> Workspace:
    """With `library.db`, `records.db` and a third database that the program has never heard of."""
    workspace = open_workspace(root, {})
    for name in ("library.db", "records.db", "audit/chain.db"):
        write_rows(root / name, rows)
    files = {
        "konkyo.toml": f'[ingestion]\npasswords = [\n  "{PASSWORD}",\n]\nocr = "off"\n',
        "service.json": json.dumps({"token": TOKEN}),
        "uploads/規程 (2).new": "就業規則" * 10,
        "uploads/.part.upload": "half",
        "adapters/published.json": "{}",
        "adapters/faq/adapter.gguf": "x" * 1_500_000,
        "prompts/answer.toml": "[answer]\n",
        "dictionary.csv": "用語,読み\n",
        "evaluations/reports/a.json": "{}",
        "evaluations/questions.jsonl": "{}\n",
        "evaluations/0123/library.db": "derived",
        "models/m/model.gguf": "m" * 1000,
        "indexes/lexical/meta.json": "{}",
        "logs/service.log": "line",
        "cache/layouts.json": "{}",
        "runs/r/record.json": "{}",
        "runs/r/checkpoints/1/weights": "w",
        "backups/before-x.db": "old",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return workspace


def write_rows(path: Path, rows: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO rows (text) VALUES (?)", [("x" * 200,)] * rows)
    connection.execute("COMMIT")
    connection.close()


def count_rows(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT count(*) FROM rows").fetchone()[0])
    finally:
        connection.close()


def digests(root: Path) -> dict[str, str]:
    """SHA-256 of every plain file below `root`, by path."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }
