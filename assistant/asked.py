"""What kind of thing a question asks for (an amount, a time, a number of something), and who tells it.

It guides the choice of sentences, and an answer that holds nothing of the kind is no answer: 5日 tells no
severance pay. Rules over the words of questions in Japanese and English; where they see nothing, all will do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from assistant.grounding.numbers import Quantity, facts
from assistant.words import content_words, stem
from ingestion.dates import Moment


@dataclass(frozen=True, slots=True)
class Wanted:
    """What kind of thing a question asks for, and how it looks in a text."""

    kind: str
    looks: re.Pattern[str]

    def found_in(self, text: str) -> bool:
        """Whether `text` holds such a thing."""
        return bool(self.looks.search(unicodedata.normalize("NFKC", text)))


_AMOUNT = re.compile(
    r"(?<![0-9])(?<![0-9][,.])[0-9]+(?:[,.][0-9]+)*\s{0,3}[万億千百]*\s{0,3}(?:円|ドル|ユーロ|yen|usd|%)|"
    r"[¥$€]\s*[0-9]|無料|無償|全額|実費|\bfree\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    # Not the numerals of 第三者, 統一, 一般, 一部, 一定, 一緒, 十分, 千葉, 三菱, 万一 and the like.
    r"[0-9]|(?<![第同唯統均択万単随専])[一二三四五六七八九十百千万](?![般部定緒方旦応律致覧括貫環番連層体言見斉因任切葉代菱井幡国性])|"
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|once|twice)\b",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"[0-9]+\s*(?:年|月|日|時|分|週|か月|ヶ月|:|/)|明治|大正|昭和|平成|令和|[月火水木金土日]曜|毎[日週月年]|随時|"
    r"直後|当日|翌日|以内|前日|末日|月末|年末|世紀|時代|[0-9]{4}|[0-9]{1,2}\s*[ap]\.?m|"
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|daily|weekly|monthly|annually|immediately|"
    r"days?|weeks?|months?|years?)\b",
    re.IGNORECASE,
)
_WHO = re.compile(
    r"[\u4e00-\u9fff]{2,}|[\u30a0-\u30ff・]{3,}|\b[A-Z][a-z]+|者|員|"
    r"\b(?:manager|officer|director|department|employee|team|staff)\b"
)
_COUNTED = (
    "日|人|名|回|個|台|時間|分|年間|年|か月|ヶ月|カ月|月|週間|歳|割|パーセント|%|メートル|m|km|キロ|グラム|本|枚|件|"
    "泊|点|位|倍|度|番|階|種類|つ|文字|桁|号|勝|話|曲|冊|頭|作|戦|世紀|世|代|機|両|隻|校|社|行"
)
_WANTED = (
    (
        re.compile(
            r"いくら|幾ら|何円|金額|料金|費用は|値段|how much|what (?:is|was) the (?:price|cost|amount|fee)",
            re.IGNORECASE,
        ),
        Wanted("amount", _AMOUNT),
    ),
    (
        re.compile(
            r"いつ|何時(?!間)|何月|何年(?!間)|何曜|何日(?:に|まで|から|です|でし|か$|は)|時期|期限|期日|西暦|"
            r"\bwhen\b|what (?:time|date|year|day)|which (?:year|day|month)|deadline",
            re.IGNORECASE,
        ),
        Wanted("when", _WHEN),
    ),
    (
        re.compile(
            rf"何[^\s。?？]{{0,2}}?(?:{_COUNTED})|どれ(?:くらい|ぐらい|だけ|ほど)|どの(?:くらい|ぐらい|程度)|いくつ|幾つ|"
            r"how (?:many|long|often|old|far|tall|big|large|high|fast)|what (?:percentage|number|percent)",
            re.IGNORECASE,
        ),
        Wanted("number", _NUMBER),
    ),
    (re.compile(r"誰|だれ|どなた|何者|\b(?:who|whom|whose)\b", re.IGNORECASE), Wanted("who", _WHO)),
)


def wanted_in(question: str) -> Wanted | None:
    """What `question` asks for, when its words tell."""
    text = unicodedata.normalize("NFKC", question)
    return next((wanted for asks, wanted in _WANTED if asks.search(text)), None)


_TIME = frozenset({"second", "workday", "day", "month", "age", "night"})
_NO_AMOUNTS = _TIME | {"person", "article", "paragraph", "item", "chapter", "page", "number"}
_COUNTS_OTHERS = re.compile("期間|年数|日数|月数|時間|回数|人数|頻度|年齢|ページ")
_WITHOUT_NUMBER = re.compile(
    r"(?:ません|ない|なし|無制限)(?:です|とする|[。\n]|$)|全額|毎[日週月年回]|随時|無料|無償|実費|"
    r"半[日年数額分期]|数[人名日回件個台年か十百千万]|複数|若干名|永久|永年|恒久|終身|無期限|隔[日週月年]|四半期|都度|時価|別途見積|"
    r"\b(?:none|unlimited|(?<!feel )free|half|several|daily|weekly|fortnightly|monthly|quarterly|annually|"
    r"permanent(?:ly)?|indefinite(?:ly)?|forever|whenever|as needed|both|"
    r"every (?:hour|day|week|month|quarter|year|time))\b",
    re.IGNORECASE,
)
_WHOLE_AMOUNT = re.compile(
    r"(?:すべて|全て)(?:の(?:費用|額|料金|経費|金額)|会社)|"
    r"\ball (?:of (?:it|them|this)|(?:the |its |their )?(?:costs?|expenses?|fees?|charges?))\b",
    re.IGNORECASE,
)
_EVERYBODY = re.compile(
    r"全員|すべて|全て|\b(?:all|every|each|any|everyone|everybody|nobody|no one)\b", re.IGNORECASE
)
"""What answers how many, yet not how much."""
_SENTENCE_END = re.compile(r"[.;!?。\n]+")
_NOT_OF_GIVING = re.compile(
    # Of what the text says, of what holds on a condition only, or what somebody is asked not to do.
    r"\b(?:given|provided|listed|state[sd]?|specif(?:y|ies|ied)|mention(?:s|ed)?|describe[sd]?|figures?|amounts?|"
    r"details?|information|without|unless|until|before|except|if|please)\b|"
    r"\b(?:manual|handbook|guide|document|policy|text|page)s? (?:do|does|did)(?: not|n['’]t)\b",
    re.IGNORECASE,
)
_GIVING = (
    r"(?:pay|paid|payable|charged?|cost|reimbursed?|reimbursable|refund(?:ed|able)?|expensed?|cover(?:ed)?|provide|"
    r"offer(?:ed)?|grant(?:ed)?|award(?:ed)?|receive|get|entitled|eligible|limit(?:ed)?|deduct(?:ed)?|subsidi[sz]ed?|"
    r"carr(?:y|ied) over|(?:required?|need(?:ed)?)(?! to))"
)
_NOTHING_GIVEN = re.compile(
    rf"\b(?:not|never|cannot|no longer|nothing|[a-z]+n['’]t) (?:[a-z]+ ){{0,2}}{_GIVING}\b|"
    r"\b(?:pays?|costs?|receives?|gets?) nothing\b|^\s*nothing\s*$",
    re.IGNORECASE,
)
_NONE_OF_IT = re.compile(
    r"\bno (?!later|more|less|fewer|longer)(?:[\w-]+ ){0,2}?(?P<what>\w+)"
    r"(?=\s*(?:,|$)| (?:is|are|was|were|will|may|can|has|have|for|to|in|at|on|of)\b)",
    re.IGNORECASE,
)
_ALLOWED = "(?:allowed|permitted|possible|accepted|available)"
_FORBIDDEN = re.compile(
    rf"\b(?:is|are|was|were|be|been|['’]re|['’]s) (?:never|not|no longer) {_ALLOWED}\b|"
    rf"\b(?:isn|aren|wasn|weren)['’]t {_ALLOWED}\b|"
    r"\b(?:is|are) (?:strictly )?(?:prohibited|forbidden)\b",
    re.IGNORECASE,
)
_CANNOT = re.compile(
    r"\b(?:cannot|can['’]t|can not|must not|may not|mustn['’]t) (?P<what>[a-z]+)\b", re.IGNORECASE
)
_NEVER = re.compile(r"^\s*(?:never|none(?: at all)?|not at all|not any|zero)\s*$", re.IGNORECASE)
_NO_PRICE = frozenset({"charge", "cost", "fee", "pay", "payment"})
_ROOT = 4  # letters that carry and carried, refund and refundable share
_REFERS = re.compile(r"\b(?:it|they|them|this|these|anything|nothing)\b", re.IGNORECASE)
_HOW_OFTEN = re.compile(
    # 何度 asks for degrees, too.
    r"\bhow often\b|\bhow many days (?:a|per|each|every) week\b|何回|^[^温熱冷角]*何度|週に?何日",
    re.IGNORECASE,
)
_ON_DAYS = re.compile(r"[月火水木金土日]曜|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.IGNORECASE)
_KEPT = "(?:保[管存持]|有効|継続|持続|続[きくけ]|残[しすりる])"
_SPAN = "何(?:年|か月|ヶ月|カ月|週|日|時)間?"
_HOW_LONG = re.compile(
    r"\bhow long\b|\bhow many (?:days|hours|weeks|months|years)\b(?! of\b)"
    r"(?=[^.?]{0,60}\b(?:open|closed|valid|kept|stored|retained|last|run|stay|remain)\b)|"
    rf"(?:{_KEPT}|期[間限])(?!中|内)[^。、何]{{0,4}}[はが]{_SPAN}|{_SPAN}(?:の間)?[^。で何]{{0,4}}{_KEPT}",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    r"\b(?:(?<!wait )(?:until|till)|as long as)\b|"
    r"(?:(?:終了|満了|完了|退職|退社|解約|定年|更新|失効)(?:する|の日|日|時)?|終わる)まで(?!に)|(?:在職|在籍|契約期間)中",
    re.IGNORECASE,
)
_THING = "[一-龥ァ-ヶーA-Za-z]"
_AND = "(?:と、?|(?<!場合)、|・|及び|および)"
_LISTED = re.compile(
    # Short names, and those with hiragana, only before what ends a list: 上司と相談する必要がある is none.
    rf"(?<={_THING}{{2}}){_AND}{_THING}{{2,}}(?:と?が|です|で[^き]|とする|の\S{{1,3}}種|、|。|$)|"
    rf"(?<={_THING}){_AND}{_THING}+(?:です|である|に分|の{_THING}{{1,8}}が(?:あ|ござ))|"
    rf"(?<={_THING})と{_THING}(?:[ぁ-ん]{{0,4}}{_THING}){{0,11}}に分"
)
_HOW_MUCH = re.compile(
    r"いくら(?!か|でも)|幾ら|何[十百千万億兆]{0,3}円|"
    r"\bhow much\b(?!\s+(?:more |less |annual |paid |sick |advance )?"
    r"(?:time|notice|leave|experience|vacation|longer|space|of)\b)",
    re.IGNORECASE,
)
_COUNTER = re.compile(
    r"何(年間|日間|時間|分間|か月|ヶ月|カ月|週間|日|人|名|回|個|台|歳|割|パーセント|%|メートル|本|枚|件|泊|点|倍|度|階|種類|"
    r"文字|桁|冊|年)(?:分|間|前|後|以上|以下|以内|まで|目)?(?=[はをでにもがのと、。?？]|ですか|でしょう|必要|もら|取|与|あ[りる]|い[まる]|$)"
)
_HOW_MANY = re.compile(r"\b(?:how (?:many|long|often|old|far|tall|fast)|what percentage)\b", re.IGNORECASE)
_NO_COUNT = re.compile(r"何(?:人|名|度|回|点|日|年)(?:も(?!ら)|か(?=[のでに]))")  # 何度も says often


def tells(question: str, texts: Iterable[str]) -> bool:
    """Whether what was said holds a thing of the kind that the question asks for.

    Looked at are amounts and counted things only: whoever asks when may be told of an event. True where
    the question asks for neither, and for what is told without a number (無料, 毎日, every day).
    """
    question = unicodedata.normalize("NFKC", question)
    counter = None if _NO_COUNT.search(question) else _COUNTER.search(question)
    amount = _HOW_MUCH.search(question)
    if not (counter or amount or _HOW_MANY.search(question)):
        return True
    text = unicodedata.normalize("NFKC", "\n".join(texts))
    if _WITHOUT_NUMBER.search(text) or (_WHOLE_AMOUNT if amount else _EVERYBODY).search(text):
        return True
    if _told_in_words(question, text) or _denied(question, text):
        return True
    if counter and counter[1] == "種類" and _LISTED.search(text):
        return True
    found = facts(text)
    if not found:
        return bool(_NUMBER.search(text))
    units = {fact.unit for fact in found if isinstance(fact, Quantity)}
    if amount:
        if _MONTHS_OF_PAY.search(text):
            return True
        return bool(units - _NO_AMOUNTS) or bool(_COUNTS_OTHERS.search(question))
    asked = _units_of(counter[1]) if counter else frozenset()
    moment = any(isinstance(fact, Moment) for fact in found)
    return not asked or bool(units & asked) or "" in units or (moment and asked == _TIME)


def _told_in_words(question: str, text: str) -> bool:
    """Whether how often is told by days of the week, or how long by what it ends with."""
    often = _HOW_OFTEN.search(question) and _ON_DAYS.search(text)
    return bool(often or (_HOW_LONG.search(question) and _UNTIL.search(text)))


def _denied(question: str, text: str) -> bool:
    """Whether a sentence says that nothing of what is asked is given, paid, needed or allowed."""
    asked = set(content_words(question))
    roots = {word[:_ROOT] for word in asked}
    for sentence in _SENTENCE_END.split(text):
        if _NEVER.search(sentence):
            return True
        if _NOT_OF_GIVING.search(sentence):
            continue
        said = not roots.isdisjoint(word[:_ROOT] for word in content_words(sentence))
        if (said or not asked or _REFERS.search(sentence)) and _NOTHING_GIVEN.search(sentence):
            return True
        if said and _FORBIDDEN.search(sentence):
            return True
        if any(stem(one["what"].lower())[:_ROOT] in roots for one in _CANNOT.finditer(sentence)):
            return True
        for none in _NONE_OF_IT.finditer(sentence):
            what = none["what"].lower()
            if what == "limit" or asked.intersection(content_words(what)):
                return True
            if what in _NO_PRICE and _HOW_MUCH.search(question):
                return True
    return False


_MONTHS_OF_PAY = re.compile(
    r"(?:か月|ヶ月|カ月|ケ月|月|週間|日)分|\b(?:days?|weeks?|months?)['’]? (?:of )?(?:pay|salary|wages)\b"
)
_FISCAL = re.compile(
    r"(?P<year>(?:19|20)[0-9]{2}|(?:平成|令和|昭和)(?:[0-9]{1,2}|元)年?)年?度(?!から|以降|以後|まで)|"
    r"(?<!since )(?<!from )(?<!until )\b(?:fy|fiscal(?: year)?)\s*(?P<fy>(?:19|20)[0-9]{2})\b",
    re.IGNORECASE,
)


def of_another_year(question: str, texts: Iterable[str]) -> bool:
    """Whether how much or how many is asked of a fiscal year, and what was said names others only.

    Other dates are not compared: they may say since when something holds.
    """
    question = unicodedata.normalize("NFKC", question)
    if not (_HOW_MUCH.search(question) or _HOW_MANY.search(question) or _COUNTER.search(question)):
        return False
    asked = _fiscal_years(question)
    text = unicodedata.normalize("NFKC", "\n".join(texts))
    told = _fiscal_years(text)
    return bool(asked and told) and not asked & (told | _years(text))


def _fiscal_years(text: str) -> set[int]:
    found: set[int] = set()
    for match in _FISCAL.finditer(text):
        named = match["fy"] or match["year"]
        found |= _years(f"{named.removesuffix('年')}年") if match["year"] else {int(named)}
    return found


def _years(text: str) -> set[int]:
    moments = [fact for fact in facts(text) if isinstance(fact, Moment) and fact.kind == "date"]
    return {year for fact in moments if (year := fact.fields[0]) is not None}


def _units_of(counter: str) -> frozenset[str]:
    """Base units that answer 何日 or 何%; none when the counter is not known."""
    asked = {fact.unit for fact in facts(f"1{counter}") if isinstance(fact, Quantity)}
    if asked & _TIME:
        return _TIME
    if asked & {"percent", "fold"}:
        return frozenset({"percent", "fold"})
    return frozenset(asked) - {""}
