"""What in a text becomes a link: addresses, people and tags."""

import pytest

from app.markup import TAG_KEY_LENGTH, Piece, mentions, pieces, tag_key, tags

PEOPLE = {'susan': 'Susan', 'john.smith': 'john.smith', 'a': 'a', 'سوسن': 'سوسن', '太郎': '太郎'}


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('', []),
        ('no address', [('no address', None)]),
        ('https://example.org', [('https://example.org', 'https://example.org')]),
        (
            'see https://example.org/a_(b), ok?',
            [
                ('see ', None),
                ('https://example.org/a_(b)', 'https://example.org/a_(b)'),
                (', ok?', None),
            ],
        ),
        (
            '(http://example.org/?a=1&b=2).',
            [
                ('(', None),
                ('http://example.org/?a=1&b=2', 'http://example.org/?a=1&b=2'),
                (').', None),
            ],
        ),
        (
            '看https://example.org/路径。好',
            [
                ('看', None),
                ('https://example.org/路径', 'https://example.org/路径'),
                ('。好', None),
            ],
        ),
        (
            'https://example.org/\u202emoc',
            [('https://example.org/', 'https://example.org/'), ('\u202emoc', None)],
        ),
    ],
)
def test_web_addresses(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert [(piece.text, piece.address) for piece in pieces(text, None)] == expected


@pytest.mark.parametrize(
    'text',
    [
        'javascript:alert(1)',
        'ftp://example.org',
        'mailto:a@example.org',
        'www.example.org',
        'https://',
        'xhttp://example.org',
    ],
)
def test_other_addresses_stay_text(text: str) -> None:
    assert [*pieces(text, {})] == [Piece(text)]


@pytest.mark.parametrize(
    ('text', 'linked'),
    [
        ('hello @susan', ['@susan']),
        ('@SUSAN, hello', ['@SUSAN']),
        ('(@susan) @susan. @susan! .@susan', ['@susan'] * 4),
        ('@john.smith and @john.smith.', ['@john.smith'] * 2),
        ('@susan.x', ['@susan']),  # of all the names that begin here, the longest that exists
        ('@سوسن @太郎', ['@سوسن', '@太郎']),
        # Neither a part of a word, nor of an address, nor somebody unknown.
        ('@susanna a@susan b.c@susan http://x.org/@susan /@susan @ @john', []),
    ],
)
def test_people(text: str, linked: list[str]) -> None:
    found = [*pieces(text, PEOPLE)]
    assert [piece.text for piece in found if piece.name] == linked
    assert ''.join(piece.text for piece in found) == text


@pytest.mark.parametrize(
    ('text', 'found'),
    [
        ('#one #Two_2, (#three).', ['one', 'Two_2', 'three']),
        ('#été #عَرَبِيّ #हिन्दी #日本語', ['été', 'عَرَبِيّ', 'हिन्दी', '日本語']),
        ('#2024 #_ # ## a#b http://x.org/#c /#d &#x27; #1a', ['1a']),
        (f'#{"x" * 139}', ['x' * 139]),
    ],
)
def test_tags(text: str, found: list[str]) -> None:
    assert [*tags(text).values()] == found
    linked = [piece.tag for piece in pieces(text, {}) if piece.tag]
    assert linked == found


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        ('Été', 'ETE'),
        ('ÅNGSTRÖM', 'angstrom'),
        ('ｗｉｄｅ', 'wide'),
        ('Łódź', 'lodz'),
        ('عَرَبِيّ', 'عربي'),
        ('aﹰ', 'A'),  # an accent that stands alone
    ],
)
def test_case_and_accents_of_a_tag_do_not_matter(one: str, other: str) -> None:
    assert tag_key(one) == tag_key(other)
    assert [*tags(f'#{one} #{other}').values()] == [one]


def test_no_key_of_a_tag_is_longer_than_its_column() -> None:
    """One sign can stand for a sentence."""
    assert len(tag_key('ﷺ' * 139)) == TAG_KEY_LENGTH


@pytest.mark.parametrize(
    ('one', 'other'), [('हिन्दी', 'हन्द'), ('パリ', 'バリ'), ('パリ', 'ハリ'), ('がく', 'かく')]
)
def test_marks_that_make_another_word_matter(one: str, other: str) -> None:
    assert tag_key(one) != tag_key(other)


@pytest.mark.parametrize('text', ['@a.' * 46, '#' * 140, f'@{"a" * 139}', '@' * 140, '#a' * 70])
def test_heaps_of_signs_are_read_at_once(text: str) -> None:
    assert sum(map(len, mentions(text))) < 10_000
    assert ''.join(piece.text for piece in pieces(text, PEOPLE)) == text
