"""Questions made from sentences of rules, notices and manuals by rule, for people to look through.

The last number or date of a sentence gives way to its question word: 採用から3か月間を試用期間とする。
becomes 採用から何か月間を試用期間とするのですか？, and 3か月間 is the answer. What the heading is about goes
in front where the sentence does not say it. They keep most words of their passage, which people's do not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from assistant.grounding.numbers import Fact, facts
from ingestion.dates import Moment
from ingestion.documents import Heading
from ingestion.sentences import split_sentences
from training.made_questions import MadeQuestion

_SHORTEST, _LONGEST = 10, 140
_NOT_ASKED = frozenset({"article", "paragraph", "item", "chapter", ""})
NUMBERED = re.compile(
    r"^(?:第[0-9０-９一二三四五六七八九十]+[条項][\s　]*|[(（][0-9０-９ア-ン]{1,2}[)）][\s　]*|"
    r"[0-9０-９]+(?:[.．][0-9０-９]+)*[.．]?[\s　]+)"
)
LEANING = re.compile(
    r"^(?:また|なお|そして|しかし|ただし|但し|この|その|これ|それ|同|当該|さらに|前項|前条|次の|以上)"
)
_REQUEST = re.compile(r"(?:ください|下さい|ましょう)$")
_WEEKDAY = re.compile(r"\([月火水木金土日](?:曜日?)?\)")
_POLITE = re.compile(r"(?:です|ます|でした|ました|ません)$")
_NOMINAL = re.compile(r"(?:である|であった|だ)$")
_PLAIN = re.compile(r"[うくすつぬむるぐぶたい]$")
_HEADING = re.compile(
    r"[（(](?P<inner>[^（()）]{2,20})[）)]\s*$|"
    r"^(?:第[^\s　]{1,6}[\s　]+|[0-9.]+[\s　]+)?(?P<whole>[^\s　（(]{2,20})$"
)

_SUBJECT = r"(?P<subject>[A-Z][^,;:()]{3,60}?)"
_VALUE = r"(?P<value>(?:[a-z ]{2,12} )?[0-9][^;:]{0,50}?)"
_IS = re.compile(rf"^{_SUBJECT} (?P<verb>is|are|was|were) {_VALUE}\.$")
_WITHIN = re.compile(
    rf"^{_SUBJECT} (?P<verb>must|shall|should|may|can|will) (?P<rest>[^,;:]{{3,80}}?) "
    r"within (?P<value>[0-9]+ (?P<unit>(?:working |business )?(?:minutes|hours|days|weeks|months|years)))\b"
)
_WITHIN_FORM = "Within how many {unit} {verb} {subject} {rest}?"
_NO_SUBJECT = re.compile(
    r"^(?:It|They|He|She|We|You|This|That|These|Those|There|If|When|Where|From|At|In|On|For|To|By|As)\b|"
    r"\b(?:is|are|was|were|which|that|who|whose|following)\b"
)
_LOWERED = re.compile(r"^(?:The|An?|Each|Every|Your|Our|All|Annual)\b")


def make_document_questions(text: str, headings: Sequence[Heading] = ()) -> Iterator[MadeQuestion]:
    """At most one question for each sentence of `text` that stands alone and holds a value to ask for."""
    for span in split_sentences(text):
        sentence = text[span.start : span.end]
        plain = unicodedata.normalize("NFKC", sentence)
        if not _SHORTEST <= len(sentence) <= _LONGEST or "\n" in sentence or len(plain) != len(sentence):
            continue
        made = _japanese(plain, topic_at(headings, span.start)) if plain.endswith("。") else _english(plain)
        if made is not None:
            question, start, end = made
            yield MadeQuestion(question, span.start + start, span.start + end)


def _japanese(sentence: str, topic: str) -> tuple[str, int, int] | None:
    number = NUMBERED.match(sentence)
    first = number.end() if number else 0
    if LEANING.match(sentence[first:]):
        return None
    asked = [fact for fact in facts(sentence) if fact.start >= first and _may_be_asked(fact, sentence)]
    if not asked:
        return None
    fact = asked[-1]
    told = sentence[fact.start : fact.end]
    weekday = _WEEKDAY.match(sentence, fact.end)
    rest = sentence[weekday.end() if weekday else fact.end : -1]
    body = ended(sentence[first : fact.start] + _asking(fact, told) + rest)
    if body is None:
        return None
    about = f"{topic}について、" if topic and topic not in body else ""
    return about + body, fact.start, fact.end


def _may_be_asked(fact: Fact, sentence: str) -> bool:
    told = sentence[fact.start : fact.end]
    if isinstance(fact, Moment):
        return any(unit in told for unit in "年月時")
    return fact.unit not in _NOT_ASKED and told[:1].isdigit() and not sentence[: fact.start].endswith("第")


def _asking(fact: Fact, told: str) -> str:
    """The question word in the place of a value, with its unit."""
    if isinstance(fact, Moment):
        return "いつ" if "年" in told or "月" in told else "何時"
    unit = re.sub(r"^[0-9][0-9,.]*[十百千万億兆]*", "", told)
    return "いくら" if unit == "円" else f"何{unit}"


def ended(body: str) -> str | None:
    """A Japanese sentence without its full stop as a question; None where its ending is of another kind."""
    if _REQUEST.search(body):
        return None
    if _POLITE.search(body):
        return f"{body}か？"
    if _NOMINAL.search(body):
        return _NOMINAL.sub("ですか？", body)
    return f"{body}のですか？" if _PLAIN.search(body) else None


def topic_at(headings: Sequence[Heading], at: int) -> str:
    """What the nearest heading above says the passage is about, "" where it is long or says nothing."""
    above = [heading for heading in headings if heading.end <= at]
    match = _HEADING.search(above[-1].title.strip()) if above else None
    return "" if match is None else str(match["inner"] or match["whole"])


def _english(sentence: str) -> tuple[str, int, int] | None:
    rules: tuple[tuple[re.Pattern[str], Callable[..., str]], ...] = (
        (_IS, "What {verb} {subject}?".format), (_WITHIN, _WITHIN_FORM.format),
    )  # fmt: skip
    for pattern, form in rules:
        match = pattern.match(sentence)
        if match and not _NO_SUBJECT.search(match["subject"]):
            parts = match.groupdict()
            if _LOWERED.match(parts["subject"]):
                parts["subject"] = parts["subject"][0].lower() + parts["subject"][1:]
            return form(**parts), match.start("value"), match.end("value")
    return None
