"""An engine that is away, slow or in trouble: posting works, and the page says so."""

import logging
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import db, search
from app.models import Post, User
from app.search.engine import Refused
from tests.conftest import MakeUser, session_of
from tests.search.conftest import elasticsearch_url, eventually, found, missing
from tests.servers import PATIENCE, Dripping

UNAVAILABLE = 'Search is unavailable'
LogIn = Callable[[User], FlaskClient]
MakeApp = Callable[..., Flask]


@pytest.fixture
def settings() -> dict[str, Any]:
    return {}


@pytest.fixture
def index_file(app: Flask) -> Path:
    engine: Any = app.extensions['search'].engine
    path: Path = engine.path
    return path


def use(app: Flask, url: str) -> None:
    """Put Elasticsearch at `url` behind the application."""
    from app.search.elasticsearch import ElasticsearchEngine, connect

    app.extensions['search'].engine = ElasticsearchEngine(connect(url))


def post_and_search(client: FlaskClient) -> str:
    """Write a post, which must succeed, and return the page of search results."""
    assert client.post('/index', data={'post': 'hello fox'}).status_code == 302
    response = client.get('/search?q=fox')
    assert response.status_code == 200
    return response.text


class TestLeavingAlone:
    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        now = [1000.0]
        monkeypatch.setattr('app.search.time.monotonic', lambda: now[0])
        return now

    @pytest.fixture
    def calls(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        calls = []

        def away(*_: object, **__: object) -> None:
            calls.append('call')
            raise search.SearchUnavailable('gone fishing')

        engine = app.extensions['search'].engine
        for name in ('query', 'write', 'exists'):
            monkeypatch.setattr(engine, name, away)
        return calls

    def test_for_thirty_seconds(
        self, app: Flask, calls: list[str], clock: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(3):
            with pytest.raises(search.SearchUnavailable, match='gone fishing'):
                search.query_index('post', 'fox', 1, 9)
        search.update_index('post', {1: 'fox'})
        assert len(calls) == 1
        assert 'gone fishing' in caplog.text
        assert 'flask search reindex' in caplog.text
        clock[0] += 29
        search.update_index('post', {1: 'fox'})
        assert len(calls) == 1
        clock[0] += 1.1
        search.update_index('post', {1: 'fox'})
        assert len(calls) == 2

    def test_not_after_a_refusal(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch, clock: list[float]
    ) -> None:
        Post.reindex()

        def refuse(*_: object, **__: object) -> None:
            raise Refused('disk full')

        monkeypatch.setattr(app.extensions['search'].engine, 'write', refuse)
        search.update_index('post', {1: 'fox'})
        assert search.query_index('post', 'fox', 1, 9) == ([], 0)

    def test_rebuilding_ends_it(self, app: Flask, clock: list[float]) -> None:
        app.extensions['search'].paused_until = clock[0] + 20
        Post.reindex()
        assert found('fox') == []


class TestElasticsearchInTrouble:
    def test_away(self, app: Flask, log_in: LogIn, make_user: MakeUser) -> None:
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            use(app, f'http://127.0.0.1:{probe.getsockname()[1]}')
        assert UNAVAILABLE in post_and_search(log_in(make_user('susan')))

    def test_slow(self, app: Flask, log_in: LogIn, make_user: MakeUser) -> None:
        client = log_in(make_user('susan'))
        with socket.socket() as listener:
            listener.bind(('127.0.0.1', 0))
            listener.listen()
            use(app, f'http://127.0.0.1:{listener.getsockname()[1]}')
            start = time.monotonic()
            assert UNAVAILABLE in post_and_search(client)
            assert time.monotonic() - start < 4

    @pytest.mark.parametrize(
        'start',
        [b'', b'HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n'],
        ids=['headers', 'body'],
    )
    def test_a_slow_drip(
        self,
        app: Flask,
        log_in: LogIn,
        make_user: MakeUser,
        start: bytes,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr('app.search.elasticsearch.TIMEOUT', 0.3)
        client = log_in(make_user('susan'))
        with Dripping(start) as server:
            use(app, server.url)
            begin = time.monotonic()
            assert UNAVAILABLE in post_and_search(client)
            assert time.monotonic() - begin < 2
            # It is left alone for a while, and nobody goes on listening.
            assert app.extensions['search'].paused_until > time.monotonic()
            assert server.cut.wait(PATIENCE)

    @pytest.mark.parametrize('path', ['/search?q=fox', '/search?q=fox&kind=people'])
    def test_no_connection_to_the_database_waits(
        self,
        app: Flask,
        log_in: LogIn,
        make_user: MakeUser,
        monkeypatch: pytest.MonkeyPatch,
        path: str,
    ) -> None:
        susan = make_user('susan')
        db.session.add(Post(body='red fox', author=susan))
        db.session.commit()
        Post.reindex()
        User.reindex()
        engine = app.extensions['search'].engine
        query = engine.query
        used: list[int] = []

        def note(*args: Any) -> Any:
            pool: Any = db.engine.pool
            used.append(pool.checkedout())
            return query(*args)

        monkeypatch.setattr(engine, 'query', note)
        assert log_in(susan).get(path).status_code == 200
        assert used
        assert not any(used)

    def test_a_commit_never_fails_because_of_the_index(
        self, app: Flask, log_in: LogIn, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = log_in(make_user('susan'))

        def stumble(*_: object, **__: object) -> None:
            raise RecursionError

        monkeypatch.setattr(app.extensions['search'].engine, 'write', stumble)
        assert client.post('/index', data={'post': 'hello fox'}).status_code == 302
        assert 'hello fox' in client.get('/explore').text

    @pytest.mark.parametrize(
        ('status', 'body'),
        [
            (503, '{"error": {"type": "search_phase_execution_exception", "reason": "red"}}'),
            (429, '{"error": {"type": "es_rejected_execution_exception", "reason": "busy"}}'),
            (403, '{"error": {"type": "cluster_block_exception", "reason": "full"}}'),
            (401, '{"error": {"type": "security_exception", "reason": "who?"}}'),
            (400, '{"error": "no"}'),
            (500, 'oops'),
            (200, '{}'),
            (200, '[]'),
            (200, 'null'),
            (200, '{"hits": {"hits": [{"_id": "x"}]}, "errors": true, "items": [3]}'),
            (200, 'no JSON'),
            (200, ''),
            (200, '[' * 60_000),
        ],
    )
    @pytest.mark.parametrize('product', ['Elasticsearch', 'another'])
    def test_strange_answers(
        self, app: Flask, log_in: LogIn, make_user: MakeUser, status: int, body: str, product: str
    ) -> None:
        client = log_in(make_user('susan'))
        with _answering(status, body, product) as url:
            use(app, url)
            assert UNAVAILABLE in post_and_search(client)
            assert client.get('/index').status_code == 200


class _answering:
    """A server that answers everything with the same."""

    def __init__(self, status: int, body: str, product: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get('Content-Length') or 0))
                self.send_response(status)
                self.send_header('X-Elastic-Product', product)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                if self.command != 'HEAD':
                    self.wfile.write(body.encode())

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(('127.0.0.1', 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    def __enter__(self) -> str:
        self.thread.start()
        return f'http://127.0.0.1:{self.server.server_port}'

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.mark.slow
def test_elasticsearch_killed_in_mid_use(
    make_app: MakeApp,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = elasticsearch_url()
    # Starts the server, and with the argument `kill` ends it as if the machine lost its power.
    command = os.environ.get('TEST_ELASTICSEARCH_COMMAND', '')
    if not command:
        missing('TEST_ELASTICSEARCH_COMMAND')
    app = make_app(ELASTICSEARCH_URL=url)
    with app.app_context():
        susan = User(username='susan', email='susan@example.com')
        db.session.add(susan)
        db.session.commit()
        for model in (Post, User):
            model.reindex()
        client = app.test_client()
        with client.session_transaction() as session:
            session['_user_id'] = session_of(susan)
        assert UNAVAILABLE not in post_and_search(client)
        eventually(lambda: found('fox'), ['hello fox'])
        subprocess.run([command, 'kill'], check=True)
        try:
            assert UNAVAILABLE in post_and_search(client)
            assert 'Elasticsearch is away' in caplog.text
        finally:
            subprocess.run([command], check=True, stdout=subprocess.DEVNULL)
        # Not asked again for a while, even though it is back.
        assert UNAVAILABLE in post_and_search(client)
        app.extensions['search'].paused_until = 0
        assert client.post('/index', data={'post': 'third fox'}).status_code == 302
        eventually(lambda: found('third'), ['third fox'])
        assert len(found('fox')) == 2
        Post.reindex()
        assert len(found('fox')) == 4
        app.elasticsearch.close()  # type: ignore[attr-defined]


class TestEmbedded:
    def test_a_missing_index_is_built(self, index_file: Path, make_user: MakeUser) -> None:
        db.session.add(Post(body='red fox', author=make_user('susan')))
        db.session.commit()
        assert found('fox') == ['red fox']
        for path in index_file.parent.glob(f'{index_file.name}*'):
            path.unlink()
        assert found('fox') == ['red fox']

    @pytest.mark.parametrize('content', [b'', b'no database', b'\0' * 100_000])
    def test_a_broken_index_is_built_again(
        self, index_file: Path, make_user: MakeUser, content: bytes
    ) -> None:
        susan = make_user('susan')
        db.session.add(Post(body='red fox', author=susan))
        db.session.commit()
        index_file.write_bytes(content)
        db.session.add(Post(body='red dog', author=susan))
        db.session.commit()
        for _ in range(2):  # who finds it broken sees that search is unavailable
            try:
                assert found('red', 'newest') == ['red dog', 'red fox']
                break
            except search.SearchUnavailable:
                continue
        else:
            pytest.fail('the index was not built again')

    def test_an_index_of_another_format_is_built_again(
        self, index_file: Path, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        db.session.add(Post(body='red fox', author=make_user('susan')))
        db.session.commit()
        assert found('fox') == ['red fox']
        monkeypatch.setattr('app.search.fts5.FORMAT', 2)
        assert not search.index_exists('post')
        assert found('fox') == ['red fox']

    def test_a_large_missing_index_is_built_in_the_background(
        self, app: Flask, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch, log_in: LogIn
    ) -> None:
        monkeypatch.setattr('app.models.searchable.SMALL', 0)
        susan = make_user('susan')
        db.session.add(Post(body='red fox', author=susan))
        db.session.commit()
        client = log_in(susan)
        assert UNAVAILABLE in client.get('/search?q=fox').text
        for _ in range(500):
            if UNAVAILABLE not in (page := client.get('/search?q=fox').text):
                break
            time.sleep(0.02)
        assert 'red <mark>fox</mark>' in page
        for thread in threading.enumerate():
            if thread.daemon and thread.name.endswith('(_build)'):
                thread.join()

    def test_a_folder_that_cannot_be(
        self, make_app: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / 'file').touch()
        app = make_app(SEARCH_INDEX=str(tmp_path / 'file' / 'search.db'))
        with app.app_context(), pytest.raises(search.SearchUnavailable):
            Post.search('fox', 1, 9)
        assert 'file' in caplog.text

    def test_locked(
        self,
        app: Flask,
        index_file: Path,
        make_user: MakeUser,
        log_in: LogIn,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr('app.search.fts5.BUSY_TIMEOUT', 0.01)
        client = log_in(make_user('susan'))
        assert UNAVAILABLE not in post_and_search(client)
        blocker = sqlite3.connect(index_file, isolation_level=None)
        blocker.execute('BEGIN IMMEDIATE')
        # Readers do not wait for the writer.
        assert UNAVAILABLE not in post_and_search(client)
        blocker.close()
        assert 'locked' in caplog.text
        assert len(found('fox')) == 1

    @pytest.mark.slow
    def test_several_processes(self, app: Flask, index_file: Path, tmp_path: Path) -> None:
        code = (
            'import sys; from pathlib import Path; from app.search.fts5 import Fts5\n'
            'engine, first = Fts5(Path(sys.argv[1])), int(sys.argv[2])\n'
            'for number in range(first, first + 40):\n'
            '    engine.write("post", {number: "fox"})\n'
        )
        with search.rebuild_index('post'):
            pass
        processes = [
            subprocess.Popen([sys.executable, '-c', code, str(index_file), str(first)])
            for first in (0, 1000, 2000)
        ]
        time_limit = time.monotonic() + 60
        while any(process.poll() is None for process in processes):
            search.query_index('post', 'fox', 1, 10)
            with search.rebuild_index('other') as add:
                add({1: 'fox'})
            assert time.monotonic() < time_limit
        assert [process.returncode for process in processes] == [0, 0, 0]
        assert search.query_index('post', 'fox', 1, 1)[1] == 120


def test_each_database_has_an_index_of_its_own(make_app: MakeApp, tmp_path: Path) -> None:
    def path(**settings: object) -> Path:
        engine: Any = make_app(**settings).extensions['search'].engine
        result: Path = engine.path
        return result

    one = path(SQLALCHEMY_DATABASE_URI=f'sqlite:///{tmp_path}/one.db')
    assert one == path(SQLALCHEMY_DATABASE_URI=f'sqlite:///{tmp_path}/one.db')
    assert one != path(SQLALCHEMY_DATABASE_URI=f'sqlite:///{tmp_path}/two.db')
    assert path(SQLALCHEMY_DATABASE_URI='sqlite://') != path(SQLALCHEMY_DATABASE_URI='sqlite://')
    assert path(SEARCH_INDEX=str(tmp_path / 'mine.db')) == tmp_path / 'mine.db'


def test_a_database_in_memory(make_app: MakeApp) -> None:
    app = make_app(SQLALCHEMY_DATABASE_URI='sqlite://')
    assert app.elasticsearch is None  # type: ignore[attr-defined]
    with app.app_context():
        db.create_all()
        susan = User(username='susan', email='susan@example.com')
        db.session.add_all([susan, Post(body='red fox', author=susan)])
        db.session.commit()
        assert found('red') == ['red fox']
        db.session.add(Post(body='not yet', author=susan))
        assert found('red yet') == ['red fox']
        db.session.commit()
        assert found('red yet', 'newest') == ['not yet', 'red fox']
        db.session.remove()


def test_logging_goes_to_the_application(app: Flask) -> None:
    assert app.logger is logging.getLogger('app.search').parent
