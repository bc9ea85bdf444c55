"""The tools of `ui.tools` over the Model Context Protocol: on stdin and stdout, and as the address /mcp.

Over HTTP each request stands for itself and is done for whoever sent it; there are no sessions, so nobody can
go on with what another one began. The library `mcp` is not part of a plain installation.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import asdict
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ui.api.events import follow
from ui.errors import UsageError
from ui.operations import Json, Operations
from ui.tools import ABOUT, TOOLS, Tool

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams
    from starlette.types import ASGIApp

PATH = "/mcp"


def available() -> bool:
    """Whether the library is here."""
    return find_spec("mcp") is not None


def serve_stdio(operations: Operations) -> None:
    """Answer on stdin and stdout until stdin ends.

    Raises:
        UsageError: the library is not here.
    """
    if not available():
        raise UsageError("the library mcp is not installed. Install it: pip install 'konkyo[mcp]'")
    import anyio
    from mcp.server.stdio import stdio_server

    server = mcp_server(operations)

    async def answer() -> None:
        async with stdio_server() as (heard, told):
            await server.run(heard, told, server.create_initialization_options())

    anyio.run(answer)


def over_http(operations: Operations) -> tuple[ASGIApp, Callable[[], AbstractAsyncContextManager[None]]]:
    """What answers `PATH`, and what must be entered as long as it does."""
    from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager

    manager = StreamableHTTPSessionManager(mcp_server(operations), stateless=True)
    return StreamableHTTPASGIApp(manager), manager.run


def mcp_server(operations: Operations) -> Server[Any]:
    """A server that does its tools with `operations`."""
    from mcp.server.lowlevel import Server
    from mcp_types import ListToolsResult, ToolAnnotations
    from mcp_types import Tool as Listed

    only_reads = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)

    async def list_tools(_context: Any, _params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(
            tools=[
                Listed(
                    name=tool.name, description=tool.about, input_schema=tool.takes.model_json_schema(),
                    annotations=only_reads,
                )
                for tool in TOOLS
            ]
        )  # fmt: skip

    async def call_tool(_context: Any, params: CallToolRequestParams) -> CallToolResult:
        tool = next((one for one in TOOLS if one.name == params.name), None)
        if tool is None:
            return _failed(f"there is no tool {params.name!r}. There are {', '.join(t.name for t in TOOLS)}.")
        return await _called(tool, operations, params.arguments or {})

    return Server(
        "konkyo", version=version("konkyo"), instructions=ABOUT, on_list_tools=list_tools,
        on_call_tool=call_tool,
    )  # fmt: skip


async def _called(tool: Tool, operations: Operations, arguments: Json) -> CallToolResult:
    """Do it in a thread of its own, in the name of whoever asks; who stops waiting stops the work."""
    from mcp_types import CallToolResult, TextContent

    def begin(gone: Callable[[], bool]) -> Iterator[Json]:
        return ({"event": "finished", **asdict(one)} for one in tool.call(operations, arguments, gone))

    async with aclosing(_events(begin)) as events:
        async for event in events:
            if event["event"] == "failed":
                return _failed(event["message"])
            return CallToolResult(
                content=[TextContent(type="text", text=event["text"])], structured_content=event["value"]
            )
    return _failed("the call was stopped.")


async def _events(begin: Callable[[Callable[[], bool]], Iterator[Json]]) -> AsyncGenerator[Json, None]:
    async with aclosing(follow(begin)) as events:
        async for event in events:
            if event is not None:
                yield event


def _failed(message: str) -> CallToolResult:
    from mcp_types import CallToolResult, TextContent

    return CallToolResult(content=[TextContent(type="text", text=message)], is_error=True)
