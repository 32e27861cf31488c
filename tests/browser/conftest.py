"""A server of its own and a headless Chromium, for the tests that need a person's view.

They are skipped where there is no Chromium or no axe-core; with CI set that is a failure.
"""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Error, Page, Route, sync_playwright
from werkzeug.serving import make_server

from app import db
from tests.threads import wait_for_jobs

PROJECT = Path(__file__).parent.parent.parent
AXE = PROJECT / 'build' / 'axe' / 'node_modules' / 'axe-core' / 'axe.min.js'
GRAVATAR = 'https://www.gravatar.com/**'
PICTURE = bytes.fromhex(
    '89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de'
    '0000000c4944415408d763606060000000040001c8eaebf90000000049454e44ae426082'
)

DESKTOP = {'width': 1280, 'height': 900}
PHONE = {'width': 360, 'height': 740}


def missing(what: str) -> None:
    """Skip the test, unless this is CI, which could have installed it."""
    if os.environ.get('CI'):
        pytest.fail(f'{what} is missing: see .ci/run')
    pytest.skip(f'{what} is missing')


@pytest.fixture(scope='session')
def chromium() -> Iterator[Browser]:
    path = shutil.which('chromium') or shutil.which('google-chrome')
    if path is None:
        missing('Chromium')
    arguments = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope='session')
def axe() -> str:
    """The source of axe-core."""
    if not AXE.exists():
        missing('axe-core (make axe)')
    return AXE.read_text()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a Microblog as `make run` starts it, on an empty database."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        'DATABASE_URL': f'sqlite:///{tmp_path}/browser.db',
        'INSTANCE_PATH': str(tmp_path / 'instance'),
        'POSTS_PER_PAGE': '5',
    }
    flask = [sys.executable, '-m', 'flask']
    subprocess.run(
        [*flask, 'db', 'upgrade'], cwd=PROJECT, env=environment, check=True, capture_output=True
    )
    with (tmp_path / 'server.log').open('w') as log:
        process = subprocess.Popen(
            [*flask, 'run', '--port', str(port)],
            cwd=PROJECT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        address = f'http://127.0.0.1:{port}'
        for _ in range(100):
            try:
                urlopen(f'{address}/auth/login', timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
        process.terminate()
        process.wait()
    assert 'Traceback' not in (tmp_path / 'server.log').read_text()


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve `app` in this process, so that a test can put into its database what it needs."""
    with app.app_context():
        server = make_server('127.0.0.1', 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()
        thread.join()
        server.server_close()
        wait_for_jobs()
        db.session.remove()


class Visitor:
    """A person with a browser, who writes down everything that is wrong with a page."""

    def __init__(self, context: BrowserContext, server: str, gravatar_answers: bool) -> None:
        self.server = server
        self.context = context
        self.gravatar_answers = gravatar_answers
        self.complaints: list[str] = []
        self.expect_failed_requests = False
        context.route('**', self._answer)
        self.page: Page = context.new_page()
        self.page.on('console', lambda m: self._console(m.type, m.text, m.location['url']))
        self.page.on('pageerror', lambda error: self.complaints.append(str(error)))

    def _answer(self, route: Route) -> None:
        address = route.request.url
        if address.startswith('https://www.gravatar.com/'):
            if self.gravatar_answers:
                route.fulfill(body=PICTURE, content_type='image/png')
            else:
                route.abort()
            return
        if not address.startswith((self.server, 'data:')):
            self.complaints.append(f'a request to {address}')
        route.continue_()

    def _console(self, kind: str, text: str, address: str) -> None:
        if 'gravatar.com' in address and not self.gravatar_answers:
            return
        if kind in ('error', 'warning') and not self.expect_failed_requests:
            self.complaints.append(f'{kind} on {self.page.url}: {text} ({address})')

    def open(self, path: str) -> Page:
        self.page.goto(self.server + path)
        return self.page

    def send(self, **fields: str) -> None:
        """Fill in the form on the page and send it."""
        for field, value in fields.items():
            self.page.fill(f'#{field}', value)
        with self.page.expect_navigation():
            self.page.click('#submit')

    def register(self, username: str) -> None:
        self.open('/auth/register')
        password = 'correct horse'
        self.send(
            username=username,
            email=f'{username.encode().hex()}@example.com',
            password=password,
            password2=password,
        )
        self.send(username=username, password=password)
        assert self.page.url == f'{self.server}/index'

    def post(self, text: str) -> None:
        self.open('/index')
        self.send(post=text)

    def follow_link(self, selector: str) -> None:
        """Click on a link or a button, and wait for the page that it leads to."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def texts(self, selector: str) -> list[str]:
        return self.page.locator(selector).all_inner_texts()


MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def make_visitor(chromium: Browser, server: str) -> Iterator[MakeVisitor]:
    """Open a browser of its own for a person: `make_visitor(viewport=PHONE)`."""
    visitors: list[Visitor] = []

    def make(gravatar_answers: bool = True, **options: object) -> Visitor:
        context = chromium.new_context(**{'viewport': DESKTOP, 'locale': 'en-US', **options})  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        visitors.append(Visitor(context, server, gravatar_answers))
        return visitors[-1]

    yield make
    for visitor in visitors:
        try:
            visitor.context.close()
        except Error:
            continue
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []
