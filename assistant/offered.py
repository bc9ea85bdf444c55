"""What a question offers to choose from, and whether a text only says the question again.

A question that offers both (増加しましたか、それとも減少しましたか, A or B, yes or no) lends its words to
every answer, so that likeness cannot tell answers apart.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from assistant.grounding.numbers import facts, matches
from assistant.words import content_words, detect_language

_POLAR = re.compile(
    r"(?:か[ねな]?|(?:で|ま)しょう|だろう)[?。\s]*$|"
    r"(?<=[るいたむすくうぶぐぬつだな])の[?]\s*$|(?<![違扱払舞祝願問伝使習合])[いる][?]\s*$|"  # 違い?: a noun
    r",\s*(?:right|correct|yes|no|(?:is|are|do|does|did|was|were|can|will|has|have)n['’]t \w+)[?]\s*$|"
    r"^(?:(?:please )?(?:tell me|confirm) (?:if|whether)|"
    r"am|is|are|was|were|do|does|did|can|could|may|might|must|shall|should|will|won|would|has|have|had)(?:n['’]t|not)?\b"
)
_REQUEST_JA = (  # 教えてもよいですか and 出るか教えてもらえますか are answered by yes or no
    r"(?:(?<!か)(?<!か[、を])|(?<=[とほ]か))(?:教え|見せ)(?:て(?:もら|くれ|くださ|下さ|いただ|頂|ほし|欲し)|られ)|"
    r"(?:連絡先|番号)[はがを](?:もら|いただ|頂|知|ご存|わか|分か)"
)
_REQUEST_EN = (  # Nor is "do I have to explain it?" a request
    r"(?:^(?:can|could|will|would) (?:you|some(?:one|body)|any(?:one|body))(?: please| kindly)?|"
    r"\b(?:possible|you be able|are you able|ask you) to) (?:explain|describe|(?:tell|show|give) me)\b"
    r"(?! (?:if|whether)\b)"
)
_ASKS_WHAT = re.compile(
    r"何|誰|だれ|いつ|どこ|どの|どんな|どなた|どれ|どちら|どっち|いくつ|いくら|(?<!か)どう|なぜ|(?<!ん)なに[がをか]|"
    rf"それとも|または|知りたい|\bor\b|{_REQUEST_JA}|{_REQUEST_EN}|"
    r"\b(?:what|which|who|when|where|why|how)\b"
)
_WHICH_JA = re.compile(
    r"(?P<pair>[^。?]+?)(?:とでは|では|のうち|の(?:中|なか)で|の)?、?どちら(?:の(?:ほう|方))?[がをは](?P<how>.*)"
)
_LETTERS = re.compile(
    r"(?<![a-z])[b-hj-z](?![a-z])|(?<=[^\x00-\x7f])[ai](?![a-z])|(?<![a-z])[ai](?=[^\x00-\x7f])|[0-9]+"
)  # but for a and I
_ASKS_OPENLY = re.compile(
    r"何|誰|いつ|どこ|どの|どんな|いくつ|いくら|どう|なぜ|説明|\b(?:what|who|whose|when|where|why|how)\b"
)
_WHEN_CLAUSE = re.compile(r"^(?:when|where|how)\b[^,?]*,\s*(?=(?:is|are|can|may|do|does|must|will|should)\b)")
_CHOICE = re.compile(r"のうち|の(?:中|なか)|どちら|どっち|どれ|それとも|または|\b(?:which|whether|or)\b")
_WHICH_EN = re.compile(r"\bwhich\b(?P<how>[^?]*?)[,:]\s*(?P<one>[^,?]+?),?\s+or\s+(?P<two>[^?]+)\?")

_REPEATED = 0.7
"""Share of a question's words. An answer of fewer, all out of the question, may be one of its words."""
_FEWEST = 4  # fewer may be said of each other for the first time


@dataclass(frozen=True, slots=True)
class Opposites:
    """Two opposites, as patterns."""

    one: re.Pattern[str]
    other: re.Pattern[str]

    def offered(self, text: str) -> bool:
        """Whether `text` says both."""
        return bool(self.one.search(text) and self.other.search(text))

    def side(self, text: str) -> int:
        """1 when `text` says the one alone, -1 for the other alone, 0 for neither or both."""
        return bool(self.one.search(text)) - bool(self.other.search(text))


def folded(text: str) -> str:
    """NFKC, in lower case, without spaces around it."""
    return unicodedata.normalize("NFKC", text).strip().lower()


@cache
def _opposites(language: str) -> tuple[Opposites, ...]:
    texts = tomllib.loads((files("assistant") / "opposites.toml").read_text("utf-8"))
    around = r"\b(?:%s)\b" if language == "english" else "(?:%s)"
    return tuple(
        Opposites(re.compile(around % row["one"]), re.compile(around % row["other"]))
        for row in texts[language]
    )


def opposites_in(text: str) -> tuple[Opposites, ...]:
    """All that is known of the language of `text`."""
    return _opposites("japanese" if detect_language(text) == "ja" else "english")


def options_of(question: str) -> tuple[tuple[str, str], str] | None:
    """The two options of a folded question, and how they are to be compared ("が多いですか")."""
    if "which" in question and (found := _WHICH_EN.search(question)):
        return (found["one"], found["two"]), found["how"]
    if "どちら" not in question or not (found := _WHICH_JA.search(question)):
        return None
    parts = re.split(r"と、|(?<=[^ぁ-ん])か、", found["pair"])
    if len(parts) == 1:
        parts = found["pair"].split("と")
    if len(parts) != 2:  # which "と" divides the two is not clear
        return None
    return (parts[0], parts[1]), found["how"]


def asks_yes_or_no(question: str) -> bool:
    """Whether yes or no answers a folded question."""
    return bool(_POLAR.search(question)) and not _ASKS_WHAT.search(question)


def _brings_numbers_or_letters(question: str, answer: str) -> bool:
    """Whether a number (also 十五年) or a single letter (booth B) is new; these are no content words."""
    asked = facts(question)
    if any(not any(matches(fact, one) for one in asked) for fact in facts(answer)):
        return True
    return bool(single_letters(answer) - single_letters(question))


def single_letters(text: str) -> set[str]:
    """Letters that stand alone (B案, booth B) and runs of digits of a folded text."""
    return set(_LETTERS.findall(text))


def repeats(question: str, answer: str) -> bool:
    """Whether `answer` is its question again, which is no answer unless yes or a choice can be meant."""
    question, answer = folded(question), folded(answer)
    if _CHOICE.search(question) or any(pair.offered(question) for pair in opposites_in(question)):
        return False
    if asks_yes_or_no(question) or not _ASKS_OPENLY.search(_WHEN_CLAUSE.sub("", question)):
        return False
    if _brings_numbers_or_letters(question, answer):
        return False
    asked, said = set(content_words(question)), set(content_words(answer))
    return said <= asked and len(said) >= max(_FEWEST, _REPEATED * len(asked))
