"""Translating a post (chapter 14), with a stand-in for the service."""

from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import db
from app.languages import translate as translate_module
from app.languages.translate import Failure, translate
from app.models import Post, User
from tests.conftest import MakeUser, session_of
from tests.pages import csrf_token
from tests.servers import PATIENCE, Dripping
from tests.translator import KEY, TOO_MANY, Translator, running_translator

NOT_CONFIGURED = 'Error: the translation service is not configured.'
FAILED = 'Error: the translation service failed.'
FORM = {'text': 'Hello, World!', 'source_language': 'en', 'dest_language': 'es'}


@pytest.fixture(scope='module')
def service() -> Iterator[Translator]:
    with running_translator() as translator:
        yield translator


@pytest.fixture
def translator(service: Translator) -> Translator:
    service.requests.clear()
    service.answer, service.silent, service.endless = None, False, False
    service.done.clear()
    return service


@pytest.fixture
def app(make_app: Callable[..., Flask], translator: Translator) -> Iterator[Flask]:
    app = make_app(MS_TRANSLATOR_KEY=KEY, MS_TRANSLATOR_URL=translator.url)
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def visitor(log_in: Callable[[User], FlaskClient], make_user: MakeUser) -> FlaskClient:
    return log_in(make_user('susan'))


def ask(visitor: FlaskClient, **changes: str) -> TestResponse:
    return visitor.post('/translate', data={**FORM, **changes})


def test_the_request_is_as_documented(visitor: FlaskClient, translator: Translator) -> None:
    response = ask(visitor)
    assert response.status_code == 200
    assert response.json == {'text': '[en>es] Hello, World!'}
    [request] = translator.requests
    assert request['path'] == '/translate'
    assert request['api-version'] == '3.0'
    assert request['body'] == [{'Text': 'Hello, World!'}]
    assert request['headers']['Ocp-Apim-Subscription-Key'] == KEY
    assert request['headers']['Ocp-Apim-Subscription-Region'] == 'westus2'


def test_codes_are_those_of_the_service(visitor: FlaskClient, translator: Translator) -> None:
    for source, destination in [('zh', 'no'), ('pt_BR', 'zh-TW'), ('sr', 'en')]:
        ask(visitor, source_language=source, dest_language=destination)
    pairs = [(request['from'], request['to']) for request in translator.requests]
    assert pairs == [('zh-Hans', 'nb'), ('pt-BR', 'zh-Hant'), ('sr-Cyrl', 'en')]


def test_repeated_requests_are_answered_from_memory(
    visitor: FlaskClient, translator: Translator
) -> None:
    for _ in range(3):
        assert ask(visitor).json == {'text': '[en>es] Hello, World!'}
    assert len(translator.requests) == 1
    assert ask(visitor, dest_language='fr').json == {'text': '[en>fr] Hello, World!'}
    assert len(translator.requests) == 2


@pytest.mark.parametrize(
    ('status', 'body'),
    [
        (401, {'error': {'code': 401000}}),
        (403, b''),
        (429, TOO_MANY),
        (500, b'oops'),
        (503, b''),
        (302, b''),
        (200, b'<html>'),
        (200, b'\xff\xfe'),
        (200, []),
        (200, {}),
        (200, [{'translations': []}]),
        (200, [{'translations': [{'text': None}]}]),
        (200, None),
        (200, b'[' * 60_000),
    ],
)
def test_whatever_it_answers(
    visitor: FlaskClient, translator: Translator, status: int, body: object
) -> None:
    translator.fail(status, body)
    response = ask(visitor)
    assert (response.status_code, response.json) == (200, {'text': FAILED})
    assert response.headers['X-Translation'] == 'failed'
    assert all(request['path'] == '/translate' for request in translator.requests)
    # A failure is not remembered.
    translator.answer = None
    response = ask(visitor)
    assert response.json == {'text': '[en>es] Hello, World!'}
    assert 'X-Translation' not in response.headers


def test_silence(
    visitor: FlaskClient, translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translate_module, 'TIMEOUT', 0.2)
    translator.silent = True
    assert ask(visitor).json == {'text': FAILED}
    translator.done.set()


def test_an_answer_without_an_end(visitor: FlaskClient, translator: Translator) -> None:
    translator.endless = True
    assert ask(visitor).json == {'text': FAILED}
    translator.done.set()


@pytest.mark.parametrize(
    'start',
    [b'', b'HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n'],
    ids=['headers', 'body'],
)
def test_a_slow_drip(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(translate_module, 'TIMEOUT', 0.3)
    with Dripping(start) as server:
        app = make_app(MS_TRANSLATOR_KEY=KEY, MS_TRANSLATOR_URL=server.url)
        with app.app_context():
            begin = monotonic()
            assert translate('hello', 'en', 'es') == FAILED
            assert monotonic() - begin < 2
        # Nobody goes on listening, either.
        assert server.cut.wait(PATIENCE)


def test_no_connection_to_the_database_waits(
    visitor: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[int] = []

    def ask_service(*_: object) -> bytes:
        pool: Any = db.engine.pool
        used.append(pool.checkedout())
        return b'[{"translations": [{"text": "hola"}]}]'

    monkeypatch.setattr(translate_module, '_ask_service', ask_service)
    assert ask(visitor).json == {'text': 'hola'}
    assert used == [0]


def test_nobody_there(make_app: Callable[..., Flask]) -> None:
    with make_app(MS_TRANSLATOR_KEY=KEY, MS_TRANSLATOR_URL='http://127.0.0.1:1').app_context():
        answer = translate('hello', 'en', 'es')
        assert (answer, type(answer)) == (FAILED, Failure)


def test_without_a_key_nothing_is_asked(make_app: Callable[..., Flask], translator: Translator):
    with make_app(MS_TRANSLATOR_KEY=None, MS_TRANSLATOR_URL=translator.url).app_context():
        assert translate('hello', 'en', 'es') == NOT_CONFIGURED
    assert translator.requests == []


@pytest.mark.parametrize(
    'changes',
    [
        {'text': 'x' * 141},
        {'text': ''},
        {'source_language': ''},
        {'dest_language': 'es&api-version=2'},
        {'dest_language': '../../x'},
    ],
)
def test_what_is_refused(
    visitor: FlaskClient, translator: Translator, changes: dict[str, str]
) -> None:
    assert ask(visitor, **changes).status_code == 400
    assert translator.requests == []


def test_as_long_as_a_post(visitor: FlaskClient) -> None:
    assert ask(visitor, text='😀' * 140).status_code == 200


@pytest.mark.parametrize('missing', FORM)
def test_a_field_that_is_missing(visitor: FlaskClient, missing: str) -> None:
    form = {name: value for name, value in FORM.items() if name != missing}
    assert visitor.post('/translate', data=form).status_code == 400


def test_who_may_ask(client: FlaskClient, visitor: FlaskClient, translator: Translator) -> None:
    response = ask(client)
    assert response.status_code == 302
    assert response.location.startswith('/auth/login')
    assert visitor.get('/translate').status_code == 405
    assert translator.requests == []


def test_a_token_is_needed(
    make_app: Callable[..., Flask], translator: Translator, make_user: MakeUser
) -> None:
    app = make_app(MS_TRANSLATOR_KEY=KEY, MS_TRANSLATOR_URL=translator.url, WTF_CSRF_ENABLED=True)
    client = app.test_client()
    with app.app_context(), client.session_transaction() as session:
        session['_user_id'] = session_of(make_user('susan'))
    assert ask(client).status_code == 400
    token = csrf_token(client, '/index')
    response = client.post('/translate', data=FORM, headers={'X-CSRFToken': token})
    assert response.json == {'text': '[en>es] Hello, World!'}


def test_not_too_often(
    make_app: Callable[..., Flask], translator: Translator, make_user: MakeUser
) -> None:
    app = make_app(MS_TRANSLATOR_KEY=KEY, MS_TRANSLATOR_URL=translator.url, RATELIMIT_ENABLED=True)
    client = app.test_client()
    with app.app_context(), client.session_transaction() as session:
        session['_user_id'] = session_of(make_user('susan'))
    answers = [ask(client).status_code for _ in range(31)]
    assert answers == [200] * 30 + [429]


LINK = '>Translate</button>'


@pytest.mark.parametrize(
    ('language', 'shown'),
    [('es', True), ('en', False), ('en-GB', False), ('', False), (None, False), ('zh', True)],
)
def test_which_posts_have_a_link(
    visitor: FlaskClient, make_user: MakeUser, language: str | None, shown: bool
) -> None:
    post = Post(body='text', author=make_user('john'))
    db.session.add(post)
    db.session.commit()
    post.language = language
    db.session.commit()
    for path in ('/explore', '/user/john'):
        assert (LINK in visitor.get(path).text) == shown


def test_no_link_without_a_key(
    make_app: Callable[..., Flask], make_user: MakeUser, visitor: FlaskClient
) -> None:
    db.session.add(Post(body='hola', language='es', author=make_user('john')))
    db.session.commit()
    app = make_app(MS_TRANSLATOR_KEY=None)
    client = app.test_client()
    with visitor.session_transaction() as known, client.session_transaction() as session:
        session.update(known)
    page = client.get('/explore').text
    assert 'hola' in page
    assert LINK not in page
    assert 'translate.js' not in page
    assert client.post('/translate', data=FORM).json == {'text': NOT_CONFIGURED}


def test_ones_own_posts_have_no_link(
    log_in: Callable[[User], FlaskClient], make_user: MakeUser
) -> None:
    author = make_user('john')
    db.session.add(Post(body='hola', language='es', author=author))
    db.session.commit()
    for reader, shown in ((author, False), (make_user('susan'), True)):
        assert (LINK in log_in(reader).get('/explore').text) == shown
