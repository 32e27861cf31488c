"""What is true of a Linux server with the files of deployment/; run by test_linux_server.py."""

import os
import re
import shutil
import signal
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread

import pytest
from redis import Redis

from tests.deployment.linux_server import (
    PROCESSES,
    SITE,
    as_ubuntu,
    kill,
    linux_server,
    mail_server,
    reload,
)
from tests.deployment.namespaces import run
from tests.deployment.visitor import (
    SECRET,
    Visitor,
    assert_little_is_fetched,
    assert_pictures_come_and_go,
    assert_secrets_are_left_out,
    core_story,
)
from tests.mailbox import running_mailbox
from tests.servers import answers, missing, wait_until

HTTPS = 'https://localhost'


@pytest.fixture(scope='module', autouse=True)
def server() -> Iterator[None]:
    with linux_server():
        yield


def test_the_core_story() -> None:
    susan, _ = core_story(HTTPS)
    assert all(cookie.secure for cookie in susan.cookies)
    headers = susan.get('/index').headers
    assert headers['Strict-Transport-Security'] == 'max-age=31536000'
    assert headers.get_all('Server') == ['nginx']


def test_plain_http_leads_to_tls() -> None:
    answer = Visitor('http://localhost').get('/auth/login?next=/index')
    assert answer.status == 200
    assert answer.url == f'{HTTPS}/auth/login?next=/index'


@pytest.mark.parametrize('host', ['localhost', 'evil.example', 'evil.example:80', ''])
def test_plain_http_leads_to_no_other_site(host: str) -> None:
    connection = HTTPConnection('127.0.0.1')
    connection.request('GET', '/auth/login?next=/index', headers={'Host': host})
    answer = connection.getresponse()
    connection.close()
    if host:
        assert answer.status == 301
        assert answer.headers['Location'] == f'{HTTPS}/auth/login?next=/index'
    assert 'evil' not in str(answer.headers)
    assert answer.headers['Server'] == 'nginx'


def test_secrets_in_links_are_not_logged() -> None:
    assert_secrets_are_left_out(HTTPS, Path('/var/log/microblog_access.log'))
    assert SECRET not in (SITE / 'logs/microblog.log').read_text()


def test_mails_leave_through_the_documented_mail_server() -> None:
    if shutil.which('postfix') is None:
        missing('postfix')
    with running_mailbox() as mailbox, mail_server(mailbox.port):
        Visitor(HTTPS).register('reader')
        Visitor(HTTPS).submit('/auth/reset_password_request', email='reader@example.com')
        wait_until(lambda: len(mailbox.mails) == 1, 'the mail with the link')
        as_ubuntu('python', '-c', 'from microblog import app; app.logger.error("It broke")')
        wait_until(lambda: len(mailbox.mails) == 2, 'the mail of an error')
    link, failure = mailbox.mails
    assert (link['From'], link['To']) == ('you@microblog.example', 'reader@example.com')
    assert f'{HTTPS}/auth/reset_password/' in str(link.get_body(('plain',)))
    # Not from localhost, a sender that others refuse.
    assert (failure['From'], failure['To']) == (
        'no-reply@microblog.example',
        'you@microblog.example',
    )


def test_http2() -> None:
    context = Visitor(HTTPS).tls
    context.set_alpn_protocols(['h2', 'http/1.1'])
    with context.wrap_socket(socket.create_connection(('localhost', 443))) as connection:
        assert connection.selected_alpn_protocol() == 'h2'
        assert connection.version() in ('TLSv1.2', 'TLSv1.3')


def test_old_tls_is_refused() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match='TLSv1_1'):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(('localhost', 443)) as connection, pytest.raises(ssl.SSLError):
        context.wrap_socket(connection)


def test_nginx_takes_and_serves_pictures() -> None:
    assert_pictures_come_and_go(HTTPS)


@pytest.mark.parametrize('name', ['static/css/app', 'bootstrap/static/css/bootstrap.min'])
def test_nginx_serves_static_files_itself(name: str) -> None:
    visitor = Visitor(HTTPS)
    found = re.search(rf'"(/{name}\.[0-9a-f]+\.css)"', visitor.get('/auth/login').text)
    assert found
    plain = visitor.get(found[1])
    assert plain.status == 200
    # As nginx words it, not the application.
    assert plain.headers['Cache-Control'] == 'public, max-age=31536000, immutable'
    assert plain.headers['Content-Type'] == 'text/css; charset=utf-8'
    assert plain.headers['X-Content-Type-Options'] == 'nosniff'
    assert 'Set-Cookie' not in plain.headers
    small = visitor.get(found[1], Accept_Encoding='gzip')
    assert small.headers['Content-Encoding'] == 'gzip'
    assert small.headers['Vary'] == 'Accept-Encoding'
    # A name without a digest is for the application to answer.
    assert visitor.get(f'/{name}.css').status == 200


def test_pages_are_small_and_their_lengths_tell_nothing() -> None:
    assert_little_is_fetched(HTTPS)


def test_too_large_a_body_gets_the_page_of_the_site() -> None:
    answer = Visitor(HTTPS).ask('/auth/login', b'x' * 70_000)
    assert answer.status == 413
    assert 'Microblog' in answer.text
    assert Visitor(HTTPS).ask('/auth/login', b'x' * 1_000_000).status == 413


def test_a_search_of_8000_characters_gets_through() -> None:
    susan = Visitor(HTTPS)
    susan.register('searcher')
    answer = susan.get(f'/search?q={"x" * 8000}')
    assert answer.status == 200
    assert 'Search Results' in answer.text


def test_foreign_host_names_are_refused_but_for_health() -> None:
    assert Visitor(HTTPS).get('/auth/login', Host='evil.example').status == 400
    assert Visitor(HTTPS).get('/readyz', Host='10.0.0.7').text == 'ok\n'


def test_the_worker_comes_and_ends_in_order() -> None:
    def workers() -> int:
        with Redis() as redis:
            return int(redis.scard('rq:workers:microblog-tasks'))

    wait_until(lambda: workers() == 1, 'the worker')
    run('supervisorctl', 'stop', 'microblog-worker:*')
    assert workers() == 0  # it has signed off
    run('supervisorctl', 'start', 'microblog-worker:*')
    wait_until(lambda: workers() == 1, 'the worker again')


def worker_status() -> list[str]:
    """Return what supervisor says of the worker: its name, its state, `pid`, a number, ..."""
    # (supervisorctl fails where something is not running.)
    shown = run('sh', '-c', 'supervisorctl status microblog-worker:* || true')
    return shown.replace(',', ' ').split()


def worker_pid() -> int | None:
    _name, state, *details = worker_status()
    return int(details[1]) if state == 'RUNNING' else None


@pytest.mark.parametrize('end', [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_ends_is_replaced(end: signal.Signals) -> None:
    wait_until(lambda: worker_pid() is not None, 'the worker')
    old = worker_pid()
    assert old
    os.kill(old, end)
    wait_until(lambda: worker_pid() not in (old, None), 'another one')


@pytest.mark.parametrize('change', ['no REDIS_URL', 'no file'])
def test_there_is_no_worker_without_redis_url(change: str) -> None:
    dotenv = SITE / '.env'
    text = dotenv.read_text()
    if change == 'no file':
        dotenv.rename(SITE / 'elsewhere')
    else:
        dotenv.write_text(text.replace('REDIS_URL=', '#REDIS_URL='))
    try:
        run('supervisorctl', 'restart', 'microblog-worker:*')
        wait_until(lambda: worker_status()[1] == 'EXITED', 'its end')
        # What supervisor starts again is not EXITED for longer than a moment.
        assert {worker_status()[1] for _ in range(5)} == {'EXITED'}
    finally:
        dotenv.write_text(text)
        run('supervisorctl', 'restart', 'microblog-worker:*')


@pytest.mark.skipif(shutil.which('systemd-analyze') is None, reason='no systemd here')
@pytest.mark.parametrize('unit', ['microblog@8000', 'microblog-worker@1'])
def test_the_units_of_systemd(unit: str) -> None:
    name, instance = unit.split('@')
    copy = Path(f'/run/{name}@{instance}.service')
    shutil.copy(SITE / f'deployment/systemd/{name}@.service', copy)
    complaints = run('systemd-analyze', 'verify', copy)
    assert name not in complaints


class Load:
    """People who read and write all the time, and note what was promised to them."""

    def __init__(self, people: list[Visitor]) -> None:
        self.over = Event()
        self.failed: list[str] = []
        self.promised: list[str] = []
        self.reads = 0
        self.threads = [Thread(target=self._read, args=[person]) for person in people]
        self.threads += [
            Thread(target=self._write, args=[number, person])
            for number, person in enumerate(people)
        ]

    def __enter__(self) -> 'Load':
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _read(self, person: Visitor) -> None:
        while not self.over.is_set():
            for path in ('/index', '/explore', '/static/css/app.css', '/healthz'):
                try:
                    answer = person.get(path)
                except OSError as error:
                    self.failed.append(f'GET {path}: {error}')
                    continue
                self.reads += 1
                if answer.status != 200:
                    self.failed.append(f'GET {path}: {answer.status}')

    def _write(self, number: int, person: Visitor) -> None:
        # As many as one person may post in a minute.
        for count in range(25):
            if self.over.wait(0.5):
                return
            text = f'post {count} of {number}'
            try:
                answer = person.post(text)
            except OSError:
                continue  # nothing was promised
            if 'Your post is now live!' in answer.text:
                self.promised.append(text)


def everything_on_explore(visitor: Visitor) -> str:
    texts, path = '', '/explore'
    while True:
        page = visitor.get(path).text
        texts += page
        older = re.search(r'href="(/explore[^"]*)"[^>]*>[^<]*Older posts', page)
        if older is None:
            return texts
        path = older[1].replace('&amp;', '&')


def test_instances_die_and_are_reloaded_and_restarted_under_load() -> None:
    people = [*core_story(HTTPS), *core_story(HTTPS)]
    with Load(people) as load:
        wait_until(lambda: len(load.promised) >= 8, 'the first posts')
        kill(0)
        wait_until(lambda: not answers('http://localhost:8000/healthz'), 'the death')
        seen = len(load.promised)
        wait_until(lambda: len(load.promised) >= seen + 8, 'posts while one is away')
        wait_until(lambda: answers('http://localhost:8000/readyz'), 'a new one')

        # A new release: the instance takes it over without being away.
        health = SITE / 'app/web/health.py'
        old = health.read_text()
        assert old.count("_answer('ok')") == 1
        health.write_text(old.replace("_answer('ok')", "_answer('new')"))
        for instance, port in reversed(PROCESSES.items()):
            reload(instance)
            wait_until(
                lambda port=port: (  # type: ignore[misc]
                    {Visitor(f'http://localhost:{port}').get('/healthz').text for _ in range(9)}
                    == {'new\n'}
                ),
                'the new code',
            )

        # What docs/deployment.md says of an upgrade without interruption.
        run('supervisorctl', 'restart', 'microblog:microblog-1')
        wait_until(lambda: answers('http://localhost:8001/readyz'), 'the restart')
    assert load.failed == []
    assert load.reads > 100
    texts = everything_on_explore(people[0])
    assert [text for text in load.promised if f'{text}<' not in texts] == []


def test_attempts_are_counted_for_all_instances_together() -> None:
    """And by the true address of the visitor, whatever that claims."""
    visitor = Visitor(HTTPS)
    page = visitor.get('/auth/login').text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    body = f'username=nobody&password=wrong&csrf_token={token[1]}'.encode()
    statuses = [
        visitor.ask('/auth/login', body, X_Forwarded_For=f'203.0.113.{number}').status
        for number in range(25)
    ]
    assert statuses[-1] == 429
    assert statuses.count(429) >= 15
