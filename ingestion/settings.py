"""konkyo.toml and the environment become frozen settings. Unknown keys are errors.

Environment variables override the file: `KONKYO_<SECTION>__<KEY>`, as in `KONKYO_MODELS__CHAT`. Passwords
are a JSON list there, or one on each line.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ingestion.access_settings import AccessSettings
from ingestion.errors import SettingsError
from ingestion.gate_settings import GateSettings
from ingestion.reading import OcrMode
from ingestion.screening.policy import ScreeningSettings, require_absolute
from ingestion.source_settings import SourceSettings as SourceSettings
from ingestion.vision_settings import VisionSettings

_PREFIX = "KONKYO_"
_NOT_SETTINGS = {"KONKYO_WORKSPACE", "KONKYO_USER"}


class Section(BaseModel):
    """A table of konkyo.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSettings(Section):
    """Which models are used, by their names in the catalogue or the folder of imported models."""

    chat: str = "qwen2.5-coder-1.5b-instruct"
    embedder: str = "multilingual-e5-small"
    threads: int = Field(0, ge=0, description="0: as many as there are cores")
    context_tokens: int = Field(4096, ge=512)
    gpu_layers: int = Field(-1, ge=-1, description="-1: all, where a GPU is found")


class ServerSettings(Section):
    """An OpenAI-compatible server that generates instead of llama.cpp. Empty `base_url`: not used."""

    base_url: str = ""
    model: str = ""
    api_key_env: str = Field("", description="name of the environment variable that holds the key")
    timeout_seconds: float = Field(120.0, gt=0)


class ChunkingSettings(Section):
    """Sizes of chunks, in characters."""

    target: int = Field(400, ge=50)
    maximum: int = Field(600, ge=60)


class IngestionSettings(Section):
    """Limits on one file, and what is left out."""

    seconds_per_file: float = Field(300.0, gt=0, description="counted anew with each page that is recognised")
    hours_per_file: float = Field(6.0, gt=0)
    memory_mb_per_file: int = Field(4096, ge=256)
    processes: int = Field(0, ge=0, le=64, description="that parse at once; 0: one for every four cores")
    passwords: tuple[str, ...] = Field((), repr=False, description="tried on files that are locked")
    ocr: OcrMode = "auto"
    ocr_folders: dict[str, OcrMode] = Field(default_factory=dict, description="by absolute path")
    members: int = Field(10_000, ge=1, description="most files inside one")
    members_mb: int = Field(2048, ge=1, description="most of what one file unpacks to")
    members_depth: int = Field(3, ge=1, description="most files around one")
    ignore: tuple[str, ...] = ("~$*", "Thumbs.db", ".DS_Store", "desktop.ini", "__MACOSX", ".*")
    removal_limit: float = Field(0.3, ge=0, le=1, description="share of vanished files that needs consent")
    fiscal_month: int = Field(4, ge=1, le=12, description="in which a fiscal year (年度) begins")
    removal_days: float = Field(3.0, ge=0, description="files that vanished within them are counted together")

    @field_validator("passwords", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        """The environment gives one string: a JSON list, or a password on each line."""
        if not isinstance(given, str):
            return given
        if given.lstrip().startswith("["):
            with suppress(json.JSONDecodeError):
                found = json.loads(given)
                if all(isinstance(item, str) for item in found):
                    return found
        return [line for line in given.splitlines() if line]

    @field_validator("ocr_folders")
    @classmethod
    def _absolute(cls, folders: dict[str, OcrMode]) -> dict[str, OcrMode]:
        for name in folders:
            require_absolute(name)
        return folders


class RetrievalSettings(Section):
    """How passages are found. `dense_weight` is the share of the dense score in the fused one."""

    mode: Literal["hybrid", "dense", "lexical"] = "hybrid"
    top_k: int = Field(8, ge=1, le=100)
    candidates: int = Field(100, ge=10, le=1000)
    dense_weight: float = Field(0.4, ge=0, le=1)
    time_words: bool = Field(
        True, description="今年度, last month and FY2024 are searched in other forms too"
    )
    hints: bool = Field(True, description="a named file, document, article or day lifts what fits it")
    parts: bool = Field(True, description="a question for several things is searched in parts, too")
    joined: bool = Field(True, description="neighbouring passages become one, repeated ones go last")


class RerankSettings(Section):
    """A model that reads question and passage together orders the best hits anew. `auto`: where it is."""

    enabled: Literal["auto", "on", "off"] = "off"
    top: int = Field(20, ge=1, le=100, description="so many of the best hits are read")
    model: str = Field("", description="folder, name among the models, or organisation/model of a hub")
    weight: float = Field(0.0, ge=0, le=1, description="its share in a hit's score; 0: as was measured")


class EvidenceSettings(Section):
    """What of the hits goes into the prompt: their best sentences, or whole chunks."""

    mode: Literal["selected", "whole"] = "selected"
    tokens: int = Field(360, ge=50, description="budget of the sources in the prompt")
    sources: int = Field(4, ge=1, le=20)


class GenerationSettings(Section):
    """How the chat model writes; prompts of the workspace may set temperature and length for their task."""

    max_tokens: int = Field(320, ge=16)
    temperature: float = Field(0.0, ge=0, le=2)
    top_p: float = Field(0.95, gt=0, le=1)
    top_k: int = Field(40, ge=0, description="0: no limit")
    min_p: float = Field(0.05, ge=0, le=1)
    repeat_penalty: float = Field(
        1.0, ge=0.5, le=2, description="above 1 the words of the sources are avoided, too"
    )
    seed: int = 0
    kept_prompts_mb: int = Field(
        128, ge=0, description="memory for what was read of earlier prompts; 0: none"
    )


class AnswerSettings(Section):
    """When answers are withheld, and what counts as proven."""

    answerable_at: float = Field(0.5, ge=0, le=1, description="abstain when the evidence scores less")
    supported_at: float = Field(0.6, ge=0, le=1, description="a sentence is supported from this score on")
    partly_at: float = Field(0.4, ge=0, le=1, description="and partly supported from this one")
    unsupported: Literal["mark", "remove", "regenerate"] = "mark"
    verifier: Literal["auto", "off"] = Field("off", description="auto: used where its model is")
    verified_at: float = Field(0.94, ge=0, le=1, description="least cosine to a verified question")


class VerifierSettings(Section):
    """Which model judges whether evidence proves a claim. Empty `model`: the one that is shipped."""

    model: str = Field("", description="folder, name among the models, or organisation/model of a hub")
    labels: dict[str, Literal["supported", "contradicted", "neither"]] = Field(
        default_factory=dict, description="what its labels mean, where their names do not tell"
    )
    supported_at: float = Field(0.0, ge=0, le=1, description="0: as measured for the shipped one, else 0.5")


class TuningSettings(Section):
    """How examples for tuning are divided, and which evaluations they must not give away."""

    validation: float = Field(0.1, ge=0, lt=0.5, description="share of documents that choose among runs")
    test: float = Field(0.1, ge=0, lt=0.5, description="share of documents that only measure")
    split_seed: int = Field(0, description="another one divides the documents anew")
    evaluations: tuple[str, ...] = Field((), description="files of questions that are never learnt")


class MonitoringSettings(Section):
    """What the page on use counts with."""

    minutes_per_answer: float = Field(5.0, ge=0, description="that an answer spares its reader, estimated")
    least_questions: int = Field(30, ge=2, description="in each period, for a comparison of the two")
    retrain_after: int = Field(
        50, ge=1, description="accepted examples of feedback since the last published adapter"
    )


class AuditSettings(Section):
    """The audit log."""

    keep_days: int = Field(
        730, ge=0, description="after which the words of questions and answers are erased; 0: never"
    )


class ServiceSettings(Section):
    """The service of this workspace."""

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535, description="0: any free port")
    web_port: int = Field(8501, ge=0, le=65535)
    open_metrics: bool = Field(False, description="figures of /metrics without the token")
    least_free_mb: int = Field(500, ge=0, description="with less free disk the service is not ready")


class LoggingSettings(Section):
    """How the service writes its log."""

    format: Literal["text", "json"] = "text"


class BackupSettings(Section):
    """What `konkyo doctor` expects of backups."""

    every_days: float = Field(7.0, ge=0, description="an older last backup is a fault; 0: any is right")


class InterfaceSettings(Section):
    """The page's language: from the browser, or fixed."""

    language: Literal["auto", "ja", "en"] = "auto"


class Settings(BaseSettings):
    """Everything that can be set, frozen."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=_PREFIX, env_nested_delimiter="__", env_ignore_empty=True
    )

    models: ModelSettings = ModelSettings()
    server: ServerSettings = ServerSettings()
    chunking: ChunkingSettings = ChunkingSettings()
    ingestion: IngestionSettings = IngestionSettings()
    vision: VisionSettings = VisionSettings()
    screening: ScreeningSettings = ScreeningSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    rerank: RerankSettings = RerankSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    generation: GenerationSettings = GenerationSettings()
    answers: AnswerSettings = AnswerSettings()
    verifier: VerifierSettings = VerifierSettings()
    tuning: TuningSettings = TuningSettings()
    gate: GateSettings = GateSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    audit: AuditSettings = AuditSettings()
    access: AccessSettings = AccessSettings()
    service: ServiceSettings = ServiceSettings()
    logging: LoggingSettings = LoggingSettings()
    backup: BackupSettings = BackupSettings()
    interface: InterfaceSettings = InterfaceSettings()
    sources: dict[str, SourceSettings] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values are merged by `load_settings`, which takes the environment as an argument."""
        return (init_settings,)


def load_settings(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read `path` (it may be absent) and the environment.

    Raises:
        SettingsError: the file is not TOML, or a key or value is not valid.
    """
    values = _read_toml(path)
    for name, section, key, value in _overrides(environ):
        table = values.setdefault(section, {})
        if not isinstance(table, dict):
            raise SettingsError(f"{path}: {section} must be a table because {name} is set")
        table[key] = value
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(path, dict(item)) for item in error.errors())) from error


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML in UTF-8: {error}. Mend the line it names.") from error


def _overrides(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    for name, value in environ.items():
        if name.startswith(_PREFIX) and name not in _NOT_SETTINGS and "__" in name and value:
            section, key = name.removeprefix(_PREFIX).lower().split("__", 1)
            yield name, section, key, value


def _explain(path: Path, item: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] == "value_error":  # of our own making: it says what matters, and the input may be secret
        return f"{path}: {place}: {item['msg'].removeprefix('Value error, ')}"
    if item["type"] != "extra_forbidden":
        return f"{path}: {place}{_shown(item['loc'], item['input'])}: {item['msg']}"
    nearest = difflib.get_close_matches(place, _valid_keys(), n=1, cutoff=0.4)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    return f"{path}: unknown setting {place}.{hint}"


def _shown(place: Sequence[int | str], value: object) -> str:
    """The value as it was given, unless it may be or hold a secret."""
    if not isinstance(value, str | int | float | bool) or "@" in str(value) or is_secret(place):
        return ""
    return f" = {value!r}"


def is_secret(place: Sequence[int | str]) -> bool:
    """Whether the setting at `place` ("ingestion", "passwords") must not be shown."""
    model: type[BaseModel] = Settings
    for part in place:
        field = model.model_fields.get(str(part))
        if field is None:
            return False
        if not field.repr:
            return True
        inner = field.annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return False
        model = inner
    return False


def _valid_keys() -> list[str]:
    keys = []
    for name, section in Settings.model_fields.items():
        keys.append(name)
        fields = getattr(section.annotation, "model_fields", {})
        keys.extend(f"{name}.{key}" for key in fields)
    return keys
