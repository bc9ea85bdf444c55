"""A follow-up question becomes one that can be searched by itself, by rules.

"管理職は？" after "宿泊費の上限はいくらですか？" is searched as "管理職の宿泊費の上限はいくらですか？".
A model would do it better and cost seconds; what is searched is shown to the reader, who can ask again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from assistant.answers import Turn
from assistant.words import content_words, detect_language

_DEPTH = 4

_OPENING_JA = re.compile(
    r"^(?:では|じゃあ|それでは|それなら|だったら|あと|ちなみに|そして|それと|また|逆に|で)[、,\s]*",
    re.IGNORECASE,
)
_POINTING_JA = re.compile(
    r"[そこ]れに(?:ついて|つきまして|関して)(?:は|も|の)?、?|それ(?:は|が|を|に|で|の|ら|って|と|も|だと)|その(?!他|ほか|まま)|これ(?:は|が|を|に|で|の|ら|って)|この(?:場合|とき|時|手続|期間|金額|制度|申請|規定|ルール)|"
    r"そこ(?:で|に|は)|そちら|上記|先ほど|さっき|今の|前の(?:質問|回答)|同じ(?:く|よう)|他には|ほかには"
)
_SHORT_JA = re.compile(
    r"^(?P<subject>[^はがをに]{1,24}?)(?P<tail>の場合は|だと|なら|については|は|って)?[?？。]*$"
)
_CASE_JA = re.compile(r"(?:の場合は?|だと|なら|のとき(?:は)?)[?？。]*$")
_ASKING_JA = re.compile(
    r"[はがをにで]?、?(?:いくら|幾ら|何|いつ|誰|だれ|どこ|どの|どう|なぜ|どれ|どんな|どちら)"
)
_TOPIC_JA = re.compile(r"^(?P<topic>.+?)(?:は|が|を)(?P<rest>.+)$")
_BARE_WHY_JA = re.compile(
    r"^(?:なぜ|どうして|理由は|いつ|いくら|誰|どこ|何日|いつまで|いつから|どうやって|どうすれば)"
)

_POINTING_EN = re.compile(
    r"\b(?:its|they|them|their|that|this|those|these|he|she|his|her|same)\b|"
    r"\bit\b(?! (?:possible|necessary|required|allowed|permitted|mandatory|ok|okay) (?:to|for|that)\b)|"
    r"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )\bthere\b(?! (?:is|are|was|were)\b|'s)",
    re.IGNORECASE,
)
_OPENING_EN = re.compile(
    r"^(?:(?:and|but|so|then|ok(?:ay)?|also)[,\s]+)*(?:what|how) about\s+|^(?:and|but|so|then|also)\b[,\s]*",
    re.IGNORECASE,
)
_LEAD_EN = re.compile(
    r"^(?:(?:please\s+)?(?:tell me|explain|describe)(?:\s+about)?|"
    r"(?:what|which|who|when|where|why|how)(?:\s+(?:many|much|long|often|far))?"
    r"(?:\s+(?:is|are|was|were|do|does|did|can|could|should|must|may|will|would))?|(?:is|are|do|does|did|can|could|should|must|may|will))"
    r"(?:\s+(?:i|we|you|one|the|a|an|there|my|our))*\s+",
    re.IGNORECASE,
)  # fmt: skip


def standalone(question: str, history: Sequence[Turn] = ()) -> str:
    """`question` as it can be understood without `history`; unchanged when it seems complete."""
    asked = unicodedata.normalize("NFKC", question).strip()
    if not history:
        return asked
    before = standalone(history[-1].question, history[-_DEPTH:-1])
    if detect_language(asked) == "ja":
        return _japanese(asked, before)
    return _english(asked, before)


def _japanese(asked: str, before: str) -> str:
    core = _OPENING_JA.sub("", asked)
    opened = core != asked
    subject = _SHORT_JA.match(core)
    pointing = bool(_POINTING_JA.search(core))
    if subject and len(content_words(core)) <= 3 and not pointing and not _BARE_WHY_JA.match(core):
        return _other_subject(subject["subject"], core, before)
    few_words = len(content_words(core)) <= 1
    if not (pointing or few_words or (opened and len(content_words(core)) <= 2) or _BARE_WHY_JA.match(core)):
        return asked
    topic = _topic_ja(before)
    if pointing and not topic:
        return f"{before} {core}"
    return f"{topic}について、{_POINTING_JA.sub(_drop_pointer, core)}" if topic else f"{before} {core}"


def _drop_pointer(match: re.Match[str]) -> str:
    """Nothing for "それは" and for "その" before a noun; other pointing words stay."""
    return (
        ""
        if match.group().startswith(("それ", "その", "これ", "この")) and match.group() != "この場合"
        else match.group()
    )


def _other_subject(subject: str, core: str, before: str) -> str:
    """The earlier question about another subject, or about one case of the same subject."""
    found = _TOPIC_JA.match(before)
    if not found:
        return f"{before} {core}"
    topic, rest = found["topic"], found["rest"]
    if _CASE_JA.search(core):
        return f"{subject}の場合、{before}"
    if "の" in topic:
        return f"{subject}の{topic}{before[len(topic) :]}" if subject not in topic else before
    return f"{subject}は{rest}"


def _topic_ja(before: str) -> str:
    """What the earlier question was about: the words before its asking word or its first particle."""
    asking = _ASKING_JA.search(before)
    if asking and asking.start() > 1:
        return before[: asking.start()]
    found = _TOPIC_JA.match(before)
    return found["topic"] if found and not asking else "・".join(content_words(before))


def _english(asked: str, before: str) -> str:
    core = _OPENING_EN.sub("", asked)
    opened = core != asked
    if not (opened or _POINTING_EN.search(asked) or len(content_words(asked)) <= 1):
        return asked
    topic = _LEAD_EN.sub("", before).rstrip("?？. ")
    return f"{asked.rstrip()} (regarding: {topic})" if topic else asked
