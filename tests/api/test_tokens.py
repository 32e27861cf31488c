"""Tokens (chapter 23)."""

from base64 import b64encode
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from app import db
from app.database import utcnow
from app.models import ApiToken, User
from tests.api.conftest import PASSWORD, Program, ProgramOf
from tests.codes import code_of, give_codes

CHALLENGE = 'realm="Authentication Required"'


def basic(username: str, password: str, encoding: str = 'utf-8') -> dict[str, str]:
    credentials = b64encode(f'{username}:{password}'.encode(encoding)).decode()
    return {'Authorization': f'Basic {credentials}'}


def get_token(client: FlaskClient, username: str = 'susan', password: str = PASSWORD) -> str:
    response = client.post('/api/tokens', headers=basic(username, password))
    assert response.status_code == 200
    [(key, token)] = response.get_json().items()
    assert key == 'token'
    assert isinstance(token, str)
    return token


def is_good(client: FlaskClient, token: str) -> bool:
    return Program(client, token).get('/users/me').status_code == 200


def refused(response: TestResponse, scheme: str) -> bool:
    return (
        response.status_code == 401
        and response.get_json() == {'error': 'Unauthorized'}
        and response.headers['WWW-Authenticate'] == f'{scheme} {CHALLENGE}'
    )


def test_each_call_gives_a_token_of_its_own(client: FlaskClient, susan: User) -> None:
    first, second = get_token(client), get_token(client)
    assert first != second
    assert len(first) == len(second) == 32
    assert is_good(client, first)
    assert is_good(client, second)


def test_the_name_ignores_case(client: FlaskClient, susan: User) -> None:
    assert is_good(client, get_token(client, 'SUSAN'))


def test_delete_ends_the_token_it_was_sent_with(client: FlaskClient, susan: User) -> None:
    first, second = get_token(client), get_token(client)
    response = Program(client, first).delete('/tokens')
    assert (response.status_code, response.data) == (204, b'')
    assert not is_good(client, first)
    assert is_good(client, second)
    assert refused(Program(client, first).delete('/tokens'), 'Bearer')
    assert is_good(client, get_token(client))


def test_a_token_is_good_for_an_hour(client: FlaskClient, susan: User) -> None:
    token = get_token(client)
    found = db.session.scalars(select(ApiToken)).one()
    assert found.expiration is not None
    assert timedelta(minutes=59) < found.expiration - utcnow() <= timedelta(hours=1)
    found.expiration = utcnow()
    db.session.commit()
    assert not is_good(client, token)
    get_token(client)
    assert len(db.session.scalars(select(ApiToken)).all()) == 1  # the dead one is gone


def test_what_is_stored_does_not_give_the_token_away(client: FlaskClient, susan: User) -> None:
    token = get_token(client)
    [row] = db.session.execute(text('SELECT * FROM api_token')).mappings()
    assert token not in map(str, row.values())
    assert not is_good(client, row['token_hash'])
    assert susan.token is None


def test_a_token_of_the_tutorial_is_not_good_any_more(client: FlaskClient, susan: User) -> None:
    susan.token, susan.token_expiration = 'a' * 32, utcnow() + timedelta(hours=1)
    db.session.commit()
    assert not is_good(client, 'a' * 32)


@pytest.mark.parametrize('way', ['page', 'reset', 'api'])
def test_a_new_password_ends_all_tokens(app: Flask, susan: User, way: str) -> None:
    client = app.test_client()
    tokens = [get_token(client), get_token(client)]
    new = {'password': 'another one', 'password2': 'another one'}
    if way == 'page':
        client.post('/auth/login', data={'username': 'susan', 'password': PASSWORD})
        client.post('/auth/change_password', data={'current_password': PASSWORD, **new})
    elif way == 'reset':
        client.post(f'/auth/reset_password/{susan.get_reset_password_token()}', data=new)
    else:
        data = {'current_password': PASSWORD, 'password': 'another one'}
        assert Program(client, tokens[0]).put('/users/me/password', data).status_code == 204
    assert susan.check_password('another one')
    assert not any(is_good(client, token) for token in tokens)
    assert is_good(client, get_token(client, password='another one'))
    assert len(db.session.scalars(select(ApiToken)).all()) == 1


def test_a_token_given_while_the_password_changes_is_no_good(app: Flask, susan: User) -> None:
    """The old password was right when it was looked at, and is not when the token is written."""
    token = susan.get_token()
    susan.set_password('another one')
    db.session.commit()
    assert User.check_token(token) is None


@pytest.mark.parametrize(
    'header',
    [
        None,
        '',
        'Basic',
        'Basic ',
        'Basic x',
        'Basic ====',
        'Basic ' + b64encode(b'susan').decode(),
        'Basic ' + b64encode(b':').decode(),
        'Basic ' + b64encode(b'susan:').decode(),
        'Basic ' + b64encode(b'susan:wrong').decode(),
        'Basic ' + b64encode(b'nobody:wrong').decode(),
        'Basic ' + b64encode(b'sus\0an:wrong').decode(),
        'Basic ' + b64encode(b'\xff\xfe:\xed\xa0\x80').decode(),
        'Basic ' + b64encode(b'x' * 9000 + b':x').decode(),
        'Bearer x',
        'é: \xff',
    ],
)
def test_who_gets_no_token(client: FlaskClient, susan: User, header: str | None) -> None:
    headers = {} if header is None else {'Authorization': header}
    assert refused(client.post('/api/tokens', headers=headers), 'Basic')


@pytest.mark.parametrize(
    'header',
    [
        None,
        '',
        'Bearer',
        'Bearer ',
        'Bearer x',
        'Bearer ' + 'x' * 20_000,
        'Bearer a b c',
        'Bearer \xff\xfe',
        'Bearer %00',
        'Bearer a=b, c=d',
        'Bearer ' + "' OR 1=1 --",
        'Token x',
        'x',
    ],
)
@pytest.mark.parametrize('path', ['/users', '/users/1', '/posts', '/users/me', '/timeline'])
def test_broken_tokens(client: FlaskClient, susan: User, header: str | None, path: str) -> None:
    headers = {} if header is None else {'Authorization': header}
    assert refused(client.get(f'/api{path}', headers=headers), 'Bearer')


@pytest.mark.parametrize(
    ('code', 'message'),
    [
        (None, 'this account has a second factor: send a code in X-OTP'),
        ('', 'this account has a second factor: send a code in X-OTP'),
        ('000000', 'the code in X-OTP is not right, or has been used before'),
        ('\xe9', 'the code in X-OTP is not right, or has been used before'),
    ],
)
def test_a_second_factor_wants_a_code(
    client: FlaskClient, susan: User, code: str | None, message: str
) -> None:
    give_codes(susan)
    headers = {**basic('susan', PASSWORD), **({} if code is None else {'X-OTP': code})}
    response = client.post('/api/tokens', headers=headers)
    assert response.status_code == 401
    assert response.get_json() == {'error': 'Unauthorized', 'message': message}
    assert response.headers['WWW-Authenticate'] == f'Basic {CHALLENGE}'


def test_a_code_comes_along_with_the_password(client: FlaskClient, susan: User) -> None:
    token = get_token(client)
    key, codes = give_codes(susan)
    for code in (code_of(key), codes[0]):
        headers = {**basic('susan', PASSWORD), 'X-OTP': code}
        assert is_good(client, client.post('/api/tokens', headers=headers).get_json()['token'])
    assert is_good(client, token)  # one that was there needs none
    # To nobody who does not know the password it tells anything.
    headers = {**basic('susan', 'wrong'), 'X-OTP': codes[1]}
    assert refused(client.post('/api/tokens', headers=headers), 'Basic')
    assert susan.use_code(codes[1])


def test_a_password_is_for_tokens_and_a_token_for_the_rest(
    client: FlaskClient, program: Program
) -> None:
    assert refused(client.get('/api/users', headers=basic('susan', PASSWORD)), 'Bearer')
    assert refused(program.post('/tokens'), 'Basic')


def test_passwords_in_other_scripts(
    client: FlaskClient, program_of: ProgramOf, susan: User
) -> None:
    susan.set_password('пароль пароль')
    db.session.commit()
    assert get_token(client, password='пароль пароль')
    susan.set_password('mañana mañana')
    db.session.commit()
    headers = basic('susan', 'mañana mañana', 'latin-1')  # as some programs send it
    assert client.post('/api/tokens', headers=headers).status_code == 200


def test_the_models_methods(app: Flask, susan: User, john: User) -> None:
    token, other = susan.get_token(expires_in=60), john.get_token()
    db.session.commit()
    assert User.check_token(token) is susan
    john.revoke_token(token)  # not his
    assert User.check_token(token) is susan
    susan.revoke_token(token)
    assert User.check_token(token) is None
    assert User.check_token(other) is john
    john.revoke_token()
    assert User.check_token(other) is None
    assert User.check_token('\ud800') is None
