"""Which names may be chosen."""

import pytest

from app.names import Flaw, flaw_of
from app.text import normalize_name


@pytest.mark.parametrize(
    'name',
    [
        'susan',
        'a',
        '7',
        'a.b@c+d-e_f',
        'atom',
        'susan.atomic',
        '_x_',
        'zoë',
        'Nguyễn',
        'ᾧδε',
        'мария',
        'мария.smith',  # a script for each word
        'Σίσυφος',
        'ᏣᎳᎩ',
        '小林',
        '々木',
        'tanakaタナカ',  # what is written together
        'ひらがなカタカナ漢字abc',
        '김mina',
        'ㄅㄆ小lin',
        'أمينة',
        'مُحَمَّد123',
        'מֹשֶׁה',
        'प्रिया',
        'ज़ुंजार',  # a dot below that makes another letter, and two marks
        'सुब्रह्मण्यम्',
        'சுபா',
        'สมชาย',
        'น้ำ',
        'ကျွန်',
        'ស្ត្រី',
        'སྒྲོལ_མ',  # letters below letters
    ],
)
def test_names_of_any_script(name: str) -> None:
    assert flaw_of(normalize_name(name)) is None


@pytest.mark.parametrize(
    ('name', 'flaw'),
    [
        ('', Flaw.NO_LETTER),
        ('.', Flaw.NO_LETTER),
        ('...', Flaw.NO_LETTER),
        ('@@', Flaw.NO_LETTER),
        ('susan.atom', Flaw.FEED),
        ('susan.ATOM', Flaw.FEED),
        ('john doe', Flaw.CHARACTERS),
        ('a/b', Flaw.CHARACTERS),
        ('a?b', Flaw.CHARACTERS),
        ('a#b', Flaw.CHARACTERS),
        ('a\\b', Flaw.CHARACTERS),
        ('<b>', Flaw.CHARACTERS),
        ('tab\tbed', Flaw.CHARACTERS),
        ('nul\0', Flaw.CHARACTERS),
        ('😀', Flaw.CHARACTERS),
        ('x😀', Flaw.CHARACTERS),
        ('\ud800', Flaw.CHARACTERS),
        ('\u0301', Flaw.CHARACTERS),  # a mark alone
        ('a_\u0301b', Flaw.CHARACTERS),
        ('a\u202eb', Flaw.CHARACTERS),  # turns the writing direction
        ('a\u2067b', Flaw.CHARACTERS),
        ('a\u200db', Flaw.CHARACTERS),  # joins without showing
        ('a\u00adb', Flaw.CHARACTERS),
        ('\u3164', Flaw.CHARACTERS),  # letters that show nothing
        ('a\u115f', Flaw.CHARACTERS),
        ('a\u034fb', Flaw.CHARACTERS),
        ('a\ufe0f', Flaw.CHARACTERS),
        ('a\U000e0100', Flaw.CHARACTERS),
        ('sus\u0430n', Flaw.SCRIPTS),  # a Cyrillic a
        ('\u0455usan', Flaw.SCRIPTS),
        ('j\u03bfhn', Flaw.SCRIPTS),  # a Greek o
        ('x.sus\u0430n_y', Flaw.SCRIPTS),
        ('\u0430\u4e00', Flaw.SCRIPTS),  # Cyrillic is not written together with Chinese
        ('john\u0660', Flaw.SCRIPTS),  # an Arabic digit that looks like a dot
        ('\u0661\u06f1', Flaw.SCRIPTS),  # digits of two kinds
        ('a\u0967', Flaw.SCRIPTS),
        ('n\u0315\u0316\u0317', Flaw.MARKS),
        ('e\u0302\u0301\u0323', Flaw.MARKS),  # two of the three are part of the letter
        ('susa\u0332\u0332n', Flaw.MARKS),  # the same one twice
        ('ก\u0e47\u0e47', Flaw.MARKS),
        ('ཀ' + '\u0f90\u0f91\u0f92\u0f71\u0f74\u0f7e', Flaw.MARKS),
    ],
)
def test_names_that_cannot_be(name: str, flaw: Flaw) -> None:
    assert flaw_of(normalize_name(name)) is flaw
