"""What people may type, and what becomes of it."""

import time

import pytest

from app.text import (
    LONGEST_NAME,
    case_key,
    clean_body,
    is_plain,
    is_storable,
    normalize_name,
)


def test_names_have_one_spelling() -> None:
    assert normalize_name('  Ｓｕｓａｎ ') == 'Susan'
    assert normalize_name('Zoe\u0308') == 'Zoë'
    assert normalize_name(None) == ''


@pytest.mark.parametrize(
    ('one', 'other'),
    [('Susan', 'sUSAN'), ('STRASSE', 'straße'), ('ΣΊΣΥΦΟΣ', 'σίσυφος'), ('МАРИЯ', 'мария')],
)
def test_case_is_ignored(one: str, other: str) -> None:
    assert case_key(one) == case_key(other)


def test_what_is_far_too_long_is_not_normalized() -> None:
    accents = 'a' + '\u0315\u0300' * 15_000  # would take seconds
    start = time.process_time()
    assert normalize_name(f' {accents} ') == accents
    assert len(case_key(accents)) == LONGEST_NAME + 1
    assert time.process_time() - start < 0.1
    decomposed = 'e\u0302\u0301' * 64
    assert normalize_name(decomposed) == 'ế' * 64


def test_accents_are_not_ignored() -> None:
    assert case_key('zoë') != case_key('zoe')


def test_the_longest_key_fits_its_column() -> None:
    assert len(case_key('ΐ' * 64)) <= 192


@pytest.mark.parametrize(
    ('typed', 'stored'),
    [
        ('  hello  ', 'hello'),
        ('one\r\ntwo\rthree\n', 'one\ntwo\nthree'),
        (' \r\n\t ', ''),
        (None, ''),
        ('👩‍👩‍👧', '👩‍👩‍👧'),
    ],
)
def test_bodies(typed: str | None, stored: str) -> None:
    assert clean_body(typed) == stored


def test_what_cannot_be_stored() -> None:
    assert is_storable('a\x01\n😀')
    assert not is_storable('a\0')
    assert not is_storable('\udfff')


def test_control_characters() -> None:
    assert is_plain('a\tb\nc \u202e \u200f')
    assert not is_plain('a\x07')
    assert not is_plain('\x9b')
    assert not is_plain('\0')
