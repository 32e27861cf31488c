"""How long the pages of the feed take: `python -m benchmarks.feed [DATABASE_URL ...]`.

Needs a database that `flask demo --users ... --posts ...` has filled. The time is that of the
whole call: the SQL, and the objects made of its rows.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import Any, NamedTuple, TypeVar

from flask import Flask
from flask.testing import FlaskClient
from jinja2 import TemplateNotFound
from sqlalchemy import event

from app import create_app, db
from app.cli.demo.bulk import READERS
from app.models import User
from app.models.listing import Listing, Span
from app.models.timeline import AllPosts, Entry
from config import Config, database_uri

WARM_UP = 10  # calls before those that count: they fill caches and prepare statements
DEPTH = 20  # links followed down to the deep page
TYPED_PAGE = 10
BASELINE = next(iter(READERS))  # the reader that the others are compared with

T = TypeVar('T')


class Result(NamedTuple):
    """What one kind of call has cost: milliseconds, and statements sent to the database."""

    median: float
    late: float
    queries: int


def main() -> None:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.feed', description=__doc__)
    parser.add_argument('url', nargs='*', default=[Config.SQLALCHEMY_DATABASE_URI])
    parser.add_argument('--repeat', type=int, default=50, help='calls that count, of each kind')
    arguments = parser.parse_args()
    for url in arguments.url:
        app = create_app(_config(url))
        with app.app_context():
            print_table(app, arguments.repeat)


def print_table(app: Flask, repeat: int) -> None:
    """Measure one database and print what came out, as a table of Markdown."""
    per_page = app.config['POSTS_PER_PAGE']
    print(f'\n{db.engine.dialect.name}: {repeat} calls of each kind\n')
    print('| Reader       | Page             | Median ms | 95th ms | Queries | To reader-0 |')
    print('|--------------|------------------|----------:|--------:|--------:|------------:|')
    baseline: dict[str, float] = {}
    for name in READERS:
        for label, link in links(name, per_page).items():
            result = measure(partial(_feed, name), _turn(link, per_page), repeat)
            baseline.setdefault(label, result.median)
            print_row(name, label, result, result.median / baseline[label])
    explore = measure(AllPosts, _turn({'page': 1}, per_page), repeat)
    print_row('', 'Explore', explore)
    for name in READERS:
        try:
            result = measure(partial(_logged_in, app, name), _get_index, repeat)
        except TemplateNotFound:
            break
        baseline.setdefault('GET /index', result.median)
        print_row(name, 'GET /index', result, result.median / baseline['GET /index'])


def print_row(reader: str, label: str, result: Result, ratio: float | None = None) -> None:
    comparison = '' if ratio is None else f'{ratio:.1f}'
    print(
        f'| {reader:<12} | {label:<16} | {result.median:9.1f} | {result.late:7.1f} '
        f'| {result.queries:7} | {comparison:>11} |'
    )


def links(name: str, per_page: int) -> dict[str, dict[str, Any]]:
    """Return the query arguments of the pages to measure."""
    found: dict[str, dict[str, Any]] = {'first': {'page': 1}}
    page = _feed(name).page(1, per_page)
    for number in range(1, DEPTH + 1):
        if page.older is None:
            break
        found['second' if number == 1 else 'deep'] = page.older
        page = _turn(page.older, per_page)(_feed(name))
        if number == 1 and page.newer is not None:
            found['back from second'] = page.newer
    if page.newer is not None:
        found['back from deep'] = page.newer
    found[f'typed {TYPED_PAGE}'] = {'page': TYPED_PAGE}
    half_way = _half_way()
    found['half-way down'] = {'page': 2, 'before': half_way}
    found['half-way up'] = {'page': 2, 'after': half_way}
    return found


def measure(prepare: Callable[[], T], call: Callable[[T], object], repeat: int) -> Result:
    """Time `call` with what `prepare` returns, which a request has at hand as well."""
    times, queries = [], 0

    def count(*_arguments: object) -> None:
        nonlocal queries
        queries += 1

    for _ in range(WARM_UP + repeat):
        # As at the start of a request: nothing is loaded, nothing has been asked.
        db.session.remove()
        subject = prepare()
        event.listen(db.engine, 'before_cursor_execute', count)
        queries = 0
        start = time.perf_counter()
        call(subject)
        times.append((time.perf_counter() - start) * 1000)
        event.remove(db.engine, 'before_cursor_execute', count)
    times = times[WARM_UP:]
    return Result(statistics.median(times), statistics.quantiles(times, n=20)[-1], queries)


def _config(url: str) -> type[Config]:
    settings = {
        'SQLALCHEMY_DATABASE_URI': database_uri(url),
        'SECRET_KEY': Config.SECRET_KEY or 'for measurements only',
        'PROPAGATE_EXCEPTIONS': True,
    }
    return type('BenchmarkConfig', (Config,), settings)


def _half_way() -> str:
    """Return a position in the middle of the time span, where quiet people have not written."""
    posts = AllPosts()
    newest = posts.newest(1)
    oldest = posts.read(Span(1, after=(0, 0)))
    if not newest:
        raise SystemExit('There are no posts: fill the database with "flask demo --posts ..."')
    return f'{(posts.position(newest[0])[0] + posts.position(oldest[0])[0]) // 2}-0'


def _reader(name: str) -> User:
    user = User.find(name)
    if user is None:
        raise SystemExit(f'There is no {name}: fill the database with "flask demo --users ..."')
    return user


def _feed(name: str) -> Listing[Entry]:
    return _reader(name).followed_posts()


def _turn(link: dict[str, Any], per_page: int) -> Callable[[Listing[Entry]], Any]:
    def turn(listing: Listing[Entry]) -> Any:
        return listing.page(link['page'], per_page, link.get('before'), link.get('after'))

    return turn


def _logged_in(app: Flask, name: str) -> FlaskClient:
    client = app.test_client()
    reader = _reader(name)
    reader.start_session()
    db.session.commit()
    with client.session_transaction() as session:
        session['_user_id'] = reader.get_session_id()
        session['_fresh'] = True
    return client


def _get_index(client: FlaskClient) -> None:
    # In a context without an application: the request makes its own, and forgets it afterwards.
    response = Context().run(client.get, '/index')
    if response.status_code != 200:
        raise SystemExit(f'GET /index answers {response.status}')


if __name__ == '__main__':
    main()
