"""Heavy work around a training, step by step: each is run in a process of its own (`ui.training_process`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from training.errors import TuningError

if TYPE_CHECKING:
    from assistant.answers import Language
    from ingestion.workspace import Workspace
    from training.tuning.examples import TuningExample
    from training.tuning.recipes import Recipe

Json = dict[str, Any]
Progress = Callable[[str, int, int], None]
"""Called with the phase, what is done, and all."""


def learnable(place: Workspace, method: str) -> list[TuningExample]:
    """What may be learnt from now: for `continued` the library's documents, else what people accepted.

    Raises:
        TuningError: there is nothing that suits the method.
    """
    from training.tuning.selecting import library_texts
    from training.tuning.store import accepted_examples

    if method == "continued":
        from ingestion.library import Library

        with closing(Library.open(place.library_path)) as library:
            found = library_texts(library)
    else:
        kinds = ("preference",) if method == "dpo" else ("answer", "preference", "chat")
        found = [one for one in accepted_examples(place) if one.kind in kinds]
    if not found:
        raise TuningError(
            f"there is nothing to learn from by the method {method}. Accept examples that suit it, or add "
            "documents for the method continued."
        )
    return found


def estimated(place: Workspace, name: str, recipe: Recipe, examples: Sequence[TuningExample]) -> Json:
    """The value of `TrainingOperations.estimate_training`."""
    from training.errors import TrainingRefusedError
    from training.tuning.estimating import refuse_a_full_disk, refuse_what_cannot_fit
    from training.tuning.lessons import prepare

    lesson = prepare(place, recipe, examples)
    taken = lesson.estimate()
    refusal = None
    try:
        refuse_what_cannot_fit(taken)
        refuse_a_full_disk(taken, place.root)
    except TrainingRefusedError as error:
        refusal = str(error)
    return {
        "recipe": name, "method": recipe.training.method, "base": lesson.base.model, "dtype": lesson.dtype,
        "examples": len(lesson.selection.train), "validation": len(lesson.selection.validation),
        "replayed": len(lesson.replayed), "left_out": list(lesson.left_out), **taken.as_json(),
        "fits": refusal is None, "refusal": refusal,
    }  # fmt: skip


def estimate(
    place: Workspace, show: Progress, *, recipe: str, method: str | None, changes: Mapping[str, Any]
) -> Json:
    """See `TrainingOperations.estimate_training`."""
    from training.tuning.starting import read_recipe

    show("estimate", 0, 0)
    _, _, found = read_recipe(recipe, method, changes)
    return estimated(place, recipe, found, learnable(place, found.training.method))


def export(place: Workspace, show: Progress, *, adapter: str) -> Json:
    """`konkyo train export ADAPTER`: the adapter alone, for llama.cpp."""
    from assistant.adapters import AdapterFolder
    from training.tuning.gguf_export import export_adapter
    from training.tuning.proving import base_of

    show("export", 0, 0)
    adapters = AdapterFolder(place.adapters)
    base = base_of(adapters.read(adapter), place.models)
    return dict(export_adapter(adapters, adapter, base).as_json())


def parity(place: Workspace, show: Progress, *, adapter: str) -> Json:
    """`konkyo train parity ADAPTER`."""
    from assistant.adapters import AdapterFolder
    from training.tuning.parity_prompts import prompts_for
    from training.tuning.proving import base_of, prove

    adapters = AdapterFolder(place.adapters)
    manifest = adapters.read(adapter)
    base, prompts = base_of(manifest, place.models), prompts_for(place, manifest)
    return prove(adapters, adapter, base, prompts, layouts=place.layouts_path, progress=show)


def evaluate(place: Workspace, show: Progress, *, adapter: str, language: Language, time_again: bool) -> Json:
    """`konkyo train evaluate ADAPTER`, without the rows: they stay in its report."""
    from ui.quality.gating import gate_adapter

    show("evaluate", 0, 0)
    report, _ = gate_adapter(place, adapter, language, time_again=time_again, progress=show)
    return {name: value for name, value in report.items() if name != "rows"}


DOES: Mapping[str, Callable[..., Json]] = {
    "estimate": estimate, "export": export, "parity": parity, "evaluate": evaluate,
}  # fmt: skip
"""By the name that the process is started with."""
