"""How often things may be done."""

import io
import re
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.models import User
from app.web import limits
from app.web.limit_file import LimitFile
from tests.auth.conftest import mailbox, wait_for_threads
from tests.conftest import MakeUser, session_of
from tests.mailbox import Mailbox
from tests.pages import errors, heading
from tests.pictures import a_file

__all__ = ['mailbox']


@pytest.fixture
def limited(make_app: Callable[..., Flask]) -> Flask:
    return make_app(RATELIMIT_ENABLED=True)


def test_uploads_count_wherever_they_are_made(
    limited: Flask, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, 'UPLOADS', '2 per hour')
    make_user('susan', 'a good one')
    client = limited.test_client()
    send(client, '/auth/login', username='susan', password='a good one')
    token = client.post('/api/tokens', auth=('susan', 'a good one')).json
    assert token is not None
    headers = {'Authorization': f'Bearer {token["token"]}'}

    def upload(data: bytes) -> TestResponse:
        return client.post('/api/media', data=data, content_type='image/png', headers=headers)

    def choose() -> TestResponse:
        picture = io.BytesIO(a_file()), 'me.jpg'
        fields = {'username': 'susan', 'about_me': '', 'picture': picture}
        return client.post('/edit_profile', data=fields)

    assert upload(a_file()).status_code == 201
    assert choose().status_code == 302
    response = upload(a_file())
    assert response.status_code == 429
    assert 3500 < int(response.headers['Retry-After']) <= 3600
    response = choose()
    assert response.status_code == 429
    assert errors(response, 'picture')[0].startswith('You have uploaded too many pictures lately.')
    fields = {'username': 'susan', 'about_me': 'words go on'}
    assert client.post('/edit_profile', data=fields).status_code == 302


def send(client: FlaskClient, path: str, address: str = '127.0.0.1', **fields: str) -> int:
    environment = {'REMOTE_ADDR': address}
    return client.post(path, data=fields, environ_overrides=environment).status_code


def test_login_forms_of_one_address(limited: Flask, make_user: MakeUser) -> None:
    """Whatever is in them: tests/web/test_guesses.py has more of those with a wrong password."""
    make_user('susan', 'a good one')
    client, owners = limited.test_client(), limited.test_client()
    assert send(owners, '/auth/login', username='susan', password='a good one') == 302
    owners.get('/auth/logout')
    for _ in range(59):
        assert send(client, '/auth/login', username='susan') == 200
    response = client.post('/auth/login', data={'username': 'susan', 'password': 'a good one'})
    assert response.status_code == 429
    assert heading(response) == 'Too Many Requests'
    assert 0 < int(response.headers['Retry-After']) <= 60
    assert client.get('/auth/login').status_code == 200
    assert send(client, '/auth/login', '127.0.0.2', username='susan', password='x') == 302
    assert send(owners, '/auth/login', username='susan', password='a good one') == 302


def test_registering(limited: Flask) -> None:
    client = limited.test_client()
    form = {'password': 'a good one', 'password2': 'a good one'}
    for number in range(10):
        person = {'username': f'u{number}', 'email': f'u{number}@example.com'}
        mistake = {**form, 'password2': 'another one'}  # is hardly counted
        assert send(client, '/auth/register', **person, **mistake) == 200
        assert send(client, '/auth/register', **person, **form) == 302
    person = {'username': 'one_more', 'email': 'one_more@example.com'}
    assert send(client, '/auth/register', **person, **form) == 429


def test_registering_in_vain(limited: Flask) -> None:
    client = limited.test_client()
    for _ in range(30):
        assert send(client, '/auth/register', username='susan') == 200
    assert send(client, '/auth/register', username='susan') == 429


def test_reset_mails(limited: Flask) -> None:
    client = limited.test_client()
    path = '/auth/reset_password_request'
    for _ in range(5):
        assert send(client, path, '10.0.0.1', email='susan@example.com') == 302
    assert send(client, path, '10.0.0.1', email=' SUSAN@example.com') == 429
    assert send(client, path, '10.0.0.2', email='susan@example.com') == 302
    for number in range(15):
        assert send(client, path, '10.0.0.1', email=f'u{number}@example.com') == 302
    assert send(client, path, '10.0.0.1', email='other@example.com') == 429
    wait_for_threads()


def test_who_asks_for_links_of_somebody_else_leaves_one_for_the_owner(
    make_app: Callable[..., Flask], make_user: MakeUser, mailbox: Mailbox
) -> None:
    make_user('susan', 'a good one')
    app = make_app(
        RATELIMIT_ENABLED=True,
        MAIL_SERVER='127.0.0.1',
        MAIL_PORT=mailbox.port,
        MAIL_SUPPRESS_SEND=False,
    )
    stranger, owners = app.test_client(), app.test_client()
    assert send(owners, '/auth/login', username='susan', password='a good one') == 302
    owners.get('/auth/logout')
    path = '/auth/reset_password_request'
    for number in range(25):
        email = 'susan@example.com' if number < 5 else f'u{number}@example.com'
        assert (send(stranger, path, email=email) == 429) == (number >= 20)
    wait_for_threads()
    assert len(mailbox.mails) == 2
    # From the very address of the stranger: the browser is known.
    assert send(owners, path, email='susan@example.com') == 302
    wait_for_threads()
    assert [mail['To'] for mail in mailbox.mails] == ['susan@example.com'] * 3


def test_nobody_floods_the_site(limited: Flask, make_user: MakeUser) -> None:
    susan, john = make_user('susan'), make_user('john')

    def client_of(user: User) -> FlaskClient:
        client = limited.test_client()
        with client.session_transaction() as session:
            session['_user_id'] = session_of(user)
        return client

    client = client_of(susan)
    for number in range(30):
        assert send(client, '/index', post=str(number)) == 302
    assert send(client, '/index', post='one more') == 429
    assert client.get('/index').status_code == 200
    assert send(client_of(john), '/index', post='hello') == 302


def test_limits_can_be_turned_off(make_app: Callable[..., Flask]) -> None:
    client = make_app(RATELIMIT_ENABLED=False).test_client()
    for _ in range(12):
        assert send(client, '/auth/login', username='susan', password='x') == 302


def test_the_processes_of_a_machine_count_together(make_app: Callable[..., Flask]) -> None:
    one, other = (make_app(RATELIMIT_ENABLED=True).test_client() for _ in range(2))
    for client in [one, other] * 15:
        assert send(client, '/auth/register', username='susan') == 200
    assert send(one, '/auth/register', username='susan') == 429
    assert send(other, '/auth/register', username='susan') == 429


def test_what_several_count_at_once_is_all_counted(tmp_path: Path) -> None:
    path = str(tmp_path / 'folder' / 'limits.db')
    files = [LimitFile(path=path) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        counts = pool.map(lambda number: files[number % 4].incr('key', 60), range(400))
        assert sorted(counts) == list(range(1, 401))


def test_a_count_ends_with_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, 'time', lambda: now)
    file = LimitFile(path=str(tmp_path / 'limits.db'))
    assert [file.incr('key', 60), file.incr('key', 60, 2)] == [1, 3]
    now += 59
    assert (file.incr('key', 60, -1), file.get('key'), file.get_expiry('key')) == (2, 2, 1060)
    now += 1
    assert (file.get('key'), file.get_expiry('key')) == (0, now)
    assert file.incr('key', 60) == 1
    assert file.get_expiry('key') == now + 60


def test_a_moving_window_counts_in_any_span_of_its_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, 'time', lambda: now)
    files = [LimitFile(path=str(tmp_path / 'limits.db')) for _ in range(2)]
    for second, is_taken in ((0, True), (40, True), (59, False), (60, True), (99, False)):
        now = 1000.0 + second
        assert files[second % 2].acquire_entry('key', 2, 60) == is_taken
    assert files[0].get_moving_window('key', 2, 60) == (1040, 2)
    assert files[0].get_moving_window('other', 2, 60) == (now, 0)
    assert not files[0].acquire_entry('other', 2, 60, 3)
    assert files[0].acquire_entry('other', 2, 60, 2)
    assert not files[0].acquire_entry('other', 2, 60)


def test_what_wants_a_moving_window_at_once_gets_no_more_than_there_is(tmp_path: Path) -> None:
    files = [LimitFile(path=str(tmp_path / 'limits.db')) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        taken = pool.map(lambda number: files[number % 4].acquire_entry('key', 7, 60), range(100))
        assert sum(taken) == 7


def test_a_file_that_cannot_be_read_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / 'limits.db'
    path.write_text('x' * 10_000)
    file = LimitFile(path=str(path))
    with pytest.raises(sqlite3.DatabaseError):
        file.incr('key', 60)
    assert file.check()
    assert file.incr('key', 60) == 1


def test_while_redis_is_away_the_process_counts_by_itself(make_app: Callable[..., Flask]) -> None:
    nowhere = 'redis://127.0.0.1:1/0'
    client = make_app(RATELIMIT_ENABLED=True, RATELIMIT_STORAGE_URI=nowhere).test_client()
    for _ in range(10):
        assert send(client, '/auth/login', username='susan', password='x') == 302
    assert send(client, '/auth/login', username='susan', password='x') == 429


def test_every_view_that_changes_something_has_a_limit(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that are yet to be written: who asks for one twice is refused when once is all."""
    once = {
        endpoint: [('1 per hour', counted_for) for _, counted_for in bounds]
        for endpoint, bounds in limits.LIMITS.items()
    }
    monkeypatch.setattr(limits, 'LIMITS', once)
    app = make_app(RATELIMIT_ENABLED=True)
    changing = {
        rule.endpoint: (rule, methods)
        for rule in app.url_map.iter_rules()
        if (methods := (rule.methods or set()) & {'POST', 'PUT', 'PATCH', 'DELETE'})
    }
    assert len(changing) > 25
    for rule, methods in changing.values():
        path = re.sub('<[^>]*>', '1', re.sub('<any.*>', 'like', rule.rule))
        client, method = app.test_client(), methods.pop()
        statuses = [client.open(path, method=method).status_code for _ in range(2)]
        assert (statuses[0] == 429, statuses[1] == 429) == (False, True), rule


def test_no_start_with_a_changing_view_that_has_no_limit(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    for endpoint in ('main.dismiss_task', 'api.delete_post'):
        monkeypatch.delitem(limits.LIMITS, endpoint)
    with pytest.raises(RuntimeError, match=r': api\.delete_post, main\.dismiss_task$'):
        make_app()


def test_a_folder_that_cannot_be_written_leaves_each_process_its_memory(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    (tmp_path / 'file').touch()
    client = make_app(RATELIMIT_ENABLED=True, INSTANCE_PATH=str(tmp_path / 'file')).test_client()
    for _ in range(30):
        assert send(client, '/auth/register', username='susan') == 200
    assert send(client, '/auth/register', username='susan') == 429


@pytest.mark.parametrize(
    ('first', 'second', 'is_one'),
    [
        ('2001:db8:1:2::1', '2001:db8:1:2:ffff::', True),
        ('2001:db8:1:2::1', '2001:db8:1:3::1', False),
        ('::ffff:10.0.0.1', '10.0.0.1', True),
        ('::ffff:10.0.0.1', '::ffff:10.0.0.2', False),
        ('fe80::1%eth0', 'fe80::2%eth0', True),
        ('10.0.0.1', '10.0.0.2', False),
    ],
)
def test_the_half_of_an_ipv6_address_that_a_customer_gets_is_one_address(
    limited: Flask, first: str, second: str, is_one: bool
) -> None:
    client = limited.test_client()
    for number in range(30):
        assert send(client, '/auth/register', first, username=f'u{number}') == 200
    assert send(client, '/auth/register', second, username='susan') == (429 if is_one else 200)


def test_an_hour_is_any_hour(limited: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one that begins with the first: then it would be five within two minutes."""
    start = time.time()

    def allowed(minute: int) -> bool:
        monkeypatch.setattr(time, 'time', lambda: start + 60 * minute)
        return limits.allows('3 per hour', 'anything')

    with limited.app_context():
        assert [allowed(minute) for minute in (0, 59, 59, 59)] == [True, True, True, False]
        assert [allowed(minute) for minute in (61, 61)] == [True, False]


def test_storage_that_goes_away_in_between_allows_nothing(
    make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = 'redis://127.0.0.1:1/0'
    app = make_app(RATELIMIT_ENABLED=True, RATELIMIT_STORAGE_URI=nowhere)
    with app.app_context():
        assert not limits.allows('3 per hour', 'anything')
        assert 'was not counted' in caplog.text
        app.test_client().get('/api/users')
        assert limits.allows('3 per hour', 'anything')
