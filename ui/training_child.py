"""The process that does one step of `ui.training_steps`, so that its memory is given back with its end.

Started by `ui.training_process` as `python -m ui.training_child STEP WORKSPACE ARGUMENTS`, the last as JSON.
On stdout it writes one JSON value a line: `{event: "progress", phase, done, total}`, and at last
`{event: "report", report}` or `{event: "error", kind, message, refused}`. All that libraries say goes to
stderr.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingestion.workspace import Workspace
from training.errors import TuningError
from training.tuning.child import give_way
from ui.errors import EXPECTED, error_json
from ui.training_steps import DOES

Json = dict[str, Any]


def main() -> None:
    """Do the step; the exit code is 0 when its report was written."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as told:
        os.dup2(2, 1)  # llama.cpp and others write to the number, whatever Python's stdout is

        def tell(event: Json) -> None:
            told.write(json.dumps(event, ensure_ascii=False) + "\n")
            told.flush()

        if sys.argv[1] != "estimate":  # somebody sits and waits for that
            give_way()
        done = perform(sys.argv[1], Workspace(Path(sys.argv[2])), json.loads(sys.argv[3]), tell)
    sys.exit(0 if done else 1)


def perform(step: str, place: Workspace, arguments: Json, tell: Callable[[Json], None]) -> bool:
    """Do a step and tell of it as the module says; whether it came to its report."""

    def show(phase: str, done: int, total: int) -> None:
        tell({"event": "progress", "phase": phase, "done": done, "total": total})

    try:
        tell({"event": "report", "report": DOES[step](place, show, **arguments)})
    except EXPECTED as error:
        tell({"event": "error", **error_json(error)})
    except Exception as error:  # whoever waits for this process must hear of a bug as well
        traceback.print_exc()
        unknown = TuningError(f"unexpected error, see the log: {type(error).__name__}: {error}")
        tell({"event": "error", **error_json(unknown)})
    else:
        return True
    return False


if __name__ == "__main__":
    main()
