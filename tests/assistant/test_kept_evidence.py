from __future__ import annotations

from assistant_fakes import RULES, hit

from assistant.answers import Evidence, Source, Turn
from assistant.evidence import gather
from assistant.kept_evidence import ShownSources, keep_sources
from ingestion.documents import Span
from ingestion.settings import EvidenceSettings

SETTINGS = EvidenceSettings(tokens=120)
OTHER = hit(
    "株式会社さくら精機の本社は京都市にある。創業は昭和48年である。", document="d2", rank=2, title="会社案内"
)
HITS = [hit(), OTHER]
LODGING, ALLOWANCE = "宿泊費の上限はいくらですか。", "出張の日当はいくらですか。"


def read_of(sources: tuple[Source, ...]) -> list[str]:
    return [text for source in sources for text in source.texts]


def test_what_the_model_has_read_stays_first_and_only_what_lacks_is_added() -> None:
    wide = EvidenceSettings(tokens=300)
    lodging = next(line for line in RULES.splitlines() if line.startswith("宿泊費"))
    start = RULES.index(lodging)
    shown = (Source(1, hit(), (Span(start, start + len(lodging)),), (lodging,)),)
    question = "宿泊費の上限と日当は、いくらですか。"
    found = keep_sources(question, HITS, gather(question, HITS, wide), shown, wide)
    assert found.sources[0] == shown[0]
    assert [source.number for source in found.sources] == list(range(1, len(found.sources) + 1))
    assert any("2,500円" in text for text in read_of(found.sources[1:]))
    assert lodging not in read_of(found.sources[1:])


def test_the_same_sources_serve_a_follow_up_whole() -> None:
    wide = EvidenceSettings(tokens=300)
    shown = gather(LODGING, HITS, wide).sources
    found = keep_sources(ALLOWANCE, HITS, gather(ALLOWANCE, HITS, wide), shown, wide)
    assert found.sources[: len(shown)] == shown
    assert any("2,500円" in text for text in read_of(found.sources))


def test_another_topic_begins_anew() -> None:
    shown = gather(LODGING, [hit()], SETTINGS).sources
    fresh = gather("本社はどこにありますか。", HITS, SETTINGS)
    asked = "さくら精機の本社はどこの市にありますか。"
    assert keep_sources(asked, HITS, fresh, shown, EvidenceSettings(tokens=60)) is fresh


def test_a_source_that_may_not_be_read_any_more_is_never_kept() -> None:
    shown = gather(LODGING, HITS, SETTINGS).sources
    fresh = Evidence((), 0.0)
    assert keep_sources(LODGING, [OTHER], fresh, shown, SETTINGS) is fresh
    changed = [hit(RULES.replace("12,000", "13,000")), OTHER]
    assert keep_sources(LODGING, changed, fresh, shown, SETTINGS) is fresh


def test_whole_chunks_and_first_questions_are_left_alone() -> None:
    fresh = gather(LODGING, HITS, SETTINGS)
    assert keep_sources(LODGING, HITS, fresh, (), SETTINGS) is fresh
    assert keep_sources(LODGING, HITS, fresh, fresh.sources, EvidenceSettings(mode="whole")) is fresh


def test_sources_are_remembered_by_turn_and_the_oldest_forgotten() -> None:
    shown = ShownSources(most=2)
    sources = gather(LODGING, HITS, SETTINGS).sources
    for number in range(3):
        shown.remember("ann", Turn(f"q{number}", "a"), sources)
    assert shown.of("ann", Turn("q0", "a")) == () and shown.of("ann", Turn("q2", "a")) == sources
    assert shown.of("ann", Turn("q2", "another answer")) == ()


def test_who_guesses_what_another_was_told_learns_nothing() -> None:
    shown, turn = ShownSources(), Turn("What is the budget?", "It is 5,000,000 yen.")
    shown.remember("ann", turn, gather(LODGING, HITS, SETTINGS).sources)
    assert shown.of("bob", turn) == () != shown.of("ann", turn)
