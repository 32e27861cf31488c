"""Which names may be chosen: such as can be read, and told from others, in any script.

The rules are those of Unicode (UTS 39): a word mixes no scripts but those that are written together
(restriction level "highly restrictive"), and a letter has no heap of marks. Names that are there
already go on working: they are asked only of new ones.
"""

import unicodedata
from contextlib import suppress
from enum import StrEnum
from functools import cache, lru_cache

import regex
from babel import Locale

N_ = str  # marks a text for our catalogues
SIGNS = '_.@+-'
FEED = '.atom'  # behind a name, the address of what that person writes
MOST_MARKS = 2  # on a letter
# Of these a letter can have one more, or so many of them: they make it another letter.
DOT_OF_INDIC_LETTERS = 7  # its combining class
MOST_SUBJOINED = 2  # letters below a Tibetan one


class Flaw(StrEnum):
    """What keeps a name from being chosen, in words for people."""

    CHARACTERS = N_('A username is made of letters, digits and these characters: _ . @ + -')
    NO_LETTER = N_('A username needs a letter or a digit.')
    SCRIPTS = N_('A word in a username cannot mix letters or digits of different scripts.')
    MARKS = N_('A letter in a username can have at most two marks.')
    FEED = N_('A username cannot end with .atom.')


_INVISIBLE = regex.compile(r'\p{Default_Ignorable_Code_Point}')
_MARK_ALONE = regex.compile(r'(?<![\p{L}\p{M}\p{Nd}])\p{M}')
_LETTER_WITH_MARKS = regex.compile(r'[\p{L}\p{Nd}][\p{Mn}\p{Me}\p{Mc}]+')
_WORD = regex.compile(r'[^_.@+-]+')

# What is written together counts as one script, by the names that ISO 15924 has for it.
_TOGETHER = {
    'Bopo': {'Hanb'},
    'Hang': {'Kore'},
    'Hani': {'Hanb', 'Jpan', 'Kore'},
    'Hira': {'Jpan'},
    'Kana': {'Jpan'},
    'Latn': {'Hanb', 'Jpan', 'Kore'},
}
_OF_ANY_SCRIPT = {'Zinh', 'Zyyy'}


def flaw_of(name: str) -> Flaw | None:
    """Return what is wrong with a new name, None for nothing.

    Expects the normalized form. The length is checked elsewhere, and before.
    """
    kinds = [unicodedata.category(char) for char in name]
    if not all(
        kind[0] in 'LM' or kind == 'Nd' or char in SIGNS
        for char, kind in zip(name, kinds, strict=True)
    ):
        return Flaw.CHARACTERS
    if _INVISIBLE.search(name) or _MARK_ALONE.search(name):
        return Flaw.CHARACTERS
    if not any(kind[0] == 'L' or kind == 'Nd' for kind in kinds):
        return Flaw.NO_LETTER
    if name.casefold().endswith(FEED):
        return Flaw.FEED
    if name.isascii():
        return None
    if any(map(_mixes_scripts, _WORD.findall(name))):
        return Flaw.SCRIPTS
    if any(map(_is_heaped, _LETTER_WITH_MARKS.findall(name))):
        return Flaw.MARKS
    return None


def _mixes_scripts(word: str) -> bool:
    zeros = {ord(char) - unicodedata.decimal(char) for char in word if char.isdecimal()}
    shared: set[str] | None = None
    for scripts in map(_scripts_of, word):
        if scripts:
            shared = shared & scripts if shared is not None else {*scripts}
    return len(zeros) > 1 or shared == set()


def _is_heaped(letter: str) -> bool:
    """Tell whether a letter has more marks than it can have, or one of them twice."""
    marks = [
        mark
        for mark in unicodedata.normalize('NFD', letter)
        if unicodedata.category(mark) in ('Mn', 'Me')
    ]
    counted = [mark for mark in marks if unicodedata.combining(mark) != DOT_OF_INDIC_LETTERS]
    subjoined = sum('SUBJOINED' in unicodedata.name(mark, '') for mark in marks)
    most = MOST_MARKS + min(subjoined, MOST_SUBJOINED)
    return len({*marks}) < len(marks) or len(counted) > most


@lru_cache(10_000)
def _scripts_of(char: str) -> frozenset[str]:
    """Return the scripts that `char` is used in; none for what is used in any."""
    scripts = {code for code, pattern in _every_script() if pattern.match(char)}
    if scripts & _OF_ANY_SCRIPT:
        return frozenset()
    return frozenset(scripts.union(*(_TOGETHER.get(code, ()) for code in scripts)))


@cache
def _every_script() -> list[tuple[str, regex.Pattern[str]]]:
    """Return a pattern for each script: Babel knows their codes, `regex` their characters."""
    patterns = []
    for code in Locale('en').scripts:
        # Some are styles of writing, or have no characters.
        with suppress(regex.error):
            patterns.append((str(code), regex.compile(rf'\p{{Script_Extensions={code}}}')))
    return patterns
