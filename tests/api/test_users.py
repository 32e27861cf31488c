"""People through the API (chapter 23)."""

import re
from typing import Any

import pytest
from flask import Flask, url_for

from app import db
from app.models import User
from tests.api.conftest import PASSWORD, Program, ProgramOf
from tests.conftest import MakeUser
from tests.main.test_people import OLD_NAMES

KEYS = {
    'id',
    'username',
    'last_seen',
    'about_me',
    'post_count',
    'follower_count',
    'followed_count',
    '_links',
}
REGISTRATION = {'username': 'alice', 'email': 'alice@example.com', 'password': PASSWORD}


@pytest.mark.parametrize(
    ('endpoint', 'values', 'path'),
    [
        ('api.get_user', {'id': 1}, '/api/users/1'),
        ('api.get_users', {}, '/api/users'),
        ('api.get_followers', {'id': 1}, '/api/users/1/followers'),
        ('api.get_followed', {'id': 1}, '/api/users/1/followed'),
        ('api.create_user', {}, '/api/users'),
        ('api.update_user', {'id': 1}, '/api/users/1'),
        ('api.get_token', {}, '/api/tokens'),
        ('api.revoke_token', {}, '/api/tokens'),
    ],
)
def test_the_tutorials_endpoints(
    app: Flask, endpoint: str, values: dict[str, Any], path: str
) -> None:
    with app.test_request_context():
        assert url_for(endpoint, **values) == path


def test_an_entry(program: Program, john: User) -> None:
    john.about_me = 'Hello'
    db.session.commit()
    response = program.get(f'/users/{john.id}')
    assert response.status_code == 200
    entry = response.get_json()
    assert set(entry) == KEYS
    assert (entry['id'], entry['username'], entry['about_me']) == (john.id, 'john', 'Hello')
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z', entry['last_seen'])
    assert [entry[f'{name}_count'] for name in ('post', 'follower', 'followed')] == [0, 0, 0]
    path = f'/api/users/{john.id}'
    assert entry['_links'] == {
        'self': path,
        'followers': f'{path}/followers',
        'followed': f'{path}/followed',
        'posts': f'{path}/posts',
        'avatar': john.avatar(128),
    }


def test_what_was_never_set_is_null(program: Program, make_user: MakeUser) -> None:
    nobody = make_user('nobody', last_seen=None)
    # (A new account gets a time; one of the tutorial's may have none.)
    nobody.last_seen = None
    db.session.commit()
    entry = program.get(f'/users/{nobody.id}').get_json()
    assert entry['about_me'] is None
    assert entry['last_seen'] is None


def test_the_address_is_ones_own_affair(program: Program, susan: User, john: User) -> None:
    assert program.get(f'/users/{susan.id}').get_json()['email'] == 'susan@example.com'
    assert program.get('/users/me').get_json()['email'] == 'susan@example.com'
    assert program.put(f'/users/{susan.id}', {}).get_json()['email'] == 'susan@example.com'
    assert 'email' not in program.get(f'/users/{john.id}').get_json()
    john.follow(susan)
    susan.follow(john)
    db.session.commit()
    for path in ('/users', f'/users/{john.id}/followers', f'/users/{john.id}/followed'):
        text = program.get(path).text
        assert 'susan' in text
        assert '"email"' not in text
        assert '@example.com' not in text


def test_whether_search_engines_are_asked(program: Program, susan: User, john: User) -> None:
    path = f'/users/{susan.id}'
    assert program.get(path).get_json()['noindex'] is False
    assert program.put(path, {'noindex': True}).get_json()['noindex'] is True
    assert susan.noindex
    assert program.put(path, {'about_me': 'Hi'}).get_json()['noindex'] is True
    for wrong in ['true', 1, None, []]:
        assert program.put(path, {'noindex': wrong}).status_code == 400
    assert 'noindex' not in program.get(f'/users/{john.id}').get_json()


@pytest.mark.parametrize(
    'id_', ['2000000000', '0', str(2**31), str(2**63), str(2**64), '9' * 5000, '-1', 'x']
)
@pytest.mark.parametrize('path', ['', '/followers', '/followed', '/posts'])
def test_nobody_there(program: Program, id_: str, path: str) -> None:
    response = program.get(f'/users/{id_}{path}')
    assert response.status_code == 404
    assert response.get_json() == {'error': 'Not Found'}


def test_registering(stranger: Program) -> None:
    response = stranger.post(
        '/users', {**REGISTRATION, 'about_me': 'Hi', 'id': 2_000_000_000, 'token': 'x'}
    )
    assert response.status_code == 201
    entry = response.get_json()
    assert response.headers['Location'] == entry['_links']['self'] == f'/api/users/{entry["id"]}'
    assert (entry['username'], entry['about_me']) == ('alice', 'Hi')
    assert entry['id'] != 2_000_000_000
    assert set(entry) == KEYS | {'email', 'noindex'}
    alice = User.find('alice')
    assert alice is not None
    assert alice.check_password(PASSWORD)
    assert alice.token is None


@pytest.mark.parametrize('missing', ['username', 'email', 'password'])
def test_registering_needs_three_fields(stranger: Program, missing: str) -> None:
    data = {key: value for key, value in REGISTRATION.items() if key != missing}
    response = stranger.post('/users', data)
    assert response.status_code == 400
    assert response.get_json() == {
        'error': 'Bad Request',
        'message': 'must include username, email and password fields',
        'errors': {missing: ['Missing data for required field.']},
    }


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [
        ('username', 'John', 'please use a different username'),
        ('username', 'ｊｏｈｎ', 'please use a different username'),
        ('email', 'JOHN@example.com', 'please use a different email address'),
    ],
)
def test_what_is_taken(stranger: Program, john: User, field: str, value: str, message: str) -> None:
    response = stranger.post('/users', {**REGISTRATION, field: value})
    assert response.status_code == 400
    assert response.get_json() == {
        'error': 'Bad Request',
        'message': message,
        'errors': {field: [message]},
    }


def test_the_name_is_looked_at_before_the_address(stranger: Program, john: User) -> None:
    data = {'username': 'john', 'email': 'john@example.com'}
    message = stranger.post('/users', data).get_json()['message']
    assert message == 'must include username, email and password fields'
    message = stranger.post('/users', {**data, 'password': PASSWORD}).get_json()['message']
    assert message == 'please use a different username'


WRONG = [
    ('username', ''),
    ('username', ' '),
    ('username', '...'),
    ('username', 'x' * 65),
    ('username', 'a b'),
    ('username', 'a\0b'),
    ('username', '\ud800'),
    ('username', 'a\u200bb'),
    ('username', 'sus\u0430n'),
    ('username', 'n\u0315\u0316\u0317'),
    ('username', 7),
    ('username', None),
    ('username', ['alice']),
    ('username', {'a': 'b'}),
    ('email', 'nonsense'),
    ('email', ''),
    ('email', 'a@b'),
    ('email', 'josé@example.com'),
    ('email', 'a\0@example.com'),
    ('email', '\udfff@example.com'),
    ('email', f'{"x" * 60}@{"y" * 60}.example.com'),
    ('email', 1.5),
    ('email', None),
    ('about_me', 'x' * 141),
    ('about_me', '\0'),
    ('about_me', '\ud83d'),
    ('about_me', True),
    ('about_me', []),
]


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        *WRONG,
        ('password', 'iloveyou1'),
        ('password', 'alice-alice'),
        ('password', 'microblog1'),
        ('password', 'short'),
        ('password', None),
        ('password', '\ud800' * 9),
    ],
)
def test_registering_with_what_cannot_be(stranger: Program, field: str, value: Any) -> None:
    response = stranger.post('/users', {**REGISTRATION, field: value})
    assert response.status_code == 400
    answer = response.get_json()
    assert answer['error'] == 'Bad Request'
    assert list(answer['errors']) == [field]
    assert answer['message'] == f'{field}: {answer["errors"][field][0]}'
    assert User.find('alice') is None


@pytest.mark.parametrize(('field', 'value'), WRONG)
def test_changing_to_what_cannot_be(program: Program, susan: User, field: str, value: Any) -> None:
    response = program.put(f'/users/{susan.id}', {field: value})
    assert response.status_code == 400
    assert list(response.get_json()['errors']) == [field]


def test_text_is_stored_as_the_forms_do(stranger: Program) -> None:
    data = {**REGISTRATION, 'username': ' ａｌｉｃｅ ', 'email': ' alice@example.com '}
    entry = stranger.post('/users', {**data, 'about_me': '\r\nHello\r\nworld '}).get_json()
    assert entry['username'] == 'alice'
    assert entry['email'] == 'alice@example.com'
    assert entry['about_me'] == 'Hello\nworld'


def test_a_length_is_one_of_code_points(program: Program, susan: User) -> None:
    about_me = '👩‍🚀' * 46  # three code points each
    path = f'/users/{susan.id}'
    assert program.put(path, {'about_me': about_me}).get_json()['about_me'] == about_me
    assert program.put(path, {'about_me': about_me + 'x' * 3}).status_code == 400


def test_changing_oneself(program: Program, susan: User) -> None:
    path = f'/users/{susan.id}'
    response = program.put(path, {'about_me': 'New', 'username': 'suzanne', 'id': 9, 'x': []})
    assert response.status_code == 200
    assert response.get_json() == program.get(path).get_json()
    assert (susan.username, susan.about_me, susan.id) == ('suzanne', 'New', int(path[7:]))
    assert program.put(path, {'about_me': None}).get_json()['about_me'] is None


def test_nothing_to_change(program: Program, susan: User) -> None:
    path = f'/users/{susan.id}'
    before = program.get(path).get_json()
    for response in (program.put(path, {}), program.put(path)):
        assert response.status_code == 200
        assert response.get_json() == before


@pytest.mark.parametrize('name', OLD_NAMES)
def test_the_own_name_and_address_may_stay(
    program_of: ProgramOf, make_user: MakeUser, john: User, name: str
) -> None:
    person = make_user(name, email=' old@localhost ')
    program = program_of(person)
    data = {'username': person.username, 'email': person.email, 'about_me': 'hello'}
    assert program.put(f'/users/{person.id}', data).status_code == 200
    assert (person.username, person.email, person.about_me) == (*data.values(),)


def test_doubles_that_an_upgrade_told_apart(
    program_of: ProgramOf, make_user: MakeUser, john: User
) -> None:
    make_user('susan', email='other@example.com')
    double = make_user('double', email='double@example.com')
    double.username, double.email = 'Susan', 'JOHN@example.com'
    double.username_key, double.email_key = 'susan#2', 'john@example.com#2'
    db.session.commit()
    program = program_of(double)
    path = f'/users/{double.id}'
    data = {'username': 'Susan', 'email': 'JOHN@example.com', 'about_me': 'hello'}
    assert program.put(path, data).status_code == 200
    assert (double.username_key, double.email_key) == ('susan#2', 'john@example.com#2')
    response = program.put(path, {'username': 'SUSAN'})
    assert response.status_code == 400
    assert response.get_json()['message'] == 'please use a different username'


def test_ones_own_in_another_spelling(program: Program, susan: User) -> None:
    response = program.put(f'/users/{susan.id}', {'username': 'SUSAN'})
    assert response.status_code == 200
    assert susan.username == 'SUSAN'


def test_changing_to_what_is_taken(program: Program, susan: User, john: User) -> None:
    path = f'/users/{susan.id}'
    answer = program.put(path, {'username': 'JOHN', 'email': 'new@example.com'}).get_json()
    assert answer['message'] == 'please use a different username'
    answer = program.put(path, {'email': 'john@example.com'}).get_json()
    assert answer['message'] == 'please use a different email address'
    assert susan.email == 'susan@example.com'


def test_a_password_is_not_changed_this_way(program: Program, susan: User) -> None:
    program.put(f'/users/{susan.id}', {'password': 'another one'})
    assert susan.check_password(PASSWORD)


def test_changing_somebody_else(program: Program, john: User) -> None:
    for path in (f'/users/{john.id}', '/users/4711', f'/users/{2**70}'):
        for data in ({'about_me': 'x'}, {'about_me': 7}, [1]):
            response = program.put(path, data)
            assert response.status_code == 403
            assert response.get_json() == {'error': 'Forbidden'}
    assert john.about_me is None


def test_a_race_for_a_name(
    program: Program, susan: User, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody registers it between the check and the writing."""
    from app.api import users

    original = users.refuse_taken

    def check_late(*args: Any) -> None:
        monkeypatch.setattr(users, 'refuse_taken', original)
        make_user('wanted')

    monkeypatch.setattr(users, 'refuse_taken', check_late)
    response = program.put(f'/users/{susan.id}', {'username': 'wanted'})
    assert response.status_code == 400
    assert response.get_json()['message'] == 'please use a different username'

    def check_late_again(*args: Any) -> None:
        monkeypatch.setattr(users, 'refuse_taken', original)
        make_user('alice')

    monkeypatch.setattr(users, 'refuse_taken', check_late_again)
    response = program.post('/users', REGISTRATION)
    assert response.status_code == 400
    assert response.get_json()['message'] == 'please use a different username'
