"""The pages for what goes wrong (chapter 7)."""

from collections.abc import Callable
from io import BytesIO

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from psycopg import OperationalError as NoServer
from sqlalchemy import delete, select, text
from sqlalchemy.exc import OperationalError
from werkzeug.http import HTTP_STATUS_CODES

from app import db
from app.models import User
from tests.conftest import MakeUser, session_of
from tests.pages import flashes, heading, link, title


@pytest.fixture
def broken(make_app: Callable[..., Flask]) -> Flask:
    """An application as in production, with views that fail."""
    app = make_app(PROPAGATE_EXCEPTIONS=False, TRUSTED_HOSTS=['localhost'], WTF_CSRF_ENABLED=True)

    @app.route('/fail')
    def fail() -> str:
        raise RuntimeError('secret detail')

    @app.route('/fail-half-way')
    def fail_half_way() -> str:
        db.session.add(User(username='half', email='half@example.com'))
        db.session.flush()
        raise RuntimeError('secret detail')

    @app.route('/fail-in-the-database')
    def fail_in_the_database() -> str:
        db.session.add(User(username='half', email='half@example.com'))
        db.session.add(User(username='half', email='half@example.com'))
        db.session.flush()
        return ''

    @app.route('/ask-for-nonsense')
    @app.route('/api/ask-for-nonsense')
    def ask_for_nonsense() -> str:
        db.session.execute(text('SELECT secret FROM nowhere'))
        return ''

    @app.route('/delete-meanwhile')
    def delete_meanwhile() -> str:
        user = User(username='short-lived', email='short@example.com')
        db.session.add(user)
        db.session.flush()
        db.session.execute(delete(User).execution_options(synchronize_session=False))
        user.about_me = 'about'
        db.session.flush()
        return ''

    @app.route('/refuse')
    @app.route('/refuse/<int:status>')
    @app.route('/api/refuse/<int:status>')
    def refuse(status: int = 400) -> str:
        abort(status, 'secret detail')

    return app


@pytest.mark.parametrize(
    ('method', 'path', 'status', 'text'),
    [
        ('GET', '/nothing', 404, 'File Not Found'),
        ('GET', '/user/', 404, 'File Not Found'),
        ('GET', '/static/nothing.css', 404, 'File Not Found'),
        ('POST', '/explore', 405, 'Method Not Allowed'),
        ('GET', '/follow/susan', 405, 'Method Not Allowed'),
        ('DELETE', '/index', 405, 'Method Not Allowed'),
        ('GET', '/delete-meanwhile', 409, 'Somebody Was Quicker'),
        ('GET', '/refuse', 400, 'Bad Request'),
        ('GET', '/refuse/401', 401, 'Not Logged In'),
        ('GET', '/refuse/403', 403, 'Forbidden'),
        ('GET', '/refuse/503', 503, 'The Site Is Taking a Break'),
        ('GET', '/refuse/410', 410, 'No Longer There'),
        ('GET', '/refuse/415', 415, 'Unknown Kind of Data'),
        ('GET', '/refuse/418', 418, 'Bad Request'),
        ('GET', '/refuse/502', 502, 'An unexpected error has occurred'),
        ('GET', '/fail', 500, 'An unexpected error has occurred'),
        ('GET', '/fail-half-way', 500, 'An unexpected error has occurred'),
        ('GET', '/fail-in-the-database', 409, 'Somebody Was Quicker'),
        ('GET', '/ask-for-nonsense', 500, 'An unexpected error has occurred'),
    ],
)
def test_a_page_of_our_own(broken: Flask, method: str, path: str, status: int, text: str) -> None:
    response = broken.test_client().open(path, method=method)
    assert response.status_code == status
    assert response.content_type == 'text/html; charset=utf-8'
    assert heading(response) == text
    assert title(response) == f'{text} - Microblog'
    assert link(response, 'Back') == '/index'
    assert link(response, 'Explore') == '/explore'
    assert 'secret detail' not in response.text
    assert 'Content-Security-Policy' in response.headers


def test_the_apology(broken: Flask) -> None:
    text = broken.test_client().get('/fail').text
    assert 'The administrator has been notified. Sorry for the inconvenience!' in text


def test_a_mistake_in_the_database_is_told_with_its_trace(
    broken: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ('/ask-for-nonsense', '/api/ask-for-nonsense'):
        broken.test_client().get(path)
        [record] = caplog.records
        assert record.levelname == 'ERROR'
        assert record.exc_info is not None
        assert 'in ask_for_nonsense' in caplog.text
        caplog.clear()


def test_a_wrong_method_is_told_the_right_ones(client: FlaskClient) -> None:
    assert 'POST' in client.get('/follow/susan').headers['Allow']


def test_what_a_failed_request_began_is_undone(broken: Flask) -> None:
    broken.test_client().get('/fail-half-way')
    with broken.app_context():
        assert db.session.scalars(select(User)).all() == []


def test_who_is_logged_in_stays_so_on_an_error_page(
    log_in: Callable[[User], FlaskClient], make_user: MakeUser
) -> None:
    response = log_in(make_user('susan')).get('/nothing')
    assert response.status_code == 404
    assert link(response, 'Profile') == '/user/susan'


def test_error_pages_need_no_database(broken: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = broken.test_client()
    client.set_cookie('language', 'de')
    with client.session_transaction() as session:
        session['_user_id'] = '1'

    def away(*_: object, **__: object) -> None:
        raise OperationalError('SELECT', {}, NoServer('no such server'))

    monkeypatch.setattr(db.session, 'execute', away)
    for path, status in (('/nothing', 404), ('/fail', 503)):
        response = client.get(path)
        assert response.status_code == status, path
        assert link(response, 'Anmelden') == '/auth/login'


# How each of these goes wrong, the status, and the heading in German.
IN_GERMAN = [
    (('GET', '/nothing'), 404, 'Seite nicht gefunden'),
    (('GET', '/static/nothing.css'), 404, 'Seite nicht gefunden'),
    (('POST', '/explore'), 405, 'Methode nicht erlaubt'),
    (('POST', '/auth/login'), 400, 'Ungültige Anfrage'),
    (('GET', '/auth/login?untrusted'), 400, 'Ungültige Anfrage'),
    (('POST', '/auth/login?large'), 413, 'Zu viel auf einmal'),
    (('GET', '/refuse/401'), 401, 'Nicht angemeldet'),
    (('GET', '/refuse/409'), 409, 'Jemand war schneller'),
    (('GET', '/refuse/410'), 410, 'Nicht mehr da'),
    (('GET', '/refuse/415'), 415, 'Unbekannte Art von Daten'),
    (('GET', '/refuse/429'), 429, 'Zu viele Anfragen'),
]
IN_GERMAN_BY_COOKIE = [
    *IN_GERMAN,
    (('GET', '/fail'), 500, 'Ein unerwarteter Fehler ist aufgetreten'),
    (('GET', '/refuse/503'), 503, 'Die Website macht kurz Pause'),
]


def in_german(client: FlaskClient, method: str, path: str, status: int, text: str) -> None:
    host = 'evil.example' if 'untrusted' in path else 'localhost'
    data = {'username': 'x' * 65_536 if 'large' in path else 'x'}
    response = client.open(
        path, method=method, headers={'Host': host}, data=data if method == 'POST' else None
    )
    assert response.status_code == status
    assert heading(response) == text
    assert '<html lang="de" dir="ltr">' in response.text


@pytest.mark.parametrize(('how', 'status', 'text'), IN_GERMAN_BY_COOKIE)
def test_it_speaks_the_language_of_the_cookie(
    broken: Flask, how: tuple[str, str], status: int, text: str
) -> None:
    client = broken.test_client()
    client.set_cookie('language', 'de')
    client.set_cookie('language', 'de', domain='evil.example')
    in_german(client, *how, status, text)


@pytest.mark.parametrize(('how', 'status', 'text'), IN_GERMAN)
def test_it_speaks_the_language_of_the_account(
    broken: Flask, make_user: MakeUser, how: tuple[str, str], status: int, text: str
) -> None:
    client = broken.test_client()
    with client.session_transaction() as session:
        session['_user_id'] = session_of(make_user('susan', language='de'))
    cookie = client.get_cookie('session')
    assert cookie is not None
    client.set_cookie('session', cookie.value, domain='evil.example')
    client.set_cookie('language', 'es')
    client.set_cookie('language', 'es', domain='evil.example')
    in_german(client, *how, status, text)


def test_a_page_without_a_known_host_says_in_which_language_it_is(broken: Flask) -> None:
    response = broken.test_client().get(
        '/', headers={'Host': 'evil.example', 'Accept-Language': 'ar'}
    )
    assert response.status_code == 400
    assert '<html lang="ar" dir="rtl">' in response.text


def test_csrf(make_app: Callable[..., Flask]) -> None:
    client = make_app(WTF_CSRF_ENABLED=True).test_client()
    for token in ({}, {'csrf_token': ''}, {'csrf_token': 'x' * 1000}, {'csrf_token': 'ImE.b.c'}):
        response = client.post('/auth/login', data={'username': 'a', 'password': 'b', **token})
        assert response.status_code == 400
        assert heading(response) == 'Bad Request'
    assert flashes(client.get('/auth/login')) == []


def test_more_than_64_kib(make_app: Callable[..., Flask]) -> None:
    client = make_app(WTF_CSRF_ENABLED=True).test_client()
    for typed in ({'username': 'x' * 65_536}, {'username': (BytesIO(b'x' * 65_536), 'file')}):
        response = client.post('/auth/login', data=typed)
        assert response.status_code == 413
        assert heading(response) == 'Too Much At Once'
        assert link(response, 'Back') == '/index'
    assert client.post('/auth/login', data={'username': 'x' * 60_000}).status_code == 400


@pytest.mark.parametrize(
    ('path', 'accept', 'json'),
    [
        ('/refuse/404', 'application/json', True),
        ('/refuse/404', 'application/json, text/html;q=0.9', True),
        ('/refuse/404', 'text/html, application/json;q=0.9', False),
        ('/refuse/404', '*/*', False),
        ('/refuse/404', 'image/png', False),
        ('/refuse/404', ';;q=,garbage', False),
        ('/refuse/404', None, False),
        ('/api/refuse/404', None, True),
        ('/api/refuse/404', 'text/html', True),
        ('/api/nothing', 'text/html', True),
    ],
)
def test_programs_get_json(broken: Flask, path: str, accept: str | None, json: bool) -> None:
    headers = {'Accept': accept} if accept else {}
    response = broken.test_client().get(path, headers=headers)
    assert response.status_code == 404
    if json:
        assert response.json == {'error': 'Not Found'}
    else:
        assert heading(response) == 'File Not Found'


def test_json_for_each_error(broken: Flask) -> None:
    client = broken.test_client()
    for status in (400, 401, 403, 404, 405, 409, 410, 413, 415, 429, 500, 503):
        response = client.get(f'/api/refuse/{status}')
        assert (response.status_code, response.json) == (
            status,
            {'error': HTTP_STATUS_CODES[status]},
        )
    assert client.get('/fail', headers={'Accept': 'application/json'}).json == {
        'error': 'Internal Server Error'
    }
