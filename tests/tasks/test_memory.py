"""Exporting a very large account costs little memory (on Linux, which tells how much there is)."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from flask import Flask
from sqlalchemy import insert

from app import db
from app.models import Post, User
from app.tasks import export_posts
from tests.conftest import MakeUser
from tests.servers import free_port
from tests.tasks.conftest import wait_for

pytestmark = pytest.mark.slow

LIMIT = 30  # MB
START = datetime(2020, 1, 1)


def resident() -> float:
    """The memory of this process, in MB."""
    [line] = [s for s in Path('/proc/self/status').read_text().splitlines() if 'VmRSS' in s]
    return int(line.split()[1]) / 1000


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    """An application whose mail server has a memory of its own, in another process."""
    port = free_port()
    server = subprocess.Popen(
        [
            *(sys.executable, '-m', 'aiosmtpd', '-n', '-l', f'127.0.0.1:{port}'),
            *('-c', 'aiosmtpd.handlers.Sink'),
        ]
    )
    app = make_app(MAIL_SERVER='127.0.0.1', MAIL_PORT=port, MAIL_SUPPRESS_SEND=False)
    with app.app_context():
        wait_for(lambda: answers(port))
        yield app
        db.session.remove()
    server.terminate()
    server.wait()


def answers(port: int) -> bool:
    try:
        socket.create_connection(('127.0.0.1', port), timeout=1).close()
    except OSError:
        return False
    return True


# The one is just small enough for an attachment, the other is not.
@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='asks /proc')
@pytest.mark.parametrize('count', [8_000, 100_000], ids=['attachment', 'link'])
def test_a_large_account(app: Flask, make_user: MakeUser, susan: User, count: int) -> None:
    author = make_user('author', post_count=count)
    for start in range(0, count, 4000):
        rows = [
            {
                'body': 'x',
                'language': '',
                'timestamp': START + timedelta(seconds=n),
                'user_id': author.id,
            }
            for n in range(start, start + 4000)
        ]
        db.session.execute(insert(Post), rows)
    db.session.commit()
    # Whatever is needed for any export is there.
    export_posts(susan.id)

    highest = before = resident()
    over = Event()

    def watch() -> None:
        nonlocal highest
        while not over.wait(0.002):
            highest = max(highest, resident())

    thread = Thread(target=watch)
    thread.start()
    export_posts(author.id, url='http://localhost/')
    over.set()
    thread.join()
    assert highest - before < LIMIT
