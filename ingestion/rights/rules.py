"""Which rights files get: by the settings of the deepest folder around them that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ingestion.documents import normal_path
from ingestion.errors import RightsError, SettingsError
from ingestion.library import file_path
from ingestion.location_rows import FileState
from ingestion.rights.names import NOBODY
from ingestion.rights.posix_tree import PosixTree
from ingestion.rights.rights_file import RIGHTS_FILE, RightsFile, read_rights
from ingestion.source_settings import RightsFrom, SourceSettings
from ingestion.sources.configured import folder_of

_NOBODY = frozenset({NOBODY})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the rights of a file come from: `kind`, and the `row` of rights.csv or what went wrong.

    `steps` are the folders, and the file, that let only some pass, with whom; only where they are asked for.
    """

    kind: RightsFrom
    groups: frozenset[str] | None
    row: int | None = None
    problem: str | None = None
    steps: tuple[tuple[str, list[str]], ...] = ()


class RightsRules:
    """The rights of files by the folders of `sources`; make one for each run, since it keeps what it found.

    Files inside others have the rights of the file on disk that holds them.
    """

    def __init__(
        self,
        sources: Mapping[str, SourceSettings],
        mirrors: Path,
        *,
        tree: type[PosixTree] = PosixTree,
    ) -> None:
        """`mirrors` holds the copies of remote sources.

        Raises:
            SettingsError: rights are set for what is no folder.
        """
        self._roots: dict[str, SourceSettings] = {}
        self._places: dict[str, Path] = {}
        for name, value in sources.items():
            if "rights" not in value.model_fields_set:
                continue
            folder = Path(folder_of(name, value, mirrors) or "/")
            if not folder.is_absolute():
                raise SettingsError(
                    f"the source {name} is a folder without a path. Set path, from the root on."
                )
            place = folder.resolve()
            root = normal_path(str(place)).rstrip("/")
            self._roots[root], self._places[root] = value, place
        self._tree = tree
        self._trees: dict[str, PosixTree] = {}
        self._files: dict[str, RightsFile | RightsError] = {}
        self._raw: dict[tuple[str, str], bytes] = {}
        self.problems: dict[tuple[str, str], tuple[str, str]] = {}
        """Of each folder and reason why rights cannot be told, the first file: (source, path)."""

    @property
    def any(self) -> bool:
        """Whether the rights of some folder do not come from the settings."""
        return any(value.rights != "settings" for value in self._roots.values())

    def know(self, files: Iterable[FileState]) -> None:
        """Remember how names are written on disk: those of files inside others do not tell."""
        self._raw.update(
            {(file.source, file.path): file.raw_path for file in files if file.raw_path is not None}
        )

    def of(self, file: FileState) -> frozenset[str] | None:
        """What `file` carries; None where that is said by settings and ingests. Never fails: then nobody."""
        origin = self.origin(file)
        if origin.problem is not None:
            root = self._root(file.source, _held(file)) or ""
            self.problems.setdefault((root, origin.problem), (file.source, _held(file)))
        return origin.groups

    def origin(self, file: FileState, *, steps: bool = False) -> Origin:
        """Where the rights of `file` come from."""
        path = _held(file)
        root = self._root(file.source, path)
        if root is None or self._roots[root].rights == "settings":
            return Origin("settings", None)
        kind = self._roots[root].rights
        try:
            if kind == "posix":
                raw = file.raw_path if file.container is None else None
                place = file_path(file.source, path, raw or self._raw.get((file.source, path)))
                tree = self._tree_of(root)
                return Origin(kind, tree.groups_of(place), steps=tuple(tree.steps(place)) if steps else ())
            rows = self._file(root)
            below = normal_path(f"{file.source}/{path}")[len(root) + 1 :]
            row = None if below == RIGHTS_FILE else rows.row_of(below)
            return Origin(kind, rows.groups_of(below), None if row is None else row.line)
        except RightsError as error:
            return Origin(kind, _NOBODY, problem=str(error))

    def files(self, source: Path) -> dict[str, str | None]:
        """Files of rights at or below `source` by path below it, with the reason where one does not count."""
        found: dict[str, str | None] = {}
        for root, value in self._roots.items():
            around = normal_path(str(source)).rstrip("/")
            if value.rights == "file" and (root == around or root.startswith(f"{around}/")):
                path = normal_path(f"{root}/{RIGHTS_FILE}")[len(around) + 1 :]
                try:
                    self._file(root)
                    found[path] = None
                except RightsError as error:
                    found[path] = f"{error}, so nobody but admins may read what lies here"
        return found

    def governed(self, places: Iterable[Path]) -> str | None:
        """The folder around the first of `places` whose rights do not come from the settings."""
        for place in places:
            root = self._root(str(place), "")
            if root is not None and self._roots[root].rights != "settings":
                return root
        return None

    def _root(self, source: str, path: str) -> str | None:
        place = PurePosixPath(normal_path(f"{source}/{path}"))
        around = [str(folder).rstrip("/") for folder in (place, *place.parents)]
        return next((folder for folder in around if folder in self._roots), None)

    def _tree_of(self, root: str) -> PosixTree:
        if root not in self._trees:
            self._trees[root] = self._tree(self._roots[root].rights_map)
        return self._trees[root]

    def _file(self, root: str) -> RightsFile:
        if root not in self._files:
            try:
                self._files[root] = read_rights(self._places[root] / RIGHTS_FILE)
            except RightsError as error:
                self._files[root] = error
        found = self._files[root]
        if isinstance(found, RightsError):
            raise RightsError(str(found))
        return found


def _held(file: FileState) -> str:
    return file.container or file.path
