from __future__ import annotations

import pytest
from assistant_fakes import RULES, hit, source

from assistant.answerability import answerability
from assistant.asked import wanted_in
from assistant.errors import PromptTooLongError
from assistant.evidence import gather, selected_sentences, whole_chunks
from assistant.prompting import build_messages, estimate_tokens, source_text
from assistant.words import content_words, detect_language
from ingestion.settings import EvidenceSettings

FILLER = "当社は地域の皆様とともに歩む企業として、さまざまな活動に取り組んでいる。\n" * 40


def test_the_sentence_that_answers_is_selected_from_a_long_text() -> None:
    text = FILLER + "社員食堂は平日の11時30分に開く。\n" + FILLER
    sources = selected_sentences("社員食堂は何時に開きますか?", [hit(text)], EvidenceSettings(tokens=100))
    assert "社員食堂は平日の11時30分に開く。" in "".join(sources[0].texts)
    assert sum(estimate_tokens(part) for part in sources[0].texts) <= 100


def test_spans_are_slices_in_order_and_do_not_overlap() -> None:
    document = FILLER + RULES
    first, second = hit(document[900:1600], start=900, rank=1), hit(document[1300:], start=1300, rank=2)
    sources = selected_sentences("宿泊費の上限はいくらですか?", [first, second], EvidenceSettings())
    spans = [span for found in sources for span in found.spans]
    for found in sources:
        assert [document[span.start : span.end] for span in found.spans] == list(found.texts)
        assert all(a.end <= b.start for a, b in zip(found.spans, found.spans[1:], strict=False))
    assert not any(a.overlaps(b) for i, a in enumerate(spans) for b in spans[i + 1 :])
    assert [found.number for found in sources] == list(range(1, len(sources) + 1))


def test_a_sentence_that_leans_on_the_one_before_brings_it_along() -> None:
    text = FILLER + "海外出張では別の表を用いる。\nただし、上限額を超える宿泊費は部長が承認する。\n" + FILLER
    sources = selected_sentences(
        "上限額を超える宿泊費は誰が承認しますか?", [hit(text)], EvidenceSettings(tokens=60)
    )
    shown = "".join(sources[0].texts)
    assert "部長が承認する" in shown
    assert "海外出張では別の表を用いる" in shown


def test_a_table_row_brings_its_header() -> None:
    rows = "".join(f"部品{i} | {i}00円 | {i}個\n" for i in range(1, 60))
    sources = selected_sentences(
        "部品47の価格はいくらですか?", [hit("品名 | 価格 | 数量\n" + rows)], EvidenceSettings(tokens=60)
    )
    shown = "".join(sources[0].texts)
    assert "品名 | 価格 | 数量" in shown


def test_sources_are_limited_and_whole_chunks_fit_the_room() -> None:
    hits = [hit(RULES, document=f"d{i}", rank=i) for i in range(1, 8)]
    assert len(selected_sentences("宿泊費の上限は?", hits, EvidenceSettings(tokens=2000, sources=3))) <= 3
    chunk = estimate_tokens(RULES) + 20
    assert len(whole_chunks(hits, budget=2 * chunk + 10, limit=7)) == 2
    assert len(whole_chunks(hits, budget=1, limit=7)) == 1
    assert whole_chunks(hits, budget=9999, limit=2)[1].texts == (RULES,)


def test_sources_of_the_question_before_keep_their_place() -> None:
    hits = [hit(RULES, document=f"d{i}", rank=i) for i in (1, 2, 3)]
    found = gather("宿泊費の上限は?", hits, EvidenceSettings(), mode="whole", earlier=[hits[2], hits[0]])
    assert [each.hit.document for each in found.sources] == ["d3", "d1", "d2"]


def test_sources_of_the_question_before_never_push_the_best_one_out() -> None:
    hits = [hit(RULES, document=f"d{i}", rank=i) for i in range(1, 10)]
    settings = EvidenceSettings(sources=3)
    found = gather("宿泊費の上限は?", hits, settings, mode="whole", earlier=hits[6:])
    assert sorted(each.hit.document for each in found.sources) == ["d1", "d2", "d3"]
    answer = [hit("食堂は平日の11時30分に開く。", document="d0"), *hits]
    found = gather("食堂は何時に開きますか?", answer, settings, mode="selected", earlier=hits[1:])
    assert "d0" in {each.hit.document for each in found.sources}


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Can I leave at 5pm on Fridays?", "Employees may leave at 17:00 on Fridays."),
        ("What is the 1st step of a claim?", "The first step of a claim is to file the form."),
        ("電圧は200Vですか？", "装置の定格電圧は200ボルトである。"),
    ],
)
def test_quantities_and_ordinals_are_no_codes(question: str, text: str) -> None:
    assert answerability(question, [source(text)]) >= 0.5


@pytest.mark.parametrize(
    "question",
    ["年次有給休暇は何日ですか?", "宿泊費の上限はいくらですか?", "私物のUSBは接続できますか?"],
)
def test_answerable_questions_score_high(question: str) -> None:
    assert answerability(question, [source()]) >= 0.6


@pytest.mark.parametrize("question", ["育児休業は何日取れますか?", "社長の名前は何?", "食堂の営業時間は?"])
def test_a_missing_subject_scores_low(question: str) -> None:
    assert answerability(question, [source()]) < 0.5


def test_a_code_that_no_source_holds_cannot_be_answered() -> None:
    text = (
        "エラーコードE-204が表示されたときは、吸込側のエア抜きを行う。MP-300Bの最大吐出圧力は0.7MPaである。"
    )
    assert answerability("エラーコードE-204の処置は?", [source(text)]) >= 0.5
    assert answerability("ＭＰ３００Ｂの最大吐出圧力は?", [source(text)]) >= 0.5
    assert answerability("エラーコードE-310の処置は?", [source(text)]) < 0.5


def test_nothing_answers_nothing() -> None:
    assert answerability("宿泊費は?", []) == 0.0
    assert gather("宿泊費は?", [], EvidenceSettings()).sources == ()


def test_in_another_language_the_vectors_decide() -> None:
    far, near = source(), source()
    question = "How many characters must a password have?"
    far = type(far)(1, hit(dense=0.79), far.spans, far.texts)
    near = type(near)(1, hit(dense=0.89), near.spans, near.texts)
    assert answerability(question, [far]) < 0.5 < answerability(question, [near])


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("宿泊費はいくらですか", "amount"),
        ("締切はいつですか", "when"),
        ("何日取れますか", "number"),
        ("誰が承認しますか", "who"),
        ("How much is it?", "amount"),
        ("When does it start?", "when"),
        ("How many days?", "number"),
        ("なぜ必要ですか", None),
    ],
)
def test_what_a_question_wants(question: str, kind: str | None) -> None:
    wanted = wanted_in(question)
    assert (wanted.kind if wanted else None) == kind


def test_prompts_hold_system_sources_and_the_question_last() -> None:
    messages, kept = build_messages("宿泊費の上限は?", [source()], "ja")
    assert [message.role for message in messages] == ["system", "user"]
    assert messages[1].content.endswith("質問: 宿泊費の上限は?")
    assert messages[1].content.index("[1] 就業規則") < messages[1].content.index("宿泊費の上限は、一般社員")
    assert kept == (source(),)
    assert not any(word in messages[0].content for word in ("ありません", "わかりません", "見つかりません"))
    english, _ = build_messages("What is the limit?", [source()], "en")
    assert english[1].content.endswith("Question: What is the limit?")


def test_prompts_are_trimmed_to_the_context() -> None:
    settings = EvidenceSettings(tokens=2000)
    sources = selected_sentences(
        "宿泊費の上限は?", [hit(RULES), hit(FILLER, document="d2", rank=2)], settings
    )
    messages, kept = build_messages(
        "宿泊費の上限は?", sources, "ja", count_tokens=len, context_tokens=800, max_tokens=100
    )
    assert sum(len(message.content) for message in messages) <= 700
    assert 0 < sum(len(each.spans) for each in kept) < sum(len(each.spans) for each in sources)
    with pytest.raises(PromptTooLongError, match="context"):
        build_messages("長い" * 900, sources, "ja", count_tokens=len, context_tokens=800, max_tokens=100)


def test_a_gap_is_shown_where_sentences_were_left_out() -> None:
    sources = selected_sentences("パスワードの変更は?", [hit(RULES)], EvidenceSettings(tokens=50))
    assert source_text(sources[0]).count("…") == sum(
        b.start > a.end + 2 for a, b in zip(sources[0].spans, sources[0].spans[1:], strict=False)
    )


def test_words_and_languages() -> None:
    assert content_words("ＡＢ－１２３４Ｘの宿泊費は？")[0] == "ab-1234x"
    assert set(content_words("育児休業は何日取れますか？")) >= {"育児", "休業"}
    assert content_words("employees") == content_words("employee")
    assert detect_language("第12条 休暇") == "ja"
    assert detect_language("USBメモリ") == "ja"
    assert detect_language("What is 有給?") == "en"


def test_a_place_that_no_source_names_is_no_answer() -> None:
    text = "本社営業部の電話番号は045-000-1190です。"
    assert answerability("仙台営業所の電話番号を教えてください。", [source(text)]) < 0.5
    assert answerability("本社営業部の電話番号を教えてください。", [source(text)]) >= 0.5
