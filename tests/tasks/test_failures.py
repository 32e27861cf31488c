"""Jobs that cannot start, die, hang or are not wanted any more: nobody waits for them forever."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.request import Request, urlopen

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue, Worker
from rq.job import JobStatus
from rq.utils import now, utcformat
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

import app.tasks
from app import db
from app.database import utcnow
from app.models import Task, User
from app.models import task as tasks
from app.models.task import JobsUnavailableError
from app.tasks import export, heartbeat, job
from tests.conftest import MakeUser, session_of
from tests.mailbox import Mailbox
from tests.pages import flashes
from tests.servers import free_port
from tests.tasks.conftest import PROJECT, StartWorker, wait_for, wait_until_over
from tests.threads import wait_for_jobs

LogIn = Callable[[User], FlaskClient]
Settings = dict[str, str | None]

with_redis = pytest.mark.parametrize('settings', ['redis'], indirect=True)


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    if getattr(request, 'param', None) == 'redis':
        return {'REDIS_URL': request.getfixturevalue('redis_url')}
    return {'REDIS_URL': None}


def only_task() -> Task:
    return db.session.scalars(select(Task)).one()


def make_older(task: Task) -> None:
    """Let a minute pass in which nobody works on the task."""
    task.heartbeat = utcnow() - tasks.LOST_AFTER - timedelta(seconds=1)
    db.session.commit()


@contextmanager
def silent_mail_server() -> Iterator[int]:
    """Something that takes connections and never says a word; gives its port."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        yield server.getsockname()[1]


def assert_shown_as_failed(client: FlaskClient, text: str) -> None:
    page = client.get('/explore').text
    assert text in page
    assert '<progress' not in page
    assert only_task().complete
    told = client.get('/notifications').get_json()
    assert 'task_failed' in [item['name'] for item in told]
    # It blocks nothing.
    assert client.get('/export_posts').status_code == 200


# Jobs that do not start


@pytest.mark.parametrize('settings', ['away'], indirect=True)
def test_redis_is_away(make_app: Callable[..., Flask], susan: User, settings: Settings) -> None:
    client = make_app(REDIS_URL='redis://127.0.0.1:1/0').test_client()
    with client.session_transaction() as session:
        session['_user_id'] = session_of(susan)
    response = client.post('/export_posts')
    assert (response.status_code, response.location) == (302, '/user/susan')
    page = client.get('/user/susan')
    assert flashes(page) == ['Background jobs are not available right now. Please try again later.']
    assert 'Export your posts' in page.text
    assert db.session.scalars(select(Task)).all() == []


def test_no_more_threads(susan: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, 'start', fail)
    with pytest.raises(JobsUnavailableError):
        susan.launch_task('export_posts', 'Exporting')
    assert db.session.scalars(select(Task)).all() == []


@with_redis
def test_there_is_no_worker(
    log_in: LogIn, susan: User, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    client = log_in(susan)
    client.post('/export_posts')
    task = only_task()
    assert '<progress' in client.get('/explore').text
    make_older(task)
    assert_shown_as_failed(client, 'Failed: it could not be started.')
    assert f'The task {task.id} (export_posts) has failed: not_started' in caplog.text

    # A worker that comes too late does not mail what nobody waits for any more.
    queue = client.application.task_queue  # type: ignore[attr-defined]
    [late] = queue.jobs
    assert late.id == task.id
    assert task.get_rq_job() == late


@with_redis
def test_a_late_worker_does_nothing(
    log_in: LogIn, susan: User, mailbox: Mailbox, start_worker: StartWorker, redis_url: str
) -> None:
    client = log_in(susan)
    client.post('/export_posts')
    task = only_task()
    make_older(task)
    client.get('/explore')
    assert task.complete
    start_worker()
    rq_job = task.get_rq_job()
    assert rq_job is not None
    wait_for(lambda: rq_job.get_status() == 'finished')
    assert mailbox.mails == []
    assert task.failure == 'not_started'


@pytest.fixture
def worker(app: Flask) -> Worker:
    """A worker that has said that it is there, and does nothing."""
    worker = Worker('microblog-tasks', connection=app.redis)  # type: ignore[attr-defined]
    worker.register_birth()
    return worker


def fall_silent(app: Flask, worker: Worker) -> None:
    """Let a minute pass since the worker's last word."""
    long_ago = utcformat(now() - tasks.LOST_AFTER)
    app.redis.hset(worker.key, 'last_heartbeat', long_ago)  # type: ignore[attr-defined]


def assert_waits(client: FlaskClient, task: Task) -> None:
    make_older(task)
    assert '<progress' in client.get('/explore').text
    assert not task.complete
    assert task.heartbeat is not None
    assert task.heartbeat > utcnow() - tasks.LOST_AFTER


def assert_is_given_up(client: FlaskClient, task: Task) -> None:
    make_older(task)
    client.get('/explore')
    assert task.failure == 'not_started'


@with_redis
def test_waiting_for_a_worker_is_no_failure(
    log_in: LogIn, susan: User, app: Flask, worker: Worker
) -> None:
    client = log_in(susan)
    client.post('/export_posts')
    task = only_task()
    # Between two jobs nothing is being worked on, while the worker starts the next process.
    assert_waits(client, task)
    rq_job = task.get_rq_job()
    assert rq_job is not None
    Queue.dequeue_any([app.task_queue], None, app.redis)  # type: ignore[attr-defined]
    assert_waits(client, task)
    worker.prepare_job_execution(rq_job)
    assert rq_job.get_status() == JobStatus.STARTED
    assert_waits(client, task)
    # The process that should begin with it never does, though other workers are alive.
    app.redis.hset(rq_job.key, 'last_heartbeat', utcformat(now() - tasks.LOST_AFTER))  # type: ignore[attr-defined]
    assert_is_given_up(client, task)


@with_redis
def test_a_worker_that_was_killed_is_not_waited_for(
    log_in: LogIn, susan: User, app: Flask, worker: Worker
) -> None:
    fall_silent(app, worker)
    client = log_in(susan)
    client.post('/export_posts')
    assert Worker.count(queue=app.task_queue) == 1  # type: ignore[attr-defined]
    assert_is_given_up(client, only_task())


@with_redis
def test_a_job_that_was_lost_out_of_the_queue(
    log_in: LogIn, susan: User, app: Flask, worker: Worker
) -> None:
    client = log_in(susan)
    client.post('/export_posts')
    task = only_task()
    assert_waits(client, task)
    app.task_queue.empty()  # type: ignore[attr-defined]
    assert_is_given_up(client, task)


@with_redis
@pytest.mark.parametrize('answered', [0, 1, 2])
def test_redis_goes_away_while_a_job_waits(
    log_in: LogIn,
    susan: User,
    app: Flask,
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
    answered: int,
) -> None:
    """At any of the questions that a page has to it."""
    client = log_in(susan)
    client.post('/export_posts')
    task = only_task()
    answers = iter([True] * answered)
    ask = Redis.execute_command

    def ask_as_long_as_it_answers(*args: Any, **options: Any) -> Any:
        if not next(answers, False):
            raise RedisConnectionError('away')
        return ask(*args, **options)

    monkeypatch.setattr(Redis, 'execute_command', ask_as_long_as_it_answers)
    make_older(task)
    before = task.heartbeat
    page = client.get('/explore')
    assert page.status_code == 200
    assert '<progress' in page.text
    assert (task.complete, task.heartbeat) == (False, before)
    # It may be away for some minutes, not forever.
    task.heartbeat = utcnow() - tasks.GIVEN_UP_AFTER
    db.session.commit()
    assert_shown_as_failed(client, 'Failed: it could not be started.')


# Jobs that die


def kill(process: 'subprocess.Popen[bytes]') -> None:
    """End a process and all that it has started, without a chance to say so."""
    for pid in (*children(process.pid), process.pid):
        os.kill(pid, signal.SIGKILL)
    process.wait()


@with_redis
def test_a_worker_is_killed(
    log_in: LogIn,
    susan: User,
    environment: dict[str, str],
    start_worker: StartWorker,
    redis_url: str,
    mailbox: Mailbox,
) -> None:
    client = log_in(susan)
    port = environment['MAIL_PORT']
    with silent_mail_server() as silence:
        environment['MAIL_PORT'] = str(silence)
        worker = start_worker()
        client.post('/export_posts')
        task = only_task()
        wait_for(lambda: task.started)
        kill(worker)
    assert not task.complete
    assert '<progress' in client.get('/explore').text
    make_older(task)
    assert_shown_as_failed(client, 'Failed: the work was interrupted.')

    environment['MAIL_PORT'] = port
    start_worker()
    client.post('/export_posts')
    assert len(mailbox.wait_for(1)) == 1
    wait_until_over(only_task())
    assert only_task().failure is None
    with Redis.from_url(redis_url) as connection:
        # The one that was killed still stands in the list, which is why nobody believes that.
        assert Worker.count(connection=connection) == 2


def test_a_web_process_is_killed(
    log_in: LogIn, susan: User, environment: dict[str, str], mailbox: Mailbox
) -> None:
    """Gunicorn's worker dies with a job on its thread; the next worker takes the next job."""
    session_cookie = log_in(susan).get_cookie('session')
    assert session_cookie is not None
    port = free_port()
    with silent_mail_server() as silence:
        server = subprocess.Popen(
            [
                sys.executable,
                '-m',
                'gunicorn',
                '-w',
                '1',
                '-b',
                f'127.0.0.1:{port}',
                'microblog:app',
            ],
            cwd=PROJECT,
            env={**environment, 'MAIL_PORT': str(silence)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            address = f'http://127.0.0.1:{port}'
            start_export(address, session_cookie.value)
            task = only_task()
            wait_for(lambda: task.started)
            [worker] = children(server.pid)
            os.kill(worker, signal.SIGKILL)
            assert not task.complete
            client = log_in(susan)
            make_older(task)
            assert_shown_as_failed(client, 'Failed: the work was interrupted.')

            # The master has started another worker, which works.
            start_export(address, session_cookie.value)
            again = only_task()
            wait_for(lambda: again.started)
            wait_until_over(again)
            assert again.failure == 'mail'
        finally:
            kill(server)


def children(process: int) -> list[int]:
    with open(f'/proc/{process}/task/{process}/children') as file:
        return [int(child) for child in file.read().split()]


def start_export(address: str, session_cookie: str) -> None:
    """Press the button, as soon as the server is there."""
    headers = {'Cookie': f'session={session_cookie}'}

    def get(path: str) -> tuple[str, str]:
        with urlopen(Request(address + path, headers=headers), timeout=10) as response:
            return response.read().decode(), response.headers.get('Set-Cookie', '')

    found: list[tuple[str, str]] = []

    def is_there() -> bool:
        try:
            found.append(get('/export_posts'))
        except OSError:
            return False
        return True

    wait_for(is_there)
    page, cookie = found[-1]
    token = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', page)
    assert token is not None
    headers = {'Cookie': cookie.partition(';')[0] or headers['Cookie']}
    request = Request(
        f'{address}/export_posts', data=f'csrf_token={token[1]}'.encode(), headers=headers
    )
    urlopen(request, timeout=10).close()


# Jobs that hang


@with_redis
def test_rq_ends_a_job_that_takes_too_long(
    log_in: LogIn,
    susan: User,
    environment: dict[str, str],
    start_worker: StartWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Enough for a worker on a busy machine to make its application, and less than that and the
    # time that a mail server gets.
    monkeypatch.setattr(job, 'TIME_LIMIT', 5)
    with silent_mail_server() as silence:
        environment['MAIL_PORT'] = str(silence)
        start_worker()
        client = log_in(susan)
        client.post('/export_posts')
        wait_until_over(only_task())
    assert_shown_as_failed(client, 'Failed: it took too long.')


def test_a_thread_that_takes_too_long_is_given_up(
    log_in: LogIn, susan: User, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, is_hanging = threading.Event(), threading.Event()

    def hang(user: User, limit: int) -> bytes:
        is_hanging.set()
        go_on.wait()
        return b'too late'

    monkeypatch.setattr(job, 'TIME_LIMIT', 0)
    monkeypatch.setattr(tasks, 'HEARTBEAT_INTERVAL', 0.01)
    monkeypatch.setattr(export, '_attachment', hang)
    client = log_in(susan)
    client.post('/export_posts')
    assert is_hanging.wait(10)
    wait_for(lambda: 'heartbeat' not in [thread.name for thread in threading.enumerate()])
    make_older(only_task())
    assert_shown_as_failed(client, 'Failed: the work was interrupted.')
    go_on.set()
    wait_for_jobs()
    assert mailbox.mails == []
    assert only_task().failure == 'lost'


def test_a_heart_beats_while_the_job_works(
    log_in: LogIn, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, is_working = threading.Event(), threading.Event()

    def work(user: User, limit: int) -> bytes:
        is_working.set()
        go_on.wait()
        return b'done'

    monkeypatch.setattr(tasks, 'HEARTBEAT_INTERVAL', 0.01)
    monkeypatch.setattr(export, '_attachment', work)
    client = log_in(susan)
    client.post('/export_posts')
    assert is_working.wait(10)
    task = only_task()
    for _ in range(2):
        before = task.heartbeat
        wait_for(lambda before=before: task.heartbeat != before)  # type: ignore[misc]
    assert not task.complete
    go_on.set()
    wait_for_jobs()
    wait_until_over(task)
    assert task.failure is None


def test_a_heartbeat_that_cannot_be_written_ends_nothing(
    susan: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried = threading.Event()

    def fail(*_: Any) -> bool:
        tried.set()
        raise OperationalError('UPDATE', {}, Exception('away'))

    monkeypatch.setattr(tasks, 'HEARTBEAT_INTERVAL', 0.01)
    monkeypatch.setattr(tasks, 'beat', fail)
    with heartbeat.heartbeat('x'):
        assert tried.wait(10)
    assert 'A heartbeat of task x was not written' in caplog.text


# What the job itself says


def test_an_unexpected_error(
    log_in: LogIn,
    susan: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(user: User, limit: int) -> bytes:
        raise ZeroDivisionError('secret detail')

    monkeypatch.setattr(export, '_attachment', fail)
    client = log_in(susan)
    client.post('/export_posts')
    wait_for_jobs()
    assert_shown_as_failed(client, 'Failed: an unexpected error has occurred.')
    assert 'secret detail' not in client.get('/explore').text
    assert 'Unhandled exception' in caplog.text
    assert 'ZeroDivisionError: secret detail' in caplog.text


def test_an_address_that_cannot_be_written_to(
    log_in: LogIn, make_user: MakeUser, mailbox: Mailbox
) -> None:
    """Nobody can register with one any more."""
    client = log_in(make_user('jose', email='josé@example.com'))
    client.post('/export_posts')
    wait_for_jobs()
    assert_shown_as_failed(client, 'Failed: the mail could not be sent.')


def test_outside_of_a_job_nobody_is_told(susan: User, mailbox: Mailbox) -> None:
    app.tasks.export_posts(susan.id)
    assert len(mailbox.wait_for(1)) == 1
    assert susan.notifications_since(0) == []


def test_progress_is_written_once_a_second_at_most(
    susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task(id='x', name='job', user_id=susan.id)
    db.session.add(task)
    db.session.commit()
    seen: list[int] = []
    now = 1000.0
    monkeypatch.setattr(job, 'monotonic', lambda: now)

    @job.job
    def count() -> None:
        nonlocal now
        for progress in (10, 10, 20, 30, 100):
            now += 0.5
            job.set_progress(progress)
            seen.append(db.session.get_one(Task, 'x').progress)

    token = job.current_task.set('x')
    count()
    job.current_task.reset(token)
    assert seen == [0, 10, 10, 30, 30]
    db.session.refresh(task)
    assert (task.progress, task.complete) == (100, True)


def test_more_jobs_than_slots_wait_and_stay_alive(
    susan: User, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox
) -> None:
    go_on = threading.Event()

    def work(user: User, limit: int) -> bytes:
        go_on.wait()
        return b'done'

    monkeypatch.setattr(tasks, 'HEARTBEAT_INTERVAL', 0.01)
    monkeypatch.setattr(export, '_attachment', work)
    people = [susan, make_user('john'), make_user('david')]
    started = [person.launch_task('export_posts', 'Exporting') for person in people]
    wait_for(lambda: sum(task.started for task in started) == 2)
    [waiting] = [task for task in started if not task.started]
    before = waiting.heartbeat
    wait_for(lambda: waiting.heartbeat != before)
    assert not waiting.started
    go_on.set()
    wait_for_jobs()
    db.session.rollback()
    assert [task.failure for task in started] == [None, None, None]
    assert len(mailbox.wait_for(3)) == 3


def test_two_requests_at_once_start_one_job(
    app: Flask, log_in: LogIn, susan: User, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def work(user: User, limit: int) -> bytes:
        go_on.wait()  # until all have asked: a request after the end may start another job
        return b'done'

    monkeypatch.setattr(export, '_attachment', work)
    clients = [log_in(susan) for _ in range(4)]
    threads = [threading.Thread(target=client.post, args=['/export_posts']) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    go_on.set()
    wait_until_over(only_task())
    assert len(mailbox.mails) == 1
