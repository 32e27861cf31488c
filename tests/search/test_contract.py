"""The three functions (chapter 16): the same expectations for both engines."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from app import search
from app.search import add_to_index, query_index, remove_from_index
from tests.search.conftest import eventually

BODIES = [
    'one two three four five',
    'the quick brown fox',
    'The QUICK Café',
    'brown bread and brown butter',
    '東京タワーへ行きたい',
    'quick brown rabbits, quick brown dogs',
    'Straße nach Łódź',
    'fox-trot & e-mail',
    'สวัสดีชาวโลก',
    'party 🎉',
]

BEST = [
    ('fox', [8, 2]),
    ('quick', [6, 3, 2]),
    ('cafe', [3]),
    ('CAFÉ', [3]),
    ('ｃａｆｅ', [3]),
    ('strasse lodz', [7]),
    ('LODZ', [7]),
    ('quic', []),
    ('rabbit', []),
    ('"quick brown"', [6, 2]),
    ('"brown quick"', []),
    ('"brown dogs"', [6]),
    ('quick -fox', [6, 3]),
    ('quick -"brown fox"', [6, 3]),
    ('quick -brown', [3]),
    ('-quick', []),
    ('-quick -fox', []),
    ('東京', [5]),
    ('京都', []),
    ('東', [5]),
    ('タワー', [5]),
    ('ชาว', [9]),
    ('โลก', [9]),
    ('🎉', [10]),
    ('mail', [8]),
    # More words first, then rarer ones, then newer ones.
    ('quick fox', [2, 8, 6, 3]),
    ('quick brown', [6, 2, 4, 3]),
    ('quick rabbits', [6, 3, 2]),
    ('brown quick fox', [2, 6, 8, 4, 3]),
    ('butter quick', [4, 6, 3, 2]),
]

STRANGE = [
    '',
    ' ',
    '"',
    '"""',
    "'",
    '((',
    ')',
    '[fox',
    '*',
    'qu*',
    'fox*',
    '^fox',
    'text:fox',
    'words : fox',
    '{words}: fox',
    'NEAR(',
    'NEAR(quick fox, 2)',
    'AND',
    'AND OR NOT',
    'fox AND',
    'NOT fox',
    'fox OR',
    '-',
    '--',
    '- -',
    '-"',
    '-fox -quick',
    '\\',
    'fox\\',
    '\0',
    'fox\0fox',
    '\ud800',
    'fox\udfff',
    '%',
    '_',
    "'; DROP TABLE live_things; --",
    '|',
    'a | b',
    'x' * 8000,
    'x ' * 4000,
    ' '.join(map(str, range(1600))),
    '京' * 8000,
    '"' * 8000,
    '-' * 8000,
    '(' * 8000,
    'e' + '\u0301' * 7999,
    '🎉' * 8000,
]


def thing(id_: int, text: str, **fields: str) -> Any:
    names = ['text', *fields]
    return SimpleNamespace(id=id_, text=text, **fields, __searchable__=names)


@pytest.fixture
def filled(app: Flask) -> None:
    for number, body in enumerate(BODIES, start=1):
        add_to_index('things', thing(number, body))
    everything = 'one quick bread 東京 lodz mail โลก party'
    eventually(lambda: query_index('things', everything, 1, 99)[1], len(BODIES))


@pytest.mark.usefixtures('filled')
class TestQueries:
    def test_best(self) -> None:
        for query, expected in BEST:
            assert query_index('things', query, 1, 100) == (expected, len(expected)), query

    def test_newest(self) -> None:
        assert query_index('things', 'quick fox', 1, 2, 'newest') == ([8, 6], 4)
        assert query_index('things', 'quick fox', 2, 2, order='newest') == ([3, 2], 4)

    @pytest.mark.parametrize('order', ['best', 'newest'])
    def test_whatever_is_typed(self, order: search.Order) -> None:
        for query in STRANGE:
            ids, total = query_index('things', query, 1, 10, order)
            assert len(ids) == total <= len(BODIES), query

    @pytest.mark.parametrize('page', [-(10**20), -1, 0])
    def test_pages_before_the_first(self, page: int) -> None:
        assert query_index('things', 'quick', page, 2) == ([6, 3], 3)

    @pytest.mark.parametrize('page', [3, 5001, 10**12, 10**30])
    def test_pages_past_the_end(self, page: int) -> None:
        assert query_index('things', 'quick', page, 2) == ([], 3)
        assert query_index('things', 'quick fox', page, 2) == ([], 4)

    def test_replacing(self) -> None:
        add_to_index('things', thing(1, 'fox instead'))
        eventually(lambda: query_index('things', 'fox', 1, 9), ([8, 2, 1], 3))
        assert query_index('things', 'three', 1, 9) == ([], 0)

    def test_removing(self) -> None:
        remove_from_index('things', thing(2, ''))
        eventually(lambda: query_index('things', 'fox', 1, 9), ([8], 1))
        remove_from_index('things', thing(2, ''))
        remove_from_index('things', thing(2000, ''))


def test_pages(app: Flask) -> None:
    for number in range(1, 8):
        add_to_index('things', thing(number, 'the same'))
    eventually(lambda: query_index('things', 'same', 1, 100), ([7, 6, 5, 4, 3, 2, 1], 7))
    assert query_index('things', 'same', 1, 3) == ([7, 6, 5], 7)
    assert query_index('things', 'same', 2, 3) == ([4, 3, 2], 7)
    assert query_index('things', 'same', 3, 3) == ([1], 7)


def test_totals_are_true_and_paging_ends_at_ten_thousand(app: Flask) -> None:
    with search.rebuild_index('things') as add:
        for start in range(1, 12_001, 4000):
            texts = {n: 'common rare' if n == 7 else 'common' for n in range(start, start + 4000)}
            add(texts)
    assert query_index('things', 'common', 1, 2) == ([12_000, 11_999], 12_000)
    assert query_index('things', 'common', 5000, 2) == ([2002, 2001], 12_000)
    assert query_index('things', 'common', 5001, 2) == ([], 12_000)
    assert query_index('things', 'common', 4, 3000) == (list(range(3000, 2000, -1)), 12_000)
    # The rare one is far below the newest ten thousand, and is the best all the same.
    assert query_index('things', 'common rare', 1, 2) == ([7, 12_000], 12_000)
    assert query_index('things', 'common rare', 5001, 2) == ([], 12_000)


def test_several_fields(app: Flask) -> None:
    add_to_index('things', thing(1, 'red', more='fox'))
    eventually(lambda: query_index('things', 'fox', 1, 9), ([1], 1))
    assert query_index('things', 'red', 1, 9) == ([1], 1)
    assert query_index('things', '"red fox"', 1, 9) == ([], 0)


def test_an_index_that_is_not_there(app: Flask) -> None:
    assert query_index('things', 'fox', 1, 9) == ([], 0)
    remove_from_index('things', thing(1, ''))
    assert not search.index_exists('things')
    search.update_index('things', {1: 'fox'})
    assert not search.index_exists('things')
    assert not search.is_being_rebuilt('things')
    add_to_index('things', thing(1, 'fox'))
    assert search.index_exists('things')


class TestRebuilding:
    def test_the_old_index_is_searched_meanwhile(self, app: Flask) -> None:
        add_to_index('things', thing(1, 'old'))
        with search.rebuild_index('things') as add:
            add({2: 'new'})
            eventually(lambda: query_index('things', 'old new', 1, 9), ([1], 1))
            assert search.is_being_rebuilt('things')
        assert query_index('things', 'old new', 1, 9) == ([2], 1)
        assert not search.is_being_rebuilt('things')

    def test_what_is_written_meanwhile_reaches_both(self, app: Flask) -> None:
        with search.rebuild_index('things') as add:
            add({n: f'word{n} old' for n in range(1, 6)})
        eventually(lambda: query_index('things', 'old', 1, 9)[1], 5)
        with search.rebuild_index('things') as add:
            search.update_index('things', {1: 'word1 changed', 2: None, 6: 'word6 added'})
            eventually(
                lambda: query_index('things', 'changed added old', 1, 9, 'newest')[0],
                [6, 5, 4, 3, 1],
            )
            # What was read from the database a moment ago.
            add({n: f'word{n} old' for n in range(1, 6)})
            search.update_index('things', {3: 'word3 changed', 4: None})
        eventually(lambda: query_index('things', 'changed added', 1, 9, 'newest')[0], [6, 3, 1])
        assert query_index('things', 'old', 1, 9) == ([5], 1)
        assert query_index('things', 'word2 word4', 1, 9) == ([], 0)
        search.update_index('things', {2: 'word2 back'})
        eventually(lambda: query_index('things', 'word2', 1, 9), ([2], 1))

    def test_a_rebuilding_that_fails_changes_nothing(self, app: Flask) -> None:
        add_to_index('things', thing(1, 'old'))

        def fail() -> None:
            with search.rebuild_index('things') as add:
                add({2: 'new'})
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()
        eventually(lambda: query_index('things', 'old new', 1, 9), ([1], 1))
        assert not search.is_being_rebuilt('things')

    def test_the_latest_of_two_wins(self, app: Flask) -> None:
        def rebuild_within_rebuilding() -> None:
            with search.rebuild_index('things') as add:
                add({1: 'first'})
                with search.rebuild_index('things') as add_too:
                    add_too({2: 'second'})

        with pytest.raises(search.SearchUnavailable):
            rebuild_within_rebuilding()
        assert query_index('things', 'first second', 1, 9) == ([2], 1)

    def test_one_that_died_is_forgotten(self, app: Flask) -> None:
        died = search.rebuild_index('things')
        add = died.__enter__()
        add({1: 'first'})
        with search.rebuild_index('things') as add_too:
            add_too({2: 'second'})
        assert query_index('things', 'first second', 1, 9) == ([2], 1)
        assert not search.is_being_rebuilt('things')
        with pytest.raises(search.SearchUnavailable):
            died.__exit__(None, None, None)

    def test_nothing_to_index(self, app: Flask) -> None:
        with search.rebuild_index('things') as add:
            add({})
        assert search.index_exists('things')
        assert query_index('things', 'fox', 1, 9) == ([], 0)
