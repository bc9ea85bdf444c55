"""Sources and failures asked of the service, over its own client."""

from __future__ import annotations

from interface_fakes import FakeOperations
from test_service import client, operations, web  # noqa: F401

from ui.api.client import ServiceClient


def test_each_call_reaches_its_operation(client: ServiceClient, operations: FakeOperations) -> None:  # noqa: F811
    files = [{"source": "/srv/規程", "path": "a b.pdf"}]
    client.syncs()
    client.start_sync()
    client.start_sync("rules", allow_empty=True)
    client.preview("rules")
    client.retry_failures()
    client.retry_failures(files)
    client.ignore_failure("/srv/規程", "a b.pdf")
    client.ignore_failure("/srv/規程", "a b.pdf", ignored=False)
    assert operations.calls == [
        ("syncs", (), {}),
        ("start_sync", (None,), {"allow_empty": False}),
        ("start_sync", ("rules",), {"allow_empty": True}),
        ("preview", ("rules",), {}),
        ("retry_failures", ([],), {}),
        ("retry_failures", (files,), {}),
        ("ignore_failure", ("/srv/規程", "a b.pdf"), {"ignored": True}),
        ("ignore_failure", ("/srv/規程", "a b.pdf"), {"ignored": False}),
    ]


def test_a_synchronisation_is_followed_to_its_report(
    client: ServiceClient, operations: FakeOperations  # noqa: F811
) -> None:  # fmt: skip
    events = [
        {"event": "progress", "name": "rules", "phase": "fetch", "done": 1, "total": 2, "path": "規程.pdf"},
        {"event": "report", "report": {"sources": [{"name": "rules", "error": None}]}},
    ]
    operations.streams["sync"] = lambda: iter(events)
    assert list(client.sync("rules", allow_empty=True)) == events
    assert operations.calls == [("sync", ("rules",), {"allow_empty": True})]
