"""How much longer pages take on a large site: `python -m benchmarks.growth SMALL_URL LARGE_URL`.

Both databases have been filled by `flask demo --users 10000 --posts ...`. The requests go through
the whole WSGI stack, without a socket, to the two in turns, so that whatever else the machine is
doing slows down both. Whoever is logged in has looked at what concerns them before.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from contextvars import Context
from urllib.parse import quote

from flask import Flask
from sqlalchemy import func, select

from app import create_app, db
from app.cli.demo.bulk import LIKED_READER
from app.database import LARGEST_ID
from app.models import Post, Tag, User
from app.models.listing import Span
from app.models.tag import post_tags
from app.models.timeline import AnswersTo
from benchmarks.pages import WARM_UP, Browser, Request, _config

READERS = ['reader-50', 'reader-5000']


def main() -> None:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.growth', description=__doc__)
    parser.add_argument('small')
    parser.add_argument('large')
    parser.add_argument('--repeat', type=int, default=100, help='requests that count, of each kind')
    arguments = parser.parse_args()
    sites = [_pages(create_app(_config(url))) for url in (arguments.small, arguments.large)]
    print('| Page | Small | Large | Ratio |')
    print('|------|------:|------:|------:|')
    for (name, small), (_, large) in zip(*sites, strict=True):
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(WARM_UP + arguments.repeat):
            for (browser, path), spent in zip((small, large), times, strict=True):
                spent.append(_time(browser, path))
        medians = [statistics.median(spent[WARM_UP:]) for spent in times]
        print(
            f'| {name} | {medians[0]:.1f} | {medians[1]:.1f} | {medians[1] / medians[0]:.2f} |',
            flush=True,
        )


def _time(browser: Browser, path: str) -> float:
    """Return the milliseconds that a request takes."""
    start = time.perf_counter()
    answer = browser.send(Request(path))
    spent = time.perf_counter() - start
    if answer.status != 200:
        raise SystemExit(f'{path} answers {answer.status}')
    return spent * 1000


def _pages(app: Flask) -> Iterator[tuple[str, tuple[Browser, str]]]:
    """Yield the name of each page, who asks for it, and its address."""
    with app.app_context():
        browsers = {name: Browser(app, _find(name)) for name in (*READERS, LIKED_READER)}
        reader = browsers[READERS[0]]
        author = db.session.scalars(select(User).order_by(User.post_count.desc()).limit(1)).one()
        answered = db.session.scalars(select(Post).order_by(Post.reply_count.desc()).limit(1)).one()
        commonest = db.session.scalars(
            select(Tag.name)
            .join(post_tags, post_tags.c.tag_id == Tag.id)
            .group_by(Tag.id, Tag.name)
            .order_by(func.count().desc())
            .limit(1)
        ).one()
        post = f'/post/{answered.id}'
        last = _last_page(app, answered)
        profile = f'/user/{quote(author.username)}'
        db.session.remove()
    # In a context of its own: a request makes its own, and forgets it afterwards.
    Context().run(browsers[LIKED_READER].send, Request('/activity'))
    for name in READERS:
        yield f'Home of {name}', (browsers[name], '/index')
    yield 'Explore', (reader, '/explore')
    yield 'Profile', (reader, profile)
    yield 'Answers of a profile', (reader, f'{profile}/answers')
    yield 'A post with many answers', (reader, post)
    yield 'The last page of its answers', (reader, f'{post}?{last}')
    yield 'The commonest tag', (reader, f'/tag/{quote(commonest)}')
    yield 'Bookmarks', (reader, '/bookmarks')
    yield 'Activity', (browsers[LIKED_READER], '/activity')


def _last_page(app: Flask, post: Post) -> str:
    """Return the arguments that the link to the last page of answers has."""
    answers = AnswersTo(post)
    end = (10**18, LARGEST_ID)
    first, *_page = answers.read(Span(app.config['POSTS_PER_PAGE'] + 1, after=end))
    microseconds, id_ = answers.position(first)
    return f'page=2&before={microseconds}-{id_}'


def _find(name: str) -> User:
    user = User.find(name)
    if user is None:
        raise SystemExit(f'There is no {name}: fill the database with "flask demo --users ..."')
    return user


if __name__ == '__main__':
    main()
