"""A question that asks for several things is cut into questions for one thing each, by rules.

Cut are sentences, clauses that each ask something (いくらで、誰が; "and who"), and subjects that share
what is asked of them (日当と宿泊費はいくら). What is asked of two things together (違い, "between") stays
whole. A part that leans on the one before is made a question of its own as a follow-up is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.answers import Hit, Turn
from assistant.conversation import standalone
from assistant.words import content_words, detect_language
from ingestion.normalizing import normalize_query
from ingestion.tokenizing import Word, words_in

_MOST = 4
_STRETCH = 1_000
_LONGEST = 600  # characters; longer texts are letters, not questions
_SENTENCE = re.compile(r"[^?？。!！]+[?？。!！]*")
_ALSO = re.compile(r"^(?:また|さらに|そして|なお|あと|それから)、?|^(?:also|and),?\s+", re.IGNORECASE)
_WH_JA = re.compile(
    r"(?:いくら|いくつ|幾ら|何(?![回人度日年月件個名つ]か[のでがをにはも、])|いつ|誰|だれ|どなた|どこ|どの|どう(?!か)|どれ|どんな|なぜ|どうして)"
    r"(?!か(?!ら|月|所|国|年|条|[?？。]|$)|も|でも)"
)
_CLAUSE_JA = re.compile(r"、(?:また|そして|さらに|あと)?、?")
_TOGETHER_JA = re.compile(
    "違|差|異な|関係|関連|比較|比べ|比率|割合|どちら|どっち|いずれ|合計|合わせ|両方|両者|同時|共通|一緒|同じ|相談|協議|間|離れ|結婚|会談"
)
_SUBJECTS_JA = re.compile(r"(?P<subjects>[^は、「」『』()]+?)(?P<rest>(?:では|には|は)、?.*)$")
_GOES_ON_JA = re.compile(r"[はもをにのとへ]$|(?:から|まで|より)$")
_AND_JA = re.compile("および|及び|ならびに|並びに")
_WH_EN = r"(?:who|whom|whose|what|when|where|why|how|which)"
_AUX_EN = r"(?:is|are|was|were|do|does|did|can|could|must|may|should|will|would)"
_ASKS_EN = re.compile(
    rf"\b{_WH_EN}\b|^\s*{_AUX_EN}\b|[?]|^\s*(?:tell|explain|describe|show|list)\b", re.IGNORECASE
)
_CLAUSE_EN = re.compile(
    rf"(?:\s*[,;]\s*(?:and\s+|or\s+)?|\s+and\s+)(?={_WH_EN}\s+\S+\s+\S|{_AUX_EN}\s+\S+\s+\S)",
    re.IGNORECASE,
)
_TOGETHER_EN = re.compile(
    r"\b(?:between|differ\w*|compar\w*|versus|vs|together|total|combined|relat\w*|both|same|either)\b",
    re.IGNORECASE,
)
_SUBJECTS_EN = re.compile(
    r"(?P<asks>(?:how much|how many|how long|what|when|where|who)\s+(?:is|are|was|were))\s+"
    r"(?P<one>[^,?]{2,60}?)\s+and\s+(?P<other>[^,?]{2,60}?)\s*[?.]*$",
    re.IGNORECASE,
)
_OF_EN = re.compile(r"^(?P<head>.*?\b(?:of|for|in|on))\s+(?P<tail>.+)$", re.IGNORECASE)
_ARTICLE_EN = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)


def parts_of(question: str) -> tuple[str, ...]:
    """The questions in `question`, in order; none when it asks for one thing."""
    text = normalize_query(question)
    if not text or len(text) > _LONGEST:
        return ()
    japanese = detect_language(text) == "ja"
    asks, clauses = (_asks_ja, _clauses_ja) if japanese else (_asks_en, _clauses_en)
    sentences = [_ALSO.sub("", match.group().strip()) for match in _SENTENCE.finditer(text)]
    asking = {sentence.rstrip("?？。!！ "): sentence for sentence in sentences if asks(sentence)}
    cut = [clause for sentence in asking.values() for clause in clauses(sentence)]
    parts = _standing_alone(cut) if len(cut) > 1 else ()
    if len(cut) == 1:
        parts = tuple(_subjects_ja(cut[0]) if japanese else _subjects_en(cut[0]))
    return parts if 2 <= len(parts) <= _MOST else ()


def interleaved(whole: Sequence[Hit], parts: Sequence[Sequence[Hit]], top_k: int) -> list[Hit]:
    """Hits of the whole question at every second place, between them those of its parts in turns.

    Each hit stands once, with its best score, a piece of a longer one not beside that; ranks are counted anew
    and scores fall. What stands at rank r of the whole question stands at most at 2 * r - 1 then.
    """
    best: list[Hit] = []
    places: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for hit in _in_turns(whole, parts):
        near = {at for stretch in _stretches(hit) for at in places[stretch]}
        same = [at for at in near if _lies_in(hit, best[at]) or _lies_in(best[at], hit)]
        place = min(same, default=len(best))
        if same:
            known = best[place]
            better = hit if hit.score > known.score else known
            longer = max((better, known, hit), key=lambda one: len(one.text))
            best[place] = replace(longer, score=better.score)
        else:
            best.append(hit)
        for stretch in _stretches(best[place]):
            places[stretch].add(place)
    hits: list[Hit] = []
    lowest = 1.0
    for rank, hit in enumerate(best[:top_k], start=1):
        lowest = min(lowest, hit.score)
        hits.append(replace(hit, rank=rank, score=lowest))
    return hits


def _stretches(hit: Hit) -> list[tuple[str, int]]:
    """The stretches of its document that a passage touches: one that holds it touches them, too."""
    return [(hit.document, at) for at in range(hit.start // _STRETCH, hit.end // _STRETCH + 1)]


def _lies_in(one: Hit, other: Hit) -> bool:
    return other.start <= one.start and one.end <= other.end


def _in_turns(whole: Sequence[Hit], parts: Sequence[Sequence[Hit]]) -> Iterator[Hit]:
    longest = max(map(len, [whole, *parts]))
    for turn in range(longest * len(parts)):
        yield from whole[turn : turn + 1]
        place, part = divmod(turn, len(parts))
        yield from parts[part][place : place + 1]


def _standing_alone(cut: Sequence[str]) -> tuple[str, ...]:
    """Each part as a question of its own; none when one of them says nothing."""
    turns: list[Turn] = []
    for part in cut:
        if not (turns or content_words(part)):
            return ()
        turns.append(Turn(standalone(part, turns[:1]), ""))
    return tuple(turn.question for turn in turns)


def _asks_ja(text: str) -> bool:
    return _WH_JA.search(text) is not None


def _asks_en(text: str) -> bool:
    return _ASKS_EN.search(text) is not None


def _clauses_ja(sentence: str) -> list[str]:
    """`sentence` cut behind each clause that asks something; the rest goes with the last one."""
    if not _CLAUSE_JA.search(sentence) or _TOGETHER_JA.search(sentence):
        return [sentence]
    found: list[str] = []
    before = ""
    for clause in _CLAUSE_JA.split(sentence):
        before = f"{before}、{clause}" if before else clause
        if _asks_ja(clause) and not _GOES_ON_JA.search(clause):
            found.append(before)
            before = ""
    if before and found:
        found[-1] = f"{found[-1]}、{before}"
    return found if len(found) > 1 else [sentence]


def _clauses_en(sentence: str) -> list[str]:
    clauses = _CLAUSE_EN.split(sentence)
    whole = len(clauses) > 1 and all(_asks_en(clause) and content_words(clause) for clause in clauses)
    return [clause.strip() for clause in clauses] if whole else [sentence]


def _subjects_ja(sentence: str) -> list[str]:
    """日当と宿泊費の上限はいくら as two questions; what only one of both says of both goes with both."""
    found = _SUBJECTS_JA.match(sentence)
    if found is None or _TOGETHER_JA.search(sentence) or not _asks_ja(found["rest"]):
        return []
    pair = _pair_ja(found["subjects"])
    if pair is None:
        return []
    one, other = pair
    if "の" in one and "の" not in other:
        other = one[: one.rindex("の") + 1] + other
    elif "の" in other and "の" not in one:
        one += other[other.index("の") :]
    return [one + found["rest"], other + found["rest"]]


def _pair_ja(subjects: str) -> tuple[str, str] | None:
    """Both sides of the one と or および between two nouns, None where there is none or there are several."""
    words = list(words_in(subjects))
    if any(word.kind[0] in ("動詞", "助動詞", "形容詞") for word in words):
        return None  # AとBが…した is said of both together as often as of each
    at = [i for i in range(1, len(words) - 1) if _joins(words[i - 1], words[i], words[i + 1])]
    if len(at) != 1:
        return None
    joint = words[at[0]]
    one, other = subjects[: joint.start], subjects[joint.end :]
    return (one, other) if len(one) > 1 and len(other) > 1 else None


def _joins(before: Word, word: Word, after: Word) -> bool:
    joint = (word.surface == "と" and word.kind[0] == "助詞") or bool(_AND_JA.fullmatch(word.surface))
    nouns = ("名詞", "接尾辞")
    return joint and before.kind[0] in nouns and after.kind[0] in (*nouns, "接頭辞", "形状詞")


def _subjects_en(sentence: str) -> list[str]:
    """As `_subjects_ja` for "How much are A and B?"; "of X" that only one of both says goes with both."""
    found = _SUBJECTS_EN.match(sentence.strip())
    if found is None or _TOGETHER_EN.search(sentence):
        return []
    one, other = found["one"], found["other"]
    first, second = _OF_EN.match(one), _OF_EN.match(other)
    if first and not second:
        other = f"{first['head']} {other}"
    elif second and not first:
        one = f"{one} {other[len(second['head'].rsplit(' ', 1)[0]) + 1 :]}"
    return [f"{found['asks']} {one}", f"{found['asks']} {other}"]
