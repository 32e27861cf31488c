"""Rules for the text that people type: what may be stored, and how it is brought into shape."""

import re
import unicodedata

# The most code points; columns of the database are as wide, and it would refuse what is longer.
BODY_LENGTH = 140  # of posts, messages and what people say about themselves
USERNAME_LENGTH = 64
EMAIL_LENGTH = 120

# Code points of a name or an address as it is typed. None that can be stored is longer, even where
# each of its letters is typed as several; what is longer is not worth normalizing, which takes
# seconds for a text of nothing but accents.
LONGEST_NAME = 500

_NOT_STORABLE = re.compile('[\0\ud800-\udfff]')
_NOT_PLAIN = re.compile('[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]')
# Neither as they are nor as references (XML 1.0).
_NOT_XML = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')
_TURNS = re.compile('[\u202a-\u202e\u2066-\u2069]')

# Letters that no normalization takes apart.
_PLAIN_LETTERS = str.maketrans(
    {
        'æ': 'ae',
        'ð': 'd',
        'ø': 'o',
        'þ': 'th',
        'đ': 'd',
        'ħ': 'h',
        'ı': 'i',
        'ł': 'l',
        'œ': 'oe',
        'ŧ': 't',
        '\u0640': '',  # the stroke that stretches an Arabic word
    }
)

# Marks that many people leave out. Those of other scripts are vowels, or give a Japanese consonant
# its voice: without them it is another word.
_ACCENT_RANGES = (
    (0x0300, 0x036F),  # Latin, Greek, Cyrillic
    (0x0483, 0x0487),
    (0x0591, 0x05C7),  # Hebrew points
    (0x0610, 0x061A),  # Arabic vowels
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x180B, 0x180F),  # selectors of variants
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0xE0100, 0xE01EF),
)
ACCENTS = {number for first, last in _ACCENT_RANGES for number in range(first, last + 1)}
_PLAIN = {**_PLAIN_LETTERS, **dict.fromkeys(ACCENTS, '')}


def is_storable(text: str) -> bool:
    """Tell whether every database takes `text`: no NUL and no half of a surrogate pair."""
    return _NOT_STORABLE.search(text) is None


def is_plain(text: str) -> bool:
    """Tell whether `text` is free of control characters other than line breaks and tabs."""
    return _NOT_PLAIN.search(text) is None


def clean_body(text: str | None) -> str:
    """Return a post or message as it is checked and stored: LF line ends, no outer white space."""
    return (text or '').replace('\r\n', '\n').replace('\r', '\n').strip()


def for_xml(text: str) -> str:
    """Return `text` without the characters that no XML can have."""
    return _NOT_XML.sub('', text)


def straight(text: str) -> str:
    """Return `text` without what turns the direction of writing.

    That is for names in titles and sentences, which it would turn as well; elsewhere <bdi> or a
    paragraph of its own holds it off what stands around. No new name has any.
    """
    return _TURNS.sub('', text)


def normalize_name(text: str | None) -> str:
    """Return a username in its one spelling (NFKC), without outer white space.

    What is far too long for one stays as it is, which is still too long.
    """
    name = (text or '').strip()
    return unicodedata.normalize('NFKC', name) if len(name) <= LONGEST_NAME else name


def case_key(text: str) -> str:
    """Return what two spellings have in common that differ only in case or in compatibility.

    Of what is far too long for a name or an address it is the beginning, longer than any key.
    """
    if len(text) > LONGEST_NAME:
        return text[: LONGEST_NAME + 1]
    folded = unicodedata.normalize('NFKC', text).casefold()
    return unicodedata.normalize('NFKC', folded)


def plain(text: str) -> str:
    """Return what two spellings have in common that differ in case or accents only.

    Both search and tags go by it.
    """
    parts = unicodedata.normalize('NFKD', text.casefold())
    return unicodedata.normalize('NFC', parts.translate(_PLAIN))
