"""What people type into the search box: words, "exact phrases" and -exclusions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.search.text import Word, is_character, split, words

# Nobody types more: what comes after them is left out.
LONGEST_QUERY = 300  # characters, twice a post
MOST_PHRASES = 20

Phrase = tuple[str, ...]  # words that follow one another; most often only one

_QUOTES = re.compile('[“”„‟«»＂]')
_PIECE = re.compile(r'(?P<minus>[-－−]?)(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+))|"|\s+')


@dataclass(frozen=True)
class Query:
    """A text is found by any of the phrases that are `wanted`, if it has no `excluded` one."""

    wanted: tuple[Phrase, ...]
    excluded: tuple[Phrase, ...]


def parse(text: str) -> Query:
    """Read what somebody typed. There is nothing that it cannot be."""
    wanted: dict[Phrase, None] = {}
    excluded: dict[Phrase, None] = {}
    for piece in _PIECE.finditer(_QUOTES.sub('"', text[:LONGEST_QUERY])):
        typed = piece['quoted'] if piece['quoted'] is not None else piece['plain'] or ''
        if piece['minus'] and not _follows_a_word(piece):
            excluded[tuple(split(typed))] = None
        elif piece['quoted'] is not None:
            wanted[tuple(split(typed))] = None
        else:
            wanted.update(dict.fromkeys(_phrases(words(typed))))
    for phrases in (wanted, excluded):
        phrases.pop((), None)
    return Query(tuple(wanted)[:MOST_PHRASES], tuple(excluded)[:MOST_PHRASES])


def _follows_a_word(piece: re.Match[str]) -> bool:
    return piece.start() > 0 and not piece.string[piece.start() - 1].isspace()


def _phrases(found: Iterable[Word]) -> Iterator[Phrase]:
    """Yield each word by itself, but characters that stand side by side as one phrase."""
    phrase: list[str] = []
    end = -1
    for word in found:
        beside = word.start == end and is_character(word.text) and is_character(phrase[-1])
        if phrase and not beside:
            yield tuple(phrase)
            phrase = []
        phrase.append(word.text)
        end = word.end
    if phrase:
        yield tuple(phrase)


def mark(text: str, query: Query) -> Iterator[tuple[str, bool]]:
    """Cut `text` into pieces, and tell of each whether it is what `query` has found."""
    end = 0
    for first, last in _matches(text, query):
        if first > end:
            yield text[end:first], False
        yield text[first:last], True
        end = last
    if end < len(text):
        yield text[end:], False


def _matches(text: str, query: Query) -> list[tuple[int, int]]:
    """Return the places of the phrases in order, as one where they touch."""
    found = list(words(text))
    places = sorted(
        (found[n].start, found[n + len(phrase) - 1].end)
        for phrase in query.wanted
        for n in range(len(found) - len(phrase) + 1)
        if all(found[n + k].text == word for k, word in enumerate(phrase))
    )
    merged: list[tuple[int, int]] = []
    for first, last in places:
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged
