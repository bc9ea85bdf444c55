"""What `streamlit run` starts: the page, with its sign-in form and keeper under the same address."""

from __future__ import annotations

import sys
from pathlib import Path

# `streamlit run` puts this file's folder first on the path; the packages are found from the project's root.
_ROOT = str(Path(__file__).resolve().parents[2])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

from starlette.middleware import Middleware  # noqa: E402
from streamlit.starlette import App  # noqa: E402

from ui.web import entrance  # noqa: E402

app = App(
    Path(__file__).with_name("app.py"), routes=entrance.routes(), middleware=[Middleware(entrance.Keeper)]
)
