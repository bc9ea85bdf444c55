"""The only place that chooses implementations. Heavy packages are imported when their part is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from assistant.answers import Message
from assistant.errors import AdapterError
from assistant.generation import AdaptableGenerator, AdapterFile, Generator, never
from ingestion.errors import IndexMismatchError, ModelError
from ingestion.library import Library
from ingestion.settings import Settings
from ingestion.workspace import Workspace

if TYPE_CHECKING:
    from assistant.adapter_serving import AdapterServing
    from assistant.answering import Assistant
    from assistant.grounding.verdicts import Checker
    from assistant.records import Records
    from assistant.rescoring import Rescoring
    from assistant.retrieval import Retriever
    from assistant.verified import VerifiedAnswers
    from ingestion.embedding import Embedder
    from ingestion.indexes import SearchIndexes


class LazyGenerator:
    """A chat model that is loaded when its first answer is asked for; `name` is known before."""

    def __init__(self, name: str, context_tokens: int, load: Callable[[], Generator]) -> None:
        self._name = name
        self._context_tokens = context_tokens
        self._load = load
        self._lock = threading.Lock()
        self._loaded: Generator | None = None

    @property
    def name(self) -> str:
        """The model's name as shown to people."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """As set, or as the loaded model has it."""
        return self._loaded.context_tokens if self._loaded else self._context_tokens

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._loaded is not None

    @property
    def waiting(self) -> int:
        """How many answers would be written before one that is asked for now."""
        return int(getattr(self._loaded, "waiting", 0))

    def warm_up(self) -> Generator:
        """Load the model now, once, whoever asks first.

        Raises:
            GenerationError: the model cannot be loaded.
            ModelError: the model is not there; the message names the ways to get it.
        """
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`; loads the model."""
        return self.warm_up().count_tokens(text)

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
        adapter: AdapterFile | None = None,
    ) -> Iterator[str]:
        """As the model's own; loads it first.

        Raises:
            AdapterError: an adapter is wanted of a model that takes none.
        """
        loaded = self.warm_up()
        if adapter is None:
            yield from loaded.generate(
                messages, max_tokens=max_tokens, temperature=temperature, seed=seed, cancelled=cancelled
            )
        else:
            yield from _adaptable(loaded, adapter).generate(
                messages, max_tokens=max_tokens, temperature=temperature, seed=seed, cancelled=cancelled,
                adapter=adapter,
            )  # fmt: skip

    def prepare(self, messages: Sequence[Message], adapter: AdapterFile | None = None) -> int:
        """As the model's own, where it has one; loads it first."""
        loaded = self.warm_up()
        if adapter is not None:
            return _adaptable(loaded, adapter).prepare(messages, adapter)
        prepare = getattr(loaded, "prepare", None)
        return int(prepare(messages)) if prepare else 0

    def close(self) -> None:
        """Free the model's memory, when it is loaded."""
        with self._lock:
            if self._loaded is not None and (close := getattr(self._loaded, "close", None)):
                close()
            self._loaded = None


def _adaptable(generator: Generator, adapter: AdapterFile) -> AdaptableGenerator:
    if not getattr(generator, "takes_adapters", False):
        raise AdapterError(
            f"{generator.name} answers elsewhere and takes no adapter such as {adapter.name!r}. "
            "Serve the base model: konkyo train rollback --to base"
        )
    return cast("AdaptableGenerator", generator)


def open_adapters(workspace: Workspace, settings: Settings) -> AdapterServing:
    """The tuned adapters of the workspace, over the chat model that the settings name."""
    from assistant.adapter_serving import AdapterServing, BaseModel
    from assistant.adapters import AdapterFolder
    from assistant.gate_standing import circumstances
    from assistant.task_prompts import TaskPrompts
    from ingestion.model_store import ModelStore

    prompts = TaskPrompts(workspace.prompts)

    def base(model: str | None) -> BaseModel:
        if settings.server.base_url:
            raise AdapterError(
                f"answers come from {settings.server.base_url}, which takes no adapters. "
                "Empty server.base_url, or serve the base model: konkyo train rollback --to base"
            )
        name = model or settings.models.chat
        return BaseModel(name, ModelStore(workspace.models).path_of(name))

    return AdapterServing(
        AdapterFolder(workspace.adapters), base, circumstances=lambda: circumstances(settings, prompts)
    )


def open_library(workspace: Workspace, settings: Settings) -> Library:
    """The workspace's library."""
    return Library.open(workspace.library_path, settings.ingestion)


def open_search(
    workspace: Workspace, settings: Settings, *, owns_lock: bool = False
) -> tuple[Library, SearchIndexes, Embedder, Retriever]:
    """Library, indexes brought up to it, the embedder of its vectors, and a retriever over them.

    `owns_lock` says that this process holds the workspace's lock all the time.

    Raises:
        ModelError: the embedder is not there; the message names the ways to get it.
        IndexMismatchError: the library's vectors are another embedder's, which is not there either.
    """
    from assistant.currency import Currency
    from assistant.retrieval import Retriever
    from assistant.understanding.reading import Clock
    from ingestion.dictionary import DictionaryFile
    from ingestion.indexes import SearchIndexes
    from ingestion.version_rows import VersionRows
    from ingestion.workspace import WriteGate

    library = open_library(workspace, settings)
    embedder = open_embedder(workspace, settings, library)
    gate = WriteGate(workspace, owns_lock=owns_lock)
    indexes = SearchIndexes.open(
        workspace.indexes, library, embedder.identity, embedder.dimension, may_write=gate
    )
    words = DictionaryFile(workspace.dictionary_path)
    month = settings.ingestion.fiscal_month
    currency = Currency(VersionRows(library, month), fiscal_month=month)
    rescoring = open_rescoring(workspace, settings)
    clock = Clock(fiscal_month=month)
    retriever = Retriever(
        library, indexes, embedder, settings.retrieval, words, currency, rescoring, clock
    )  # fmt: skip
    return library, indexes, embedder, retriever


def open_rescoring(workspace: Workspace, settings: Settings) -> Rescoring | None:
    """What reads the best hits anew, by `[rerank]`; None where it is off, or by default where no model is.

    The model is loaded by its first use.
    """
    from assistant.reranking import LazyReranker, has_reranker
    from assistant.rescoring import Rescoring

    wanted = settings.rerank
    if wanted.enabled == "off":
        return None
    if wanted.enabled == "auto" and not has_reranker(wanted, workspace.models):
        return None
    return Rescoring(LazyReranker(wanted, workspace.models, settings.models.threads), wanted.top)


def open_embedder(workspace: Workspace, settings: Settings, library: Library) -> Embedder:
    """The embedder whose vectors the library holds; the configured one while it holds none.

    After a change of `models.embedder` the old one goes on serving until `konkyo index reembed` has run.

    Raises:
        ModelError, IndexMismatchError: as `open_search`.
    """
    from ingestion.embedding import load_embedder

    active = library.embedder
    if active is None:
        return load_embedder(settings.models.embedder, workspace.models, settings.models.threads)
    name = active.identity.rsplit(":", 1)[0]
    try:
        embedder = load_embedder(name, workspace.models, settings.models.threads)
    except ModelError as error:
        raise IndexMismatchError(
            f"the library's vectors were made by {active.identity}, which cannot be loaded: {error} "
            f"Or make new vectors with: konkyo index reembed --model {settings.models.embedder}"
        ) from error
    if embedder.identity != active.identity:
        raise IndexMismatchError(
            f"the library's vectors were made by {active.identity}, the model there is {embedder.identity}. "
            f"Make new vectors with: konkyo index reembed --model {name}"
        )
    return embedder


def open_generator(workspace: Workspace, settings: Settings, model: str | None = None) -> LazyGenerator:
    """The configured server, else llama.cpp with `model` or the configured one. Nothing is loaded yet."""
    server = settings.server
    if server.base_url:
        chosen = server.model_copy(update={"model": model}) if model else server

        def connect() -> Generator:
            from assistant.openai_server import OpenAIServerGenerator

            return OpenAIServerGenerator(
                chosen, context_tokens=settings.models.context_tokens, top_p=settings.generation.top_p
            )

        return LazyGenerator(chosen.model or chosen.base_url, settings.models.context_tokens, connect)
    name = model or settings.models.chat

    def load() -> Generator:
        from assistant.llama import LlamaGenerator
        from ingestion.model_store import ModelStore

        return LlamaGenerator(
            ModelStore(workspace.models).path_of(name), name=name,
            context_tokens=settings.models.context_tokens, threads=settings.models.threads,
            gpu_layers=settings.models.gpu_layers, settings=settings.generation,
            layouts=workspace.layouts_path,
        )  # fmt: skip

    return LazyGenerator(name, settings.models.context_tokens, load)


def build_assistant(
    workspace: Workspace,
    settings: Settings,
    *,
    model: str | None = None,
    generator: Generator | None = None,
    search: tuple[Library, SearchIndexes, Embedder, Retriever] | None = None,
) -> Assistant:
    """An assistant over the workspace. `search` shares what `open_search` gave; `generator` a loaded model.

    Raises:
        ModelError, IndexMismatchError: as `open_search`.
    """
    from assistant.answering import Assistant
    from assistant.task_prompts import TaskPrompts
    from assistant.tasks.kept_texts import KeptTexts
    from assistant.tasks.performing import TaskDesk
    from assistant.writing import Writer

    library, _, embedder, retriever = search or open_search(workspace, settings)
    checker = build_checker(workspace, settings, embedder)
    writer = generator or open_generator(workspace, settings, model)
    prompts = TaskPrompts(workspace.prompts)
    desk = TaskDesk(
        library, retriever, Writer(writer, checker, settings.generation), prompts, embedder=embedder,
        kept=KeptTexts(workspace.kept_texts),
    )  # fmt: skip
    return Assistant(retriever, writer, checker, settings, retriever.dictionary, prompts, desk)


def build_checker(workspace: Workspace, settings: Settings, embedder: Embedder) -> Checker:
    """The rules, and behind them the verifier where the settings want it and its model is there."""
    from assistant.grounding.entailed import EntailmentChecker
    from assistant.grounding.verdicts import RuleChecker
    from assistant.grounding.verifiers import has_verifier, load_verifier

    rules = RuleChecker(settings.answers, embedder)
    if settings.answers.verifier == "off" or not has_verifier(settings.verifier, workspace.models):
        return rules
    return EntailmentChecker(
        rules, lambda: load_verifier(settings.verifier, workspace.models, settings.models.threads)
    )


def build_verified(
    workspace: Workspace,
    settings: Settings,
    records: Records,
    library: Library,
    embedder: Callable[[], Embedder],
) -> VerifiedAnswers:
    """The confirmed answers of the workspace. `embedder` is asked for when a question may be like one."""
    from assistant.grounding.verdicts import RuleChecker
    from assistant.verified import VerifiedAnswers
    from assistant.verified_rows import VerifiedRows
    from ingestion.dictionary import DictionaryFile
    from ingestion.finding_rows import counts
    from ingestion.version_rows import VersionRows

    words = DictionaryFile(workspace.dictionary_path)
    versions = VersionRows(library)

    def quarantined(document: str) -> bool:
        found = counts(library).get(document)
        return found is not None and found.quarantined

    return VerifiedAnswers(
        VerifiedRows(records.engine), library,
        lambda: RuleChecker(settings.answers, embedder()),
        lambda question: embedder().embed_query(question),
        near=settings.answers.verified_at, versions=versions.all, quarantined=quarantined,
        reworded=lambda question, texts: words.current().reworded(question, texts),
    )  # fmt: skip
