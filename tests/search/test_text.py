"""What a word is."""

import random

import pytest

from app.search.query import Query, mark, parse
from app.search.text import LONGEST_WORD, split, words


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('Hello, World!', ['hello', 'world']),
        ('', []),
        ('... --- *** "" () \\', []),
        ('Café CAFÉ cafe\u0301', ['cafe', 'cafe', 'cafe']),
        ('STRASSE Straße', ['strasse', 'strasse']),
        ('Łódź Ærø İstanbul ıslak', ['lodz', 'aero', 'istanbul', 'islak']),
        ('ＦＵＬＬ width ｶﾞ', ['full', 'width', 'ガ']),
        ('ΟΔΥΣΣΕΥΣ Ὀδυσσεύς', ['οδυσσευσ', 'οδυσσευσ']),
        ('Ёлка ёлка', ['елка', 'елка']),
        ('كِتَاب أحمد كـتاب', ['كتاب', 'احمد', 'كتاب']),
        ('שָׁלוֹם', ['שלום']),
        ('नमस्ते दुनिया', ['नमस्ते', 'दुनिया']),
        ('தமிழ்', ['தமிழ்']),
        ('한국어 \u1112\u1161\u11ab', ['한국어', '한']),
        ('東京タワー2024年', ['東', '京', 'タ', 'ワ', 'ー', '2024', '年']),
        ('สวัสดี', ['ส', 'ว', 'ั', 'ส', 'ด', 'ี']),
        ('foo_bar e-mail @susan #tag', ['foo', 'bar', 'e', 'mail', 'susan', 'tag']),
        ('soft\u00adhyphen zero\u200bwidth', ['softhyphen', 'zero', 'width']),
        ('🎉👍🏽 👩\u200d💻 ❤️', ['🎉', '👍', '👩', '💻', '❤']),
        ('NUL\0here half\ud800pair', ['nul', 'here', 'half', 'pair']),
        ('a' * 500, ['a' * LONGEST_WORD]),
    ],
)
def test_split(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_folding_twice_changes_nothing() -> None:
    for number in range(0x20, 0x30000):
        once = split(chr(number))
        assert split(' '.join(once)) == once, hex(number)


def test_places_are_those_of_the_same_words() -> None:
    chance = random.Random(7)
    ranges = [(0x20, 0x7F), (0xA0, 0x600), (0x900, 0xA00), (0xE00, 0xE80), (0x1100, 0x1200)]
    ranges += [(0x3040, 0x3100), (0x4E00, 0x4E80), (0xAC00, 0xAC80), (0xFF00, 0xFFE0)]
    ranges += [(0x300, 0x340), (0x1F300, 0x1F650)]
    for _ in range(3000):
        text = ''.join(chr(chance.randrange(*chance.choice(ranges))) for _ in range(12))
        assert [word.text for word in words(text)] == split(text), ascii(text)
        assert all(text[word.start : word.end] for word in words(text))


@pytest.mark.parametrize(
    ('typed', 'wanted', 'excluded'),
    [
        ('red Fox', [('red',), ('fox',)], []),
        ('red red RED', [('red',)], []),
        ('"red fox"', [('red', 'fox')], []),
        ('“red fox”', [('red', 'fox')], []),
        ('red -fox', [('red',)], [('fox',)]),
        ('red -"quick fox"', [('red',)], [('quick', 'fox')]),
        ('e-mail -e-mail', [('e',), ('mail',)], [('e', 'mail')]),
        ('-red', [], [('red',)]),
        ('red - fox --dog', [('red',), ('fox',)], [('dog',)]),
        ('東京 タワー', [('東', '京'), ('タ', 'ワ', 'ー')], []),
        ('東京2024、大阪', [('東', '京'), ('2024',), ('大', '阪')], []),
        ('-東京', [], [('東', '京')]),
        ('"unclosed phrase', [('unclosed',), ('phrase',)], []),
        ('AND OR NOT NEAR(', [('and',), ('or',), ('not',), ('near',)], []),
        ('"" - -"" *', [], []),
    ],
)
def test_parse(typed: str, wanted: list[tuple[str, ...]], excluded: list[tuple[str, ...]]) -> None:
    assert parse(typed) == Query(tuple(wanted), tuple(excluded))


@pytest.mark.parametrize(
    ('text', 'query', 'marked'),
    [
        ('A red fox.', 'RED', 'A [red] fox.'),
        ('A red fox.', '"red fox"', 'A [red fox].'),
        ('A red, red fox', 'red fox', 'A [red], [red] [fox]'),
        ('Le Café-crème', 'creme cafe', 'Le [Café]-[crème]'),
        ('cafe\u0301!', 'café', '[cafe\u0301]!'),
        ('reddish red', 'red', 'reddish [red]'),
        ('私は東京タワーが好き', '東京', '私は[東京]タワーが好き'),
        ('東東京', '東京 "東 東"', '[東東京]'),
        ('a <b> & c', 'b', 'a <[b]> & c'),
        ('red fox', '-red', 'red fox'),
        ('', 'red', ''),
    ],
)
def test_mark(text: str, query: str, marked: str) -> None:
    pieces = list(mark(text, parse(query)))
    assert ''.join(piece for piece, _ in pieces) == text
    assert ''.join(f'[{piece}]' if hit else piece for piece, hit in pieces) == marked
