"""Which address does which operation. One that is not in the table is answered to nobody with a name.

`ui.access.NEEDS` says which role and which scope of a token an operation needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from starlette.routing import compile_path

PUBLIC = "(public)"
"""Answered to anybody."""
SERVICE = "(service)"
"""Answered to holders of the token of service.json, that is: to whoever works on this machine in person."""
METRICS = "(metrics)"
"""As `SERVICE`, and to admins; to anybody where the settings say so."""

TOOLS = "(tools)"
"""Answered to whoever has a name; each tool that is called does an operation, and needs what that needs."""

_LINES = """
GET /health (public)
GET /ready (public)
POST /session (public)
POST /session/proxy (service)
GET /session (public)
DELETE /session (public)
GET /metrics (metrics)
GET /openapi.json (service)
POST /shutdown (service)
GET /status status
GET /models models
GET /settings settings
POST /search search
POST /ask ask
POST /v1/chat/completions ask
GET /v1/models served_models
POST /v1/embeddings embed
POST /mcp (tools)
POST /tasks perform
POST /ingest ingest
POST /job start_ingest
GET /job job
DELETE /job cancel_ingest
POST /uploads upload
GET /index index_check
POST /index/rebuild index_rebuild
POST /index/reembed index_reembed
GET /documents documents
GET /documents/{document} document
DELETE /documents/{document} remove_document
GET /documents/{document}/boxes boxes
GET /documents/{document}/pages/{page} page_size
GET /documents/{document}/pages/{page}/image page_image
GET /documents/{document}/figures/{figure}/image figure_image
GET /documents/{document}/original original
GET /documents/{document}/findings findings
POST /documents/{document}/release release
DELETE /documents/{document}/release withdraw_release
GET /failures failures
POST /failures/retry retry_failures
POST /failures/ignore ignore_failure
GET /sources sources
GET /screening screening
GET /conversations conversations
POST /conversations new_conversation
GET /conversations/{conversation} conversation
PATCH /conversations/{conversation} rename_conversation
DELETE /conversations/{conversation} delete_conversation
PUT /conversations/{conversation}/adapter choose_adapter
GET /verified verified
POST /verified add_verified
GET /verified/{verified} verified_answer
POST /verified/{verified}/confirm confirm_verified
DELETE /verified/{verified} remove_verified
GET /feedback feedback
POST /feedback give_feedback
DELETE /feedback take_back_feedback
POST /compare compare
GET /versions versions
POST /versions rule_version
GET /dictionary dictionary
POST /dictionary put_word
DELETE /dictionary remove_word
PUT /dictionary save_dictionary
GET /syncs syncs
POST /syncs sync
POST /syncs/forget forget_source
POST /syncs/preview preview
POST /job/sync start_sync
GET /evaluations/reports evaluation_reports
GET /evaluations/reports/{report} evaluation_report
DELETE /evaluations/reports/{report} remove_report
POST /evaluations/compare compare_reports
GET /evaluations/questions made_questions
POST /evaluations/questions make_questions
PATCH /evaluations/questions/{question} edit_question
POST /evaluations/questions/{question}/review review_question
GET /evaluations/set question_set
GET /examples examples
GET /examples/counts example_counts
POST /examples/review review_examples
POST /examples/assign assign_examples
POST /examples/remove remove_examples
POST /examples/export export_examples
GET /examples/taught/{document} taught
GET /examples/{example} example
PATCH /examples/{example} edit_example
POST /examples/build build_examples
POST /examples/job start_build_examples
POST /examples/import import_examples
GET /monitoring monitoring
GET /adapters adapters
GET /adapters/{adapter} adapter
DELETE /adapters/{adapter} remove_adapter
POST /adapters/{adapter}/publish publish_adapter
POST /adapters/{adapter}/job start_adapter_step
GET /adapters/{adapter}/gate gate_report
GET /publication publication
POST /publication/rollback roll_back_adapter
GET /publication/trial adapter_trial
GET /training/recipes recipes
POST /training/estimate estimate_training
GET /training/runs training_runs
POST /training/runs start_training
GET /training/runs/{run} training_run
POST /training/runs/{run}/stop stop_training
POST /training/runs/{run}/resume resume_training
GET /audit audit_list
GET /audit/verify audit_verify
GET /audit/replay audit_replay
POST /audit/export audit_export
POST /audit/erase audit_erase
"""


def _read(lines: str) -> dict[tuple[str, str], str]:
    found = (line.split(" ") for line in lines.strip().splitlines())
    return {(method, path): does for method, path, does in found}


ROUTES: Mapping[tuple[str, str], str] = _read(_LINES)
"""(method, path as the route has it) → operation, or one of the words in brackets above."""
_PATTERNS = [(method, compile_path(path)[0], does) for (method, path), does in ROUTES.items()]


@lru_cache(maxsize=4096)
def done_at(method: str, path: str) -> frozenset[str]:
    """What a request may do: mostly one thing, none where no route is known.

    Where two routes have room for a path ("/examples/counts"), both are told, whichever the application
    takes: who asks must be allowed both. HEAD does what GET does: some routes answer it without a word here.
    """
    method = "GET" if method == "HEAD" else method
    return frozenset(
        does for known, pattern, does in _PATTERNS if known == method and pattern.match(path) is not None
    )
