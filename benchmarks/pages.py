"""What pages cost, in CPU time: `python -m benchmarks.pages [DATABASE_URL]`.

Needs a database that `flask demo --users 2000 --posts 100000` has filled, and writes a few posts,
messages and followers into it. A request goes through the whole WSGI stack, without a socket: what
is counted is the CPU time of this process, and what a bare Flask page of the same size costs in
the same run is what it is compared with.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import resource
import statistics
import time
from collections.abc import Callable
from contextvars import Context
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from flask import Flask
from sqlalchemy import event, func, select, update
from werkzeug.test import EnvironBuilder

from app import create_app, db
from app.models import Message, Post, User
from app.models.media import Shot
from config import Config, database_uri

READER = 'reader-50'
WARM_UP = 20  # requests before those that count
MESSAGES = 60  # that the reader has received, which is more than a page


class Request(NamedTuple):
    path: str
    form: dict[str, str] | None = None


class Answer(NamedTuple):
    status: int
    body: bytes


class Cost(NamedTuple):
    milliseconds: float  # of CPU time, the median
    statements: int
    size: int  # bytes of the answer


class Browser:
    """Sends requests to an application as a server does, with the cookie of a session."""

    def __init__(self, app: Flask, reader: User | None) -> None:
        self.app = app
        self.cookie = _session_cookie(app, reader)

    def send(self, request: Request) -> Answer:
        environ = self._environ(request)
        return Context().run(self._run, environ)

    def cpu_time(self, request: Request) -> float:
        """Return the CPU time that the application takes, in milliseconds."""
        environ = self._environ(request)
        context = Context()
        start = time.process_time_ns()
        answer = context.run(self._run, environ)
        spent = time.process_time_ns() - start
        if answer.status not in (200, 302):
            raise SystemExit(f'{request.path} answers {answer.status}')
        return spent / 1e6

    def _environ(self, request: Request) -> dict[str, Any]:
        data = None if request.form is None else urlencode(request.form)
        builder = EnvironBuilder(
            path=request.path.partition('?')[0],
            query_string=request.path.partition('?')[2],
            method='GET' if data is None else 'POST',
            headers=[('Cookie', self.cookie), ('Accept-Language', 'en')],
            input_stream=io.BytesIO(data.encode()) if data is not None else None,
            content_type=None if data is None else 'application/x-www-form-urlencoded',
            content_length=None if data is None else len(data),
        )
        return builder.get_environ()

    def _run(self, environ: dict[str, Any]) -> Answer:
        status = []

        def start_response(line: str, _headers: Any, _error: Any = None) -> Callable[..., Any]:
            status.append(int(line[:3]))
            return lambda _bytes: None

        pieces = self.app.wsgi_app(environ, start_response)
        body = b''.join(pieces)
        if hasattr(pieces, 'close'):
            pieces.close()
        return Answer(status[0], body)


def main() -> None:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.pages', description=__doc__)
    parser.add_argument('url', nargs='?', default=Config.SQLALCHEMY_DATABASE_URI)
    parser.add_argument('--repeat', type=int, default=200, help='requests that count, of each kind')
    arguments = parser.parse_args()
    app = create_app(_config(arguments.url))
    with app.app_context():
        reader = _reader()
        author = db.session.scalars(select(User).order_by(User.post_count.desc()).limit(1)).one()
        _receive_messages(reader, author)
        browsers = {True: Browser(app, reader), False: Browser(app, None)}
        profile = f'/user/{quote(author.username)}'
        pages = {
            'Home': (True, Request('/index')),
            'Explore': (True, Request('/explore')),
            'Profile': (True, Request(profile)),
            'Messages': (True, Request('/messages/sent')),
            'Inbox': (True, Request('/messages')),
            'Login': (False, Request('/auth/login')),
            'Poll': (True, Request('/notifications?since=0')),
        }
        token = _csrf_token(browsers[True])
        writes = {
            'Posting': [('/index', {'post': 'What a day, and more of it to come', 'submit': '1'})],
            'Following and unfollowing': [
                (f'/follow/{quote(_stranger(reader).username)}', {'submit': '1'}),
                (f'/unfollow/{quote(_stranger(reader).username)}', {'submit': '1'}),
            ],
            'Sending a message': [
                (f'/send_message/{quote(author.username)}', {'message': 'Hello', 'submit': '1'})
            ],
        }
        db.session.remove()
    print(f'CPU time of a request, median of {arguments.repeat}\n')
    print('| Page | ms | to bare Flask | statements | bytes |')
    print('|------|---:|--------------:|-----------:|------:|')
    for name, (logged_in, request) in pages.items():
        cost = _measure(app, browsers[logged_in], [request], arguments.repeat)
        bare = _measure(None, Browser(_bare_flask(cost.size), None), [Request('/')], 100)
        _print_row(name, cost, bare)
    for name, requests in writes.items():
        filled = [Request(path, {'csrf_token': token, **form}) for path, form in requests]
        cost = _measure(app, browsers[True], filled, arguments.repeat // 2)
        _print_row(name, cost, None)
    ratio = _ratio_of_pictures(app, browsers[True], arguments.repeat)
    print(f'\nHome with four pictures in each post, to home without: {ratio:.2f}')
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f'\nLargest memory of the process: {peak:.0f} MB')


def _print_row(name: str, cost: Cost, bare: Cost | None) -> None:
    ratio = '' if bare is None else f'{cost.milliseconds / bare.milliseconds:.0f}'
    print(f'| {name} | {cost.milliseconds:.2f} | {ratio} | {cost.statements} | {cost.size} |')


def _measure(app: Flask | None, browser: Browser, requests: list[Request], repeat: int) -> Cost:
    statements = 0

    def count(*_arguments: object) -> None:
        nonlocal statements
        statements += 1

    for _ in range(WARM_UP):
        for request in requests:
            size = len(browser.send(request).body)
    if app is not None:
        with app.app_context():
            event.listen(db.engine, 'before_cursor_execute', count)
            for request in requests:
                browser.send(request)
            event.remove(db.engine, 'before_cursor_execute', count)
    times = [sum(browser.cpu_time(request) for request in requests) for _ in range(repeat)]
    return Cost(statistics.median(times), statements, size)


def _ratio_of_pictures(app: Flask, browser: Browser, repeat: int) -> float:
    """Return what home costs while its posts have four pictures each, to what without: in turns."""
    alt = 'A street in the morning, with a tram and two people who wait for it'
    with app.app_context():
        posts = [entry.id for entry in _reader().followed_posts().newest(Config.POSTS_PER_PAGE)]
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(WARM_UP + repeat):
        for has_pictures in (True, False):
            with app.app_context():
                for id_ in posts:
                    shots = [Shot(n, f'{4 * id_ + n:032x}', 2048, 1536, alt) for n in range(4)]
                    told = json.dumps(shots) if has_pictures else None
                    db.session.execute(
                        update(Post).where(Post.id == id_).values(pictures_json=told)
                    )
                db.session.commit()
            times[has_pictures].append(browser.cpu_time(Request('/index')))
    with_them, without = (statistics.median(times[key][WARM_UP:]) for key in (True, False))
    return with_them / without


def _bare_flask(size: int) -> Flask:
    """Return an application that answers with a text of that size, and does nothing else."""
    app = Flask('bare')
    text = 'x' * size
    app.add_url_rule('/', view_func=lambda: text)
    return app


def _config(url: str) -> type[Config]:
    settings = {
        'SQLALCHEMY_DATABASE_URI': database_uri(url),
        'SECRET_KEY': Config.SECRET_KEY or 'for measurements only',
        'PROPAGATE_EXCEPTIONS': True,
        # No limit would let this program through; without that, everything is as it is shipped.
        'RATELIMIT_ENABLED': False,
    }
    return type('BenchmarkConfig', (Config,), settings)


def _session_cookie(app: Flask, reader: User | None) -> str:
    if reader is None:
        return ''
    client = app.test_client()
    reader.start_session()
    db.session.commit()
    with client.session_transaction() as session:
        session['_user_id'] = reader.get_session_id()
        session['_fresh'] = True
    cookie = client.get_cookie('session')
    return '' if cookie is None else f'session={cookie.value}'


def _csrf_token(browser: Browser) -> str:
    """Return the token of a form, with the session that it belongs to kept in the cookie."""
    app = browser.app
    client = app.test_client()
    client.set_cookie('session', browser.cookie.partition('=')[2])
    html = Context().run(client.get, '/index').get_data(as_text=True)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
    cookie = client.get_cookie('session')
    if found is None or cookie is None:
        raise SystemExit('the home page has no form')
    browser.cookie = f'session={cookie.value}'
    return found[1]


def _reader() -> User:
    user = User.find(READER)
    if user is None:
        raise SystemExit(f'There is no {READER}: fill the database with "flask demo --users ..."')
    return user


def _stranger(reader: User) -> User:
    return db.session.scalars(select(User).where(User.id != reader.id).order_by(User.id)).first()  # type: ignore[return-value]  # there are others


def _receive_messages(reader: User, author: User) -> None:
    """Let the reader and the author have written to each other, more than a page shows."""
    missing = MESSAGES - (db.session.scalar(select(func.count(Message.id))) or 0)
    bodies = db.session.scalars(select(Post.body).limit(max(missing, 0))).all()
    for body in bodies:
        author.send_message(reader, body)
        reader.send_message(author, body)
    db.session.commit()


if __name__ == '__main__':
    main()
