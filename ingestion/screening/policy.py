"""`[screening]` of konkyo.toml: what is looked for, and what is done about it, folder by folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ingestion.documents import normal_path
from ingestion.screening.findings import PERSONAL_TYPES, REPORTED_AT, Finding

PersonalMode = Literal["off", "report", "mask", "refuse"]
PlantedMode = Literal["off", "report", "quarantine"]

_PERSONAL = ("off", "report", "mask", "refuse")
_PLANTED = ("off", "report", "quarantine")


class FolderScreening(BaseModel):
    """What differs in one folder, an absolute path; None: as outside of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    personal: PersonalMode | None = None
    planted: PlantedMode | None = None


class ScreeningSettings(BaseModel):
    """What is done about personal data and planted instructions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    personal: PersonalMode = "report"
    planted: PlantedMode = "quarantine"
    types: tuple[str, ...] = Field(PERSONAL_TYPES, description="what mask and refuse are about")
    confidence: float = Field(REPORTED_AT, ge=REPORTED_AT, le=1, description="and from which confidence on")
    folders: dict[str, FolderScreening] = Field(default_factory=dict)

    @field_validator("types")
    @classmethod
    def _known(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(types) - set(PERSONAL_TYPES):
            raise ValueError(f"unknown {', '.join(sorted(unknown))}; there are {', '.join(PERSONAL_TYPES)}")
        return types

    @field_validator("folders")
    @classmethod
    def _absolute(cls, folders: dict[str, FolderScreening]) -> dict[str, FolderScreening]:
        for name in folders:
            require_absolute(name)
        return folders


def require_absolute(folder: str) -> None:
    """Raise ValueError for a path that would silently be the folder of no file."""
    if not (PurePosixPath(folder).is_absolute() or PureWindowsPath(folder).is_absolute()):
        raise ValueError(f"{folder} is not an absolute path, so no file would be found in it")


@lru_cache(maxsize=256)
def real_folder(name: str) -> str:
    """A folder of the settings as sources are named: without links on the way, in NFC, with "/"."""
    path = normal_path(name).rstrip("/") or "/"
    return normal_path(str(Path(path).resolve())) if Path(path).is_absolute() else path


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done in one place. `of` tells apart settings of what mask and refuse are about."""

    personal: PersonalMode = "report"
    planted: PlantedMode = "quarantine"
    types: frozenset[str] = frozenset(PERSONAL_TYPES)
    confidence: float = REPORTED_AT

    def with_stricter(self, other: Policy) -> Self | Policy:
        """The stricter of both in either matter."""
        personal = max(self.personal, other.personal, key=_PERSONAL.index)
        planted = max(self.planted, other.planted, key=_PLANTED.index)
        return Policy(personal, planted, self.types, self.confidence)

    def meant(self, finding: Finding) -> bool:
        """Whether mask or refuse are about `finding`."""
        return (
            finding.kind == "personal"
            and finding.type in self.types
            and finding.confidence >= self.confidence
        )

    @property
    def key(self) -> str:
        """Equal when a document comes out of screening the same; stored beside it."""
        parts: list[str] = [self.personal, self.planted]
        if self.personal in ("mask", "refuse") and (self.types, self.confidence) != _DEFAULT_REACH:
            reach = f"{sorted(self.types)}{self.confidence:g}"
            parts.append(hashlib.sha256(reach.encode()).hexdigest()[:8])
        return "/".join(parts)


_DEFAULT_REACH = (frozenset(PERSONAL_TYPES), REPORTED_AT)


def policy_at(settings: ScreeningSettings, source: str, path: str) -> Policy:
    """What holds for the file `path` of `source`: the deepest folder around it that says something counts."""
    personal, planted = settings.personal, settings.planted
    if settings.folders:
        place = PurePosixPath(normal_path(source), path)
        around = [str(folder) for folder in (*reversed(place.parents), place)]
        by_folder = {real_folder(name): said for name, said in settings.folders.items()}
        # Also as it was written: a folder may have been taken in before it became a link.
        by_folder |= {normal_path(name).rstrip("/") or "/": said for name, said in settings.folders.items()}
        for said in (by_folder[folder] for folder in around if folder in by_folder):
            personal, planted = said.personal or personal, said.planted or planted
    return Policy(personal, planted, frozenset(settings.types), settings.confidence)


def strictest(settings: ScreeningSettings, places: Iterable[tuple[str, str]]) -> Policy:
    """What holds for a document with files in these (source, path): one text serves all of them."""
    policies = [policy_at(settings, source, path) for source, path in places]
    if not policies:
        return policy_at(settings, "/", "")
    found = policies[0]
    for policy in policies[1:]:
        found = found.with_stricter(policy)
    return found
