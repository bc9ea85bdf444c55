"""`konkyo mcp`."""

from __future__ import annotations

from contextlib import closing

from ui.cli.shared import WorkspaceOption, connect_here


def mcp(workspace: WorkspaceOption = None) -> None:
    """Let a chat program call the tools, on stdin and stdout."""
    from ui.api.mcp_server import serve_stdio

    with closing(connect_here(workspace)) as operations:
        serve_stdio(operations)
