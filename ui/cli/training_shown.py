"""How a training is watched in the terminal: a bar with loss, rate and time left, sample answers above it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ui.cli.shared import note, progress_console, translated

Json = dict[str, Any]
_SECONDS = 20.0  # between lines where there is no terminal


class Shown:
    """Events of a run as people read them. `words` gives the texts."""

    def __init__(self, words: Callable[..., str]) -> None:
        self._words = words

    def line(self, event: Json) -> str:
        """One event as a line."""
        kind = event["event"]
        if kind == "step":
            return self._words("step", **{
                "step": event["step"], "steps": event["steps"], "loss": f"{event['loss']:.3f}",
                "rate": f"{event['rate']:.2f}", "minutes": f"{event['eta_seconds'] / 60:.1f}",
            })  # fmt: skip
        if kind == "validation":
            return self._words("validation", step=event["step"], loss=f"{event['loss']:.4f}")
        if kind == "sample":
            question, text = (" ".join(event[name].split()) for name in ("question", "text"))
            return self._words("sample", step=event["step"], question=question, text=text)
        if kind == "prepared":
            return self._words("prepared", steps=event["steps"], minutes=f"{event['eta_seconds'] / 60:.0f}")
        if kind == "resumed":
            return self._words("resumed", step=event["step"])
        return self._words(f"states.{kind}") + (
            f": {translated(event['reason'])}" if event.get("reason") else ""
        )

    @contextmanager
    def watching(self) -> Iterator[Callable[[Json], None]]:
        """Call it with each event. Where stderr is no terminal, a line now and then instead of a bar."""
        from rich.progress import BarColumn, Progress, TextColumn

        screen = progress_console()
        if not screen.is_terminal:
            yield self._writer()
            return
        columns = (
            BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.description}", markup=False),
        )  # fmt: skip
        with Progress(*columns, console=screen) as bars:
            task = bars.add_task("", total=None)

            def show(event: Json) -> None:
                if event["event"] == "step":
                    bars.update(
                        task, total=event["steps"], completed=event["step"], description=self.line(event)
                    )
                else:
                    bars.console.print(self.line(event), markup=False)

            yield show

    def _writer(self) -> Callable[[Json], None]:
        last = -_SECONDS

        def show(event: Json) -> None:
            nonlocal last
            now = time.monotonic()
            if event["event"] != "step" or event["step"] == event["steps"] or now - last >= _SECONDS:
                last = now if event["event"] == "step" else last
                note(self.line(event))

        return show
