"""Whether the evidence seems to hold the answer, as a score in [0, 1], without a model.

The strongest sign against it is a weighty word of the question (a name, a noun, a code) that no source holds:
a paid-leave rule answers no question about parental leave, however near the vectors are.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.answers import Hit, Source
from assistant.prompting import heading_of
from assistant.words import Weights, content_words, coverage, detect_language, kind_weight, same_word
from ingestion.documents import Span
from ingestion.tokenizing import fold, proper_names


@dataclass(frozen=True, slots=True)
class Features:
    """What the score is made of; each in [0, 1].

    `covered`: weighted share of the question's words in all sources. `together`: the best share that lies
    in one stretch of three sentences. `nouns`: share of the question's nouns, names and codes that are there.
    `dense`: the best hit's cosine, scaled; 0.5 without.
    """

    covered: float
    together: float
    nouns: float
    dense: float
    same_language: bool


# Logistic weights, rounded, fitted on 400 JaQuAD questions with their passage among near misses of one
# article (answerable) or with those only (not): AUROC 0.90. On 400 other questions with near misses 0.93,
# where the bias refuses 5 % of the answerable ones and lets 31 % of the others pass; the checks of
# sentences stop more of those. `covered` adds nothing once `together` is there, nor does the kind of thing
# that is asked for: near misses hold numbers and dates as well, so it only guides the choice of sentences.
_BIAS = -2.8
_COEFFICIENTS = {"together": 7.0, "nouns": 1.0}
_WITHOUT_CODE = 0.2
_CODE = re.compile(r"(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*[0-9])[A-Z0-9]+(?:-[A-Z0-9]+)*", re.IGNORECASE)
_NOT_CODE = re.compile(
    r"[0-9]+(?:st|nd|rd|th|[ap]m|[kmgt]b|[kcm]?m|k?g|mg|k?[wv]|m?a|k?hz|h|hrs?|min|s|d|days?|x|f|k)|1on1",
    re.IGNORECASE,
)
"""Ordinals, times of day and quantities: sources write them otherwise (5pm as 17:00, 200V as 200ボルト)."""
_ARTICLE = re.compile("第?[0-9一二三四五六七八九十百]+[条項号]")
_DENSE_FROM, _DENSE_TO = 0.78, 0.90


def features(question: str, sources: Sequence[Source]) -> Features:
    """Compare the question with the sources' sentences and headings."""
    asked = content_words(question)
    headings = [
        (*content_words(heading_of(source.hit)), *article_words(question, source.hit, source.spans))
        for source in sources
    ]
    stretches = [
        (*content_words(text), *headings[i])
        for i, source in enumerate(sources)
        for text in _stretches(source.prompted)
    ]
    weights = Weights(stretches)
    everything = {word for words in stretches for word in words}
    shares = [coverage(asked, words, weights) for words in stretches]
    cosines = [source.hit.dense for source in sources if source.hit.dense is not None]
    evidence_text = "".join(text for source in sources for text in source.texts)
    return Features(
        covered=coverage(asked, everything, weights),
        together=max(shares, default=0.0),
        nouns=_nouns(asked, everything, weights),
        dense=_scaled(max(cosines)) if cosines else 0.5,
        same_language=detect_language(question) == detect_language(evidence_text),
    )


def article_words(question: str, hit: Hit, spans: Sequence[Span]) -> tuple[str, ...]:
    """The articles of `spans` as words when `question` names one: "2 申請は…" does not say 第2項 itself."""
    if not _ARTICLE.search(unicodedata.normalize("NFKC", question)):
        return ()
    articles = dict.fromkeys(hit.article_at(span.start, span.end) or "" for span in spans)
    return content_words("\n".join(articles))


def answerability(question: str, sources: Sequence[Source]) -> float:
    """How well `sources` seem to answer `question`, in [0, 1]; 0 without sources.

    A question in another language than its sources shares no words with them: there only the vectors count.
    """
    if not sources:
        return 0.0
    found = features(question, sources)
    if not content_words(question):
        return 0.5
    if not found.same_language and found.covered < 0.5:
        return found.dense
    if _missing_code(question, sources) or (found.same_language and _missing_name(question, sources)):
        return _WITHOUT_CODE
    total = _BIAS + sum(weight * getattr(found, name) for name, weight in _COEFFICIENTS.items())
    return 1.0 / (1.0 + math.exp(-total))


def _missing_code(question: str, sources: Sequence[Source]) -> bool:
    """Whether the question names a product, error or form by a code that no source holds, hyphens apart.

    Neighbouring codes (E-310 beside E-204) share all their other words, so shares of words do not show it.
    """
    found = [match.group() for match in _CODE.finditer(unicodedata.normalize("NFKC", question))]
    codes = [code for code in found if not _NOT_CODE.fullmatch(code)]
    if not codes:
        return False
    plain = _plain_code(_shown(sources))
    return any(_plain_code(code) not in plain for code in codes)


def _missing_name(question: str, sources: Sequence[Source]) -> bool:
    """Whether the question names a place or person that no source names: 仙台営業所 is not 本社."""
    shown = fold(_shown(sources))
    return any(name not in shown for name in proper_names(question))


def _shown(sources: Sequence[Source]) -> str:
    """Headings and whole chunks, of which the prompt may hold only some sentences."""
    texts = [
        text
        for source in sources
        for text in (heading_of(source.hit), source.hit.context, *source.shown, source.hit.text)
    ]
    return unicodedata.normalize("NFKC", "\n".join(texts))


def _plain_code(text: str) -> str:
    return re.sub(r"[-‐‑–—−\s]", "", text).casefold()


def _stretches(texts: Sequence[str]) -> Iterable[str]:
    return ["\n".join(texts[i : i + 3]) for i in range(max(1, len(texts) - 2))]


def _nouns(asked: Sequence[str], there: set[str], weights: Weights) -> float:
    """Share of the full-weight words (nouns, names, codes) that are there; 1 when the question has none."""
    nouns = [word for word in asked if kind_weight(word) >= 1.0]
    if not nouns:
        return 1.0
    return sum(same_word(word, there) for word in nouns) / len(nouns)


def _scaled(cosine: float) -> float:
    return min(max((cosine - _DENSE_FROM) / (_DENSE_TO - _DENSE_FROM), 0.0), 1.0)
