"""`konkyo train export`, `parity`, `soften`: an adapter for llama.cpp, the proof of it, and a weaker one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ui.cli.measuring import progress_bar
from ui.cli.shared import JsonOption, WorkspaceOption, console, open_here, print_json, terminal_language
from ui.parity_said import parity_reasons
from ui.texts import t

if TYPE_CHECKING:
    from assistant.adapters import AdapterFolder
    from ingestion.workspace import Workspace
    from training.tuning.gguf_export import Exported


def words(key: str, **values: object) -> str:
    """A text of the [exporting] table in the language of the terminal."""
    return t(terminal_language(), "exporting", key, **values)


AdapterArgument = Annotated[str, typer.Argument(metavar="ADAPTER", help=words("adapter"))]
BaseOption = Annotated[Path | None, typer.Option("--base", exists=True, dir_okay=False, help=words("base"))]


def register(app: typer.Typer) -> None:
    """Put the three commands into `konkyo train`."""
    app.command("export", help=words("help_export"))(export)
    app.command("parity", help=words("help_parity"))(parity)
    app.command("soften", help=words("help_soften"))(soften)


def export(
    adapter: AdapterArgument,
    merged: Annotated[bool, typer.Option("--merged", help=words("merged"))] = False,
    quantise: Annotated[
        Literal["q4_0", "q4_k_m", "q5_k_m", "q6_k", "q8_0"] | None, typer.Option(help=words("quantise"))
    ] = None,
    precision: Annotated[Literal["f32", "f16"], typer.Option(help=words("precision"))] = "f32",
    out: Annotated[Path | None, typer.Option("--out", dir_okay=False, help=words("out"))] = None,
    base: BaseOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write the adapter for llama.cpp, or base model and adapter as one file."""
    from assistant.adapters import AdapterFolder
    from training.tuning.gguf_export import export_adapter

    place = open_here(workspace)
    adapters = AdapterFolder(place.adapters)
    model = base or _base(place, adapters, adapter)
    written = export_adapter(adapters, adapter, model, precision=precision)
    if merged or quantise:
        written = _merge(adapters, adapter, model, quantise or "f16", out)
    elif out is not None:
        written = _copy(written.path, out)
    if json:
        print_json(written.as_json())
    else:
        console().print(words("written", path=written.path, megabytes=f"{written.bytes / 1e6:.1f}"))


def parity(
    adapter: AdapterArgument,
    base: BaseOption = None,
    weights: Annotated[
        Path | None, typer.Option("--weights", exists=True, file_okay=False, help=words("weights"))
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Compare the exported adapter with what was trained."""
    from assistant.adapters import AdapterFolder
    from training.tuning.parity_prompts import prompts_for
    from training.tuning.proving import prove

    place = open_here(workspace)
    adapters = AdapterFolder(place.adapters)
    model = base or _base(place, adapters, adapter)
    prompts = prompts_for(place, adapters.read(adapter))
    with progress_bar() as show:
        found = prove(
            adapters, adapter, model, prompts, weights=weights, layouts=place.layouts_path,
            progress=show,
        )  # fmt: skip
    if json:
        print_json(found)
    else:
        _show(found)


def soften(
    adapter: AdapterArgument,
    name: Annotated[str, typer.Option("--name", help=words("softer_name"))],
    strength: Annotated[float, typer.Option("--strength", help=words("strength"))] = 0.75,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Make a weaker copy of an adapter."""
    from assistant.adapters import AdapterFolder
    from training.tuning import softening

    made = softening.soften(AdapterFolder(open_here(workspace).adapters), adapter, strength, name)
    if json:
        print_json({"adapter": made.name, "of": adapter, "strength": strength})
    else:
        console().print(words("softened", name=made.name, of=adapter, strength=f"{strength:g}"))


def _base(place: Workspace, adapters: AdapterFolder, name: str) -> Path:
    from training.tuning.proving import base_of

    return base_of(adapters.read(name), place.models)


def _merge(adapters: AdapterFolder, name: str, base: Path, kind: str, out: Path | None) -> Exported:
    from assistant.adapters import GGUF
    from training.tuning.merging import merge

    folder = adapters.folder(name)
    with progress_bar() as show:
        return merge(
            base, folder / GGUF, out or folder / f"merged-{kind}.gguf", kind=kind,
            progress=lambda done, total: show("merging", done, total),
        )  # fmt: skip


def _copy(written: Path, out: Path) -> Exported:
    from training.tuning.gguf_export import Exported

    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(written, out)
    return Exported.of(out)


def _show(found: Mapping[str, Any]) -> None:
    effect, weights, alone = found["effect"], found["weights"], found["base"]
    say = console().print
    say(words("passed" if found["passed"] else "failed"), style="green" if found["passed"] else "bold red")
    for line in parity_reasons(terminal_language(), found):
        say(f"  {line}")
    say(words("figures", prompts=found["prompts"], tokens=found["tokens"],
              top1=f"{found['top1_agreement']:.1%}", base_top1=f"{alone['top1_agreement']:.1%}",
              largest=f"{found['max_logprob_diff']:.3f}", mean=f"{found['mean_logprob_diff']:.4f}",
              base_mean=f"{alone['mean_logprob_diff']:.4f}"))  # fmt: skip
    say(words("effect", size=f"{effect['size']:.3f}", difference=f"{effect['difference']:.1%}",
              changed=f"{effect['top1_changed']:.1%}"))  # fmt: skip
    say(words("placed", matrices=weights["matrices"], difference=f"{weights['difference']:.2%}"))
