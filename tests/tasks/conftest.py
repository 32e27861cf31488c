"""Jobs on both runners, with a real mail server; RQ with a real Redis and a real worker."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis

from app import db
from app.models import Post, Task, User
from config import Config
from tests.conftest import MakeUser
from tests.mailbox import Mailbox, running_mailbox
from tests.servers import running_redis
from tests.threads import wait_for_jobs

PROJECT = Path(__file__).parent.parent.parent
PATIENCE = 30  # seconds that a job may take


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mailbox() as mailbox:
        yield mailbox


@pytest.fixture(scope='session')
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp('redis')) as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The address of an empty Redis."""
    with Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server


@pytest.fixture
def environment(config_class: type[Config], mailbox: Mailbox) -> dict[str, str]:
    """What another process needs to be the same application."""
    return {
        **os.environ,
        'DATABASE_URL': config_class.SQLALCHEMY_DATABASE_URI,
        'SECRET_KEY': str(config_class.SECRET_KEY),
        'INSTANCE_PATH': config_class.INSTANCE_PATH,
        'MAIL_SERVER': '127.0.0.1',
        'MAIL_PORT': str(mailbox.port),
        'LOG_TO_STDOUT': '1',
    }


StartWorker = Callable[[], 'subprocess.Popen[bytes]']


@pytest.fixture
def start_worker(
    redis_url: str, environment: dict[str, str], tmp_path: Path
) -> Iterator[StartWorker]:
    """Start workers of RQ, as an operator does."""
    workers: list[subprocess.Popen[bytes]] = []
    rq = Path(sys.executable).with_name('rq')

    def start() -> 'subprocess.Popen[bytes]':
        with (tmp_path / 'worker.log').open('a') as log:
            worker = subprocess.Popen(
                [rq, 'worker', '-u', redis_url, 'microblog-tasks'],
                cwd=PROJECT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        if worker.poll() is None:
            worker.terminate()
        worker.wait()


@pytest.fixture(params=['thread', 'rq'])
def runner_settings(request: pytest.FixtureRequest) -> dict[str, str | None]:
    """The settings that choose a runner; with RQ, a worker is running."""
    if request.param == 'thread':
        return {'REDIS_URL': None}
    request.getfixturevalue('start_worker')()
    return {'REDIS_URL': request.getfixturevalue('redis_url')}


@pytest.fixture
def settings() -> dict[str, str | None]:
    """Which runner the application has; a test can ask for another one."""
    return {'REDIS_URL': None}


@pytest.fixture
def app(
    make_app: Callable[..., Flask], mailbox: Mailbox, settings: dict[str, str | None]
) -> Iterator[Flask]:
    app = make_app(
        MAIL_SERVER='127.0.0.1', MAIL_PORT=mailbox.port, MAIL_SUPPRESS_SEND=False, **settings
    )
    with app.app_context():
        yield app
        wait_for_jobs()
        db.session.remove()


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    susan = make_user('susan')
    for number in range(3):
        db.session.add(Post(body=f'number {number} é 🎉', author=susan))
    db.session.commit()
    return susan


def wait_for(condition: Callable[[], bool]) -> None:
    """Return as soon as `condition` holds, which reads the database anew each time."""
    end = time.monotonic() + PATIENCE
    while True:
        db.session.rollback()
        if condition():
            return
        assert time.monotonic() < end, 'it did not happen'
        time.sleep(0.05)


def wait_until_over(task: Task) -> None:
    wait_for(lambda: task.complete)
