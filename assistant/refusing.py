"""Whether a sentence of the model says that the documents do not tell, by the wordings of both languages.

Such a sentence answers nothing and can be proved by no passage, whatever the check of it found. The wordings
are wide (refusals.toml), and a rule can be worded like them ("breakfast is not included"): so one that a
passage supports counts as a refusal only where it speaks of the documents themselves.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from assistant.answers import Claim, Verdict

_OF_DOCUMENTS = re.compile(
    r"(?:資料|文書|文章|出典|ソース|情報源|文献|ドキュメント|テキスト|本文|提供された情報|与えられた情報|上記の情報)"
    r"(?:(?:の中|の内容|等|中|内)?(?:に|で|から|の範囲|だけ|のみ)|"
    r"[はも][^。\n]*(?:触れ|言及し|説明し|述べ|示し|記載し)て)|"
    r"\b(?:sources?|documents?|documentation|passages?|excerpts?|context|information (?:given|provided)) "
    r"(?:provided |given |above |below )?"
    r"(?:(?:do|does|did) not|(?:say|state|tell|mention|reveal)s? nothing|makes? no|fails? to|"
    r"(?:is|are) silent|(?:contain|include|provide|give|have|has|offer|hold)s? no)\b|"
    r"\b(?:no|none of|nothing in|neither of) (?:the |these |your )?(?:\w+ )?"
    r"(?:sources?|documents?|passages?|excerpts?|context)\b|"
    r"\b(?:in|from|by|within) (?:the |these |any |any of the |your )?(?:\w+ )?"
    r"(?:sources?|documents?|passages?|excerpts?|context)\b"
)
Wordings = Mapping[str, Mapping[str, Sequence[str]]]


def refuses(text: str) -> bool:
    """Whether `text` is worded like a refusal; so is silence."""
    plain = _plain(text)
    facts, refusals = _patterns()
    said = facts.sub(" ", plain)
    return not plain.strip() or any(wording.search(said) for wording in refusals)


def is_refusal(claim: Claim) -> bool:
    """Whether a sentence of an answer says only that the documents do not tell."""
    if not refuses(claim.text):
        return False
    return claim.verdict is not Verdict.SUPPORTED or of_documents(claim.text)


def of_documents(text: str) -> bool:
    """Whether `text` speaks of the documents themselves, and not only of what they are about."""
    return _OF_DOCUMENTS.search(_plain(text)) is not None


def declines(claims: Iterable[Claim]) -> bool:
    """Whether an answer is a refusal: it says one, and no other sentence of it is proven or was unchecked."""
    said = list(claims)
    refused = [claim for claim in said if is_refusal(claim)]
    return bool(refused) and not any(
        claim.verdict in (Verdict.SUPPORTED, Verdict.UNCHECKED) for claim in said if claim not in refused
    )


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return plain.replace("can't", "cannot").replace("n't", " not")


@cache
def wordings() -> Wordings:
    """The expressions of refusals.toml: `{language: {facts, refusals}}`."""
    return tomllib.loads((files("assistant") / "refusals.toml").read_text("utf-8"))


@cache
def _patterns() -> tuple[re.Pattern[str], tuple[re.Pattern[str], ...]]:
    told = wordings().values()
    facts = re.compile("|".join(f"(?:{one})" for language in told for one in language["facts"]), re.MULTILINE)
    return facts, tuple(re.compile(one, re.MULTILINE) for language in told for one in language["refusals"])
