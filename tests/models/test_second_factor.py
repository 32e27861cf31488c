"""Codes by RFC 6238, from another implementation than the one that checks them."""

import time
from base64 import b32encode

import pytest
from flask import Flask
from sqlalchemy import select, text

from app import db
from app.models import RecoveryCode, SecondFactor, User
from app.models.second_factor import make_key, matching_step, seal, unseal
from tests.codes import code_of, give_codes
from tests.conftest import MakeUser

# RFC 6238, appendix B, with SHA-1: seconds since 1970, and the eight digits.
VECTORS = [
    (59, '94287082'),
    (1111111109, '07081804'),
    (1111111111, '14050471'),
    (1234567890, '89005924'),
    (2000000000, '69279037'),
    (20000000000, '65353130'),
]
KEY = b32encode(b'12345678901234567890').decode()


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan')


@pytest.mark.parametrize(('seconds', 'code'), VECTORS)
def test_the_vectors_of_the_standard(
    monkeypatch: pytest.MonkeyPatch, seconds: int, code: str
) -> None:
    assert code_of(KEY, seconds, digits=8) == code  # so the tests' own codes are right
    monkeypatch.setattr(time, 'time', lambda: float(seconds))
    assert matching_step(KEY, code[2:]) == seconds // 30


@pytest.mark.parametrize(
    ('ahead', 'is_right'), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_a_clock_may_be_half_a_minute_off(susan: User, ahead: int, is_right: bool) -> None:
    key, _ = give_codes(susan)
    assert susan.use_code(code_of(key, ahead=ahead)) is is_right


@pytest.mark.parametrize(
    'spelling',
    [
        '{}',
        ' {} ',
        '{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}',
        '{0[0]}{0[1]}{0[2]}-{0[3]}{0[4]}{0[5]}',
    ],
)
def test_how_a_code_may_be_typed(susan: User, spelling: str) -> None:
    key, _ = give_codes(susan)
    assert susan.use_code(spelling.format(code_of(key)))


def test_the_digits_of_any_script(susan: User) -> None:
    key, _ = give_codes(susan)
    assert susan.use_code(code_of(key).translate({ord('0') + n: 0x660 + n for n in range(10)}))


@pytest.mark.parametrize('typed', [None, '', '12345', '1234567', '²²²²²²', 'x' * 9999, '\ud800'])
def test_what_is_no_code(susan: User, typed: str | None) -> None:
    give_codes(susan)
    assert not susan.use_code(typed)


def test_recovery_codes_are_good_once_each(susan: User) -> None:
    _, codes = give_codes(susan)
    assert len({*codes}) == susan.recovery_code_count() == 10
    assert susan.use_code(codes[0])
    assert susan.use_code(codes[1].lower().replace('-', ' '))
    assert not susan.use_code(codes[0])
    assert susan.recovery_code_count() == 8
    new = susan.make_recovery_codes()
    assert susan.recovery_code_count() == 10
    assert not susan.use_code(codes[2])
    assert susan.use_code(new[2])


def test_codes_are_for_one_account(susan: User, make_user: MakeUser) -> None:
    john = make_user('john')
    key, codes = give_codes(susan)
    give_codes(john)
    assert not john.use_code(code_of(key))
    assert not john.use_code(codes[0])
    assert not make_user('mary').use_code(codes[0])


def test_a_copy_of_the_database_makes_no_codes(app: Flask, susan: User) -> None:
    key, codes = give_codes(susan)
    rows = [*db.session.execute(text('SELECT * FROM second_factor'))]
    rows += db.session.execute(text('SELECT * FROM recovery_code'))
    assert len(rows) == 11
    for row in rows:
        for secret in [key, *codes, *(code.replace('-', '') for code in codes)]:
            assert secret not in str(row)
    app.config['SECRET_KEY'] = 'another one, with which nothing was sealed'
    assert not susan.use_code(code_of(key))
    assert susan.use_code(codes[0])


def test_what_is_sealed_is_read_with_the_key_alone(app: Flask) -> None:
    key = make_key()
    assert unseal(seal(key)) == key
    assert seal(key) != seal(key)
    assert unseal('') is None
    assert unseal('é') is None


def test_all_of_it_goes_with_the_account(susan: User) -> None:
    give_codes(susan)
    db.session.delete(susan)
    db.session.commit()
    for model in (SecondFactor, RecoveryCode):
        assert db.session.scalars(select(model)).all() == []
