"""`rights.csv` at the root of a source: which groups may read which of its files.

Each row has a `path` below the source and `groups`. A path names a file, or a folder with all that is in it;
`*` and `?` stand for characters within a name, `**` for any folders. Of the rows that fit a file those count
whose fixed beginning, the names before the first with a wildcard, is the deepest; of these the last.
"""

from __future__ import annotations

import csv
import io
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ingestion.documents import normal_path
from ingestion.errors import RightsError
from ingestion.rights.names import EVERYBODY, NOBODY, is_group_name

RIGHTS_FILE = "rights.csv"
_MOST_BYTES = 4 << 20
_MOST_WILDCARDS = 6  # each one more makes the slowest name to compare as much slower as it is long


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `depth` is the number of names before the first with a wildcard."""

    line: int
    path: str
    fits: re.Pattern[str]
    depth: int
    groups: frozenset[str]


class RightsFile:
    """The rows of one file."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = sorted(rows, key=lambda row: (row.depth, row.line), reverse=True)

    def row_of(self, path: str) -> Row | None:
        """The row that counts for the file at `path` below the source; None: only admins may read it."""
        return next((row for row in self._rows if row.fits.match(f"{path}/")), None)

    def groups_of(self, path: str) -> frozenset[str]:
        """What the file at `path` below the source carries. The file of rights itself is for nobody."""
        row = None if path == RIGHTS_FILE else self.row_of(path)
        return frozenset({NOBODY}) if row is None else row.groups


def read_rights(file: Path) -> RightsFile:
    """The rows of `file`.

    Raises:
        RightsError: it cannot be read, or one row is wrong; then none counts.
    """
    try:
        state = file.lstat()
        if not stat.S_ISREG(state.st_mode) or state.st_size > _MOST_BYTES:
            raise RightsError(f"rights.csv is no file of at most {_MOST_BYTES >> 20} MB")
        data = file.read_bytes()
    except OSError as error:
        raise RightsError(f"rights.csv cannot be read ({error.strerror or error})") from error
    return parse_rights(_text(data))


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):  # the latter is what Excel writes in Japan
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RightsError("rights.csv is neither in UTF-8 nor in Shift_JIS")


def parse_rights(text: str) -> RightsFile:
    """The rows of a table in CSV.

    Raises:
        RightsError: one is wrong, with its line.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    try:
        names = [cell.strip().lower() for cell in next(reader, [])]
        if names.count("path") != 1 or names.count("groups") != 1:
            raise RightsError("rights.csv, line 1: it must name the columns path and groups, with commas")
        path, groups = names.index("path"), names.index("groups")
        end = reader.line_num
        for cells in reader:
            line, end = end + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                raise RightsError(f"rights.csv, line {line}: it has {len(cells)} columns, not {len(names)}")
            rows.append(_row(line, cells[path].strip(), cells[groups]))
    except csv.Error as error:
        raise RightsError(f"rights.csv, line {reader.line_num}: it is no CSV ({error})") from error
    return RightsFile(rows)


def _row(line: int, path: str, groups: str) -> Row:
    names = [name for name in normal_path(path).split("/") if name not in ("", ".")]
    if not path or ".." in names:
        raise RightsError(f"rights.csv, line {line}: {path!r} is no path below the source")
    if len(re.findall(r"\*+|\?", path)) > _MOST_WILDCARDS:
        raise RightsError(f"rights.csv, line {line}: {path!r} has more than {_MOST_WILDCARDS} wildcards")
    carried = frozenset(normal_path(groups).replace(";", " ").replace(",", " ").split())
    for name in sorted(carried):
        if name != EVERYBODY and not is_group_name(name):
            raise RightsError(f"rights.csv, line {line}: {name!r} cannot be the name of a group")
    depth = next((at for at, name in enumerate(names) if "*" in name or "?" in name), len(names))
    return Row(line, path, _pattern(names), depth, carried or frozenset({NOBODY}))


def _pattern(names: Sequence[str]) -> re.Pattern[str]:
    """What fits the path itself and all that lies below."""
    found = ""
    for before, name in pairwise(["", *names]):
        if before == name == "**":
            continue
        if name == "**":
            found += "(?:[^/]+/)*"
            continue
        letters = {"*": "[^/]*", "?": "[^/]"}
        found += "".join(letters.get(one, re.escape(one)) for one in re.sub(r"\*+", "*", name)) + "/"
    return re.compile(found)
