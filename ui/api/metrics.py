"""Figures of the service for Prometheus. No label is a person, a document or a word of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from assistant.answers import Verdict

Json = dict[str, Any]
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.5, 1, 2, 5, 10, 20, 40, 60, 120, 300)
_FILES = ("added", "changed", "moved", "removed", "unchanged", "ignored", "empty", "failed")
_STATES = ("done", "failed", "refused", "cancelled")
_OUTCOMES = ("answered", "verified", "abstained", "stopped", "failed")


class Measures:
    """Implements `ui.observing.Observer`: counters of this process, since it was started."""

    def __init__(self) -> None:
        self.registry = own = CollectorRegistry()
        self._questions = Counter(
            "konkyo_questions", "Questions and tasks by how they ended.", ["outcome"], registry=own
        )
        self._seconds = Histogram(
            "konkyo_answer_seconds", "From the question to the whole answer.", buckets=_SECONDS, registry=own
        )
        self._first = Histogram(
            "konkyo_first_token_seconds", "From the question to the first token.", buckets=_SECONDS,
            registry=own,
        )  # fmt: skip
        self._abstentions = Counter(
            "konkyo_abstentions", "Questions that the documents did not answer.", registry=own
        )
        self._verdicts = Counter(
            "konkyo_verdicts", "Sentences of answers by verdict.", ["verdict"], registry=own
        )
        self._jobs = Counter("konkyo_jobs", "Long work by how it ended.", ["state"], registry=own)
        self._files = Counter(
            "konkyo_ingested_files", "Files of ingests and syncs by result.", ["result"], registry=own
        )
        self._waiting = Gauge(
            "konkyo_questions_waiting", "Questions being answered or waiting.", registry=own
        )
        self._documents = Gauge("konkyo_documents", "Documents in the library.", registry=own)
        self._generation = Gauge(
            "konkyo_generation", "Generation of the library and of its indexes.", ["of"], registry=own
        )
        self._memory = Gauge("konkyo_resident_memory_bytes", "Memory of the service.", registry=own)
        self._ready = Gauge("konkyo_ready", "1 when a question can be answered now.", registry=own)
        self._info = Info("konkyo", "Version, models, published adapter.", registry=own)
        for outcome in _OUTCOMES:  # a series that begins with its first event hides that event from rates
            self._questions.labels(outcome)
        for verdict in Verdict:
            self._verdicts.labels(verdict.value)
        for result in _FILES:
            self._files.labels(result)
        for state in _STATES:
            self._jobs.labels(state)

    def answered(self, answer: Json) -> None:
        """See `Observer`."""
        self._questions.labels(_outcome(answer)).inc()
        if answer["abstained"]:
            self._abstentions.inc()
        for claim in answer["claims"]:
            self._verdicts.labels(claim["verdict"]).inc()
        timings = answer["timings"]
        if not answer.get("stopped"):
            self._seconds.observe(timings["total_ms"] / 1000)
        if timings["first_token_ms"] is not None:
            self._first.observe(timings["first_token_ms"] / 1000)

    def failed(self) -> None:
        """See `Observer`."""
        self._questions.labels("failed").inc()

    def job_ended(self, job: Json) -> None:
        """See `Observer`."""
        self._jobs.labels(job["state"]).inc()
        report = job["report"] or {}
        for part in (report, *report.get("sources", ())):
            self._count_files(part.get("report") or part)

    def page(
        self,
        *,
        waiting: int,
        documents: int,
        generations: Mapping[str, int],
        ready: bool,
        about: Mapping[str, str],
    ) -> bytes:
        """The text of /metrics, with what is so at this moment."""
        self._waiting.set(waiting)
        self._documents.set(documents)
        self._ready.set(ready)
        for name, generation in generations.items():
            self._generation.labels(name).set(generation)
        self._memory.set(psutil.Process().memory_info().rss)
        self._info.info(dict(about))
        return generate_latest(self.registry)

    def _count_files(self, report: Mapping[str, Any]) -> None:
        if "seen" not in report:
            return  # a job of another kind
        for result in _FILES:
            count = report.get(result, 0)
            self._files.labels(result).inc(len(count) if isinstance(count, Sequence) else count)


def _outcome(answer: Json) -> str:
    if answer.get("stopped"):
        return "stopped"
    if answer["abstained"]:
        return "abstained"
    return "verified" if answer.get("verified") else "answered"
