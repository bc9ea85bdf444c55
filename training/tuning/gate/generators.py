"""Where the two chat models come from. Open one after the other: a small machine cannot hold both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assistant.generation import AdaptedGenerator, AdapterFile, Generator
from ingestion.settings import Settings
from ingestion.workspace import Workspace

if TYPE_CHECKING:
    from assistant.llama import LlamaGenerator


class TunedGenerators(Protocol):
    """Opens the base model and the same with an adapter; whoever opens one closes it before the other."""

    def base(self) -> AbstractContextManager[Generator]:
        """The base model alone."""
        ...

    def tuned(self) -> AbstractContextManager[Generator]:
        """The base model with the adapter."""
        ...


@dataclass(frozen=True, slots=True)
class LlamaGenerators:
    """Both in llama.cpp, each an instance of its own that leaves the memory at the end.

    `model` is the file of the base model. The adapter is put on as it is when it is served. Settings of a
    server do not count: an adapter is measured on the model that it was learnt on.
    """

    workspace: Workspace
    settings: Settings
    name: str
    model: Path
    adapter: AdapterFile

    @contextmanager
    def base(self) -> Iterator[Generator]:
        """The base model alone.

        Raises:
            GenerationError: it cannot be loaded.
        """
        with self._opened() as opened:
            yield opened

    @contextmanager
    def tuned(self) -> Iterator[Generator]:
        """The base model with the adapter, which is loaded with the first answer.

        Raises:
            GenerationError: the model cannot be loaded. An adapter that cannot be is an AdapterError of the
                first answer.
        """
        with self._opened() as opened:
            yield AdaptedGenerator(opened, self.adapter)

    @contextmanager
    def _opened(self) -> Iterator[LlamaGenerator]:
        from assistant.llama import LlamaGenerator

        models = self.settings.models
        with closing(
            LlamaGenerator(
                self.model, name=self.name, context_tokens=models.context_tokens, threads=models.threads,
                gpu_layers=models.gpu_layers, settings=self.settings.generation,
                layouts=self.workspace.layouts_path,
            )
        ) as opened:  # fmt: skip
            yield opened
