"""What a word is, for every engine, for queries and for marking alike.

Text is folded (case, accents, width) and split into words. Scripts that are written without spaces
(Chinese, Japanese, Thai ...) and pictures (emoji) are split into single characters, which a query
looks for one beside the other.
"""

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from app.text import ACCENTS, plain

LONGEST_WORD = 100  # characters; what comes after them does not count

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue, Khmer symbols
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),
    (0x3021, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA980, 0xA9FF),  # Javanese, Myanmar
    (0xAA60, 0xAADF),  # Myanmar, Tai Viet
    (0xF900, 0xFAFF),
    (0x1AFF0, 0x1B16F),
    (0x20000, 0x3FFFF),
)

# They join the letter before them when it is normalized, though they are no marks.
_JOINING = (
    (0x1160, 0x11FF),  # second and third letters of a Korean syllable
    (0xD7B0, 0xD7FF),
    (0xFF9E, 0xFFDC),  # narrow Japanese voice marks, narrow Korean letters
)

_SKIN_TONES = (0x1F3FB, 0x1F3FF)
_ZERO_WIDTH_SPACE = '\u200b'


class Word(NamedTuple):
    """A word, folded, and where it stands in the original text."""

    text: str
    start: int
    end: int


def split(text: str) -> list[str]:
    """Return the words of `text`, folded."""
    words = unicodedata.normalize('NFKC', text).translate(_FOLDED).split()
    return [word[:LONGEST_WORD] for word in words]


def words(text: str) -> Iterator[Word]:
    """Yield the same words as `split`, with their places."""
    letters: list[str] = []
    start = end = 0
    for cluster_start, cluster_end in _clusters(text):
        cluster = text[cluster_start:cluster_end]
        for char in unicodedata.normalize('NFKC', cluster).translate(_FOLDED):
            if char != ' ':
                if not letters:
                    start = cluster_start
                letters.append(char)
                end = cluster_end
            elif letters:
                yield Word(''.join(letters[:LONGEST_WORD]), start, end)
                letters.clear()
    if letters:
        yield Word(''.join(letters[:LONGEST_WORD]), start, end)


def is_character(word: str) -> bool:
    """Tell whether `word` is a single character of a text without spaces."""
    return len(word) == 1 and _stands_alone(word)


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of each character together with what is normalized along with it."""
    start = 0
    for place, char in enumerate(text):
        joins = unicodedata.category(char)[0] == 'M' or _is_in(ord(char), _JOINING)
        if place > start and not joins:
            yield start, place
            start = place
    if text:
        yield start, len(text)


class _Folded(dict[int, str]):
    """What each character becomes, for `str.translate`; filled in as characters are met."""

    def __missing__(self, number: int) -> str:
        folded = _fold(chr(number))
        if folded != ' ':
            self[number] = folded
        return folded


_FOLDED = _Folded()


def _fold(char: str) -> str:
    number, category = ord(char), unicodedata.category(char)
    if category in ('Mn', 'Me') and number in ACCENTS:
        return ''
    if (category == 'Cf' and char != _ZERO_WIDTH_SPACE) or _is_in(number, (_SKIN_TONES,)):
        return ''
    if category[0] not in 'LMN' and category != 'So':
        return ' '
    return ''.join(f' {part} ' if _stands_alone(part) else part for part in plain(char))


def _stands_alone(char: str) -> bool:
    number = ord(char)
    is_number = unicodedata.category(char) == 'Nd'
    return (_is_in(number, _UNSPACED) and not is_number) or unicodedata.category(char) == 'So'


def _is_in(number: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= number <= last for first, last in ranges)
