"""How the page is started: a Streamlit command line with our look, this machine only, and no telemetry."""

from __future__ import annotations

import sys
from pathlib import Path

APP = Path(__file__).with_name("served.py")
MAX_UPLOAD_MB = 200
PAGE_ENVIRONMENT = {"FORWARDED_ALLOW_IPS": ""}
"""uvicorn would put the address of X-Forwarded-For in the place of the connection's, whoever on this machine
sends it. The page needs the real one, see `ui.api.proxies`."""

_FONT = (
    "-apple-system, 'Segoe UI', 'Hiragino Sans', 'Yu Gothic UI', Meiryo, 'Noto Sans JP', 'Noto Sans CJK JP', "
    "system-ui, sans-serif"
)

OPTIONS: dict[str, str] = {
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "server.fileWatcherType": "none",
    "server.headless": "true",
    "server.maxUploadSize": str(MAX_UPLOAD_MB),
    "server.runOnSave": "false",
    "server.showEmailPrompt": "false",
    "runner.magicEnabled": "false",
    "theme.base": "light",
    "theme.primaryColor": "#2f5d8c",
    "theme.backgroundColor": "#ffffff",
    "theme.secondaryBackgroundColor": "#f3f5f8",
    "theme.textColor": "#1f2933",
    "theme.linkColor": "#2f5d8c",
    "theme.borderColor": "#dfe4ea",
    "theme.baseRadius": "8px",
    "theme.baseFontSize": "15",
    "theme.font": _FONT,
    "theme.headingFont": _FONT,
    "theme.headingFontWeights": "[650, 650, 600, 600, 600, 600]",
    "theme.headingFontSizes": '["1.55rem", "1.2rem", "1.05rem", "1rem", "1rem", "1rem"]',
    "theme.showWidgetBorder": "true",
    "theme.sidebar.backgroundColor": "#f6f7f9",
    "theme.sidebar.secondaryBackgroundColor": "#e9edf2",
}


def command(
    port: int, *, host: str = "127.0.0.1", app: Path = APP, python: str = sys.executable
) -> list[str]:
    """The command line that serves `app` on `host`:`port`.

    The workspace is named to it by KONKYO_WORKSPACE in its environment.
    """
    options = OPTIONS | {
        "server.address": host,
        "server.port": str(port),
        "browser.serverAddress": host,
        "browser.serverPort": str(port),
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [python, "-P", "-m", "streamlit", "run", str(app), *flags]
