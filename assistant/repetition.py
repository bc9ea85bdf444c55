"""Ends an answer that says the same again, as weak models do until their tokens are used up.

Two shapes occur: sentences are written again, one or several in a circle, and a clause is written again
inside a sentence that never ends. Only the same letters count: another wording is no repetition here. One
sentence that comes again after others ("attach the receipt", for new and for renewed ones) is none either.
"""

from __future__ import annotations

import re
import unicodedata

_SENTENCE_END = re.compile(r"[。．！？!?\n]|\.(?=\s)")
_CLAUSE_END = re.compile(r"[。．！？!?\n、，;；]|[.,](?=\s)")
_LIST_MARK = re.compile(
    r"[^\S\n]*(?:(?:[-*•・●○■◆]|\(?[0-9０-９]{1,3}(?:[.)．）](?![0-9])|$)|[①-⑳]|#{1,6})[^\S\n]*)*"
)
_LEAST_LETTERS = 10  # what is shorter ("該当なし。") may well be said twice
_CIRCLE_LETTERS = 64  # of a text without any mark that goes in circles, at least three rounds
_ROUNDS = 3


class RepetitionGuard:
    """Lets a text through that arrives in pieces, until it repeats itself; then `repeating` is True.

    What begins like something that was said is held back until it differs, so a repetition is never shown.
    """

    def __init__(self) -> None:
        self.repeating = False
        self._text = ""
        self._passed = 0  # offsets in the text: let through so far, beginning of the open sentence and clause
        self._sentence = 0
        self._clause = 0
        self._said: list[str] = []  # the letters of every sentence that ended
        self._again: int | None = None  # where a sentence begins that came again, while nothing new followed
        self._clause_before = ""  # of the same sentence

    def feed(self, piece: str) -> str:
        """The text that is now certainly no repetition; nothing any more once `repeating`."""
        if self.repeating:
            return ""
        self._text += piece
        said_again = self._end_clauses()
        self.repeating = said_again is not None or in_circles(self._text)
        return self._pass(self._hold_from() if said_again is None else said_again)

    def finish(self) -> str:
        """The end of the text, unless it is the beginning of something that was said."""
        if self.repeating:
            return ""
        if self._again is not None and self._says_more(self._again):
            self._again = None
        held = self._hold_from()
        return self._pass(held if len(letters(self._text[held:])) >= _LEAST_LETTERS else len(self._text))

    def _says_more(self, start: int) -> bool:
        """Whether a sentence from `start` on, also a short or an open one, was not said before that."""
        before = letters(self._text[:start])
        return any(letters(sentence) not in before for sentence in _SENTENCE_END.split(self._text[start:]))

    def _pass(self, end: int) -> str:
        passed = self._text[self._passed : end]
        self._passed = max(self._passed, end)
        return passed

    def _end_clauses(self) -> int | None:
        """Take in the clauses and sentences that have ended; where the first begins that was said before."""
        while match := _CLAUSE_END.search(self._text, self._behind_mark()):
            end = match.end()
            clause = letters(self._text[self._clause : end])
            if len(clause) >= _LEAST_LETTERS and clause == self._clause_before:
                return self._clause
            self._clause_before, self._clause = clause, end
            if _SENTENCE_END.match(self._text, match.start()):
                if (repeated := self._end_sentence(letters(self._text[self._sentence : end]))) is not None:
                    return repeated
                self._clause_before, self._sentence = "", end
        return None

    def _end_sentence(self, sentence: str) -> int | None:
        """Take in a sentence that has ended; where the repetition begins that it makes sure of."""
        if len(sentence) < _LEAST_LETTERS:
            return None
        if sentence not in self._said:
            self._said.append(sentence)
            self._again = None
            return None
        if self._again is not None:
            return self._again
        if sentence == self._said[-1]:
            return self._sentence
        self._again = self._sentence
        return None

    def _behind_mark(self) -> int:
        """Where the open clause begins to say something: the full stop of a list's "3." ends nothing."""
        mark = _LIST_MARK.match(self._text, self._clause) if self._clause == self._sentence else None
        return mark.end() if mark else self._clause

    def _hold_from(self) -> int:
        """From where the text may be a repetition; its length when it cannot be."""
        sentence, clause = letters(self._text[self._sentence :]), letters(self._text[self._clause :])
        if self._again is not None:
            return self._again
        if any(said.startswith(sentence) for said in self._said):
            return self._sentence
        if self._clause_before.startswith(clause) and len(self._clause_before) >= _LEAST_LETTERS:
            return self._clause
        return len(self._text)


def letters(text: str) -> str:
    """Letters and digits of `text` without a list's mark at its beginning; width and case do not count."""
    mark = _LIST_MARK.match(text)
    folded = unicodedata.normalize("NFKC", text[mark.end() if mark else 0 :]).casefold()
    return "".join(char for char in folded if char.isalnum())


def in_circles(text: str) -> bool:
    """Whether `text` ends in the same letters three times or more, 64 letters in all, not digits alone."""
    tail = letters(text[-4 * _CIRCLE_LETTERS :])
    for period in range(1, len(tail) // _ROUNDS + 1):
        length = max(_CIRCLE_LETTERS, _ROUNDS * period)
        round_ = tail[-period:]
        if length <= len(tail) and tail[-length:-period] == tail[period - length :] and not round_.isdigit():
            return True
    return False
