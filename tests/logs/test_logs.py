"""Where failures are written down, and who is told of them (chapter 7)."""

import gc
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import logs
from app.background import in_background
from app.email import send_email
from app.logs import error_mail
from app.models import User
from tests.conftest import MakeUser, session_of
from tests.deployment.visitor import SECRET
from tests.mailbox import running_mailbox
from tests.threads import wait_for_error_mails


@pytest.fixture
def in_production(
    make_app: Callable[..., Flask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Flask]]:
    """Make applications that log as they do in production, into an empty folder."""
    monkeypatch.chdir(tmp_path)

    def make(**settings: object) -> Flask:
        app = make_app(TESTING=False, **settings)

        @app.route('/fail')
        def fail() -> str:
            raise RuntimeError('the cause')

        @app.route('/fail-otherwise/<int:number>')
        def fail_otherwise(number: int) -> str:
            raise type(f'Error{number}', (Exception,), {})('another cause')

        return app

    logger = logging.getLogger('app')
    yield make
    for handler in [*logger.handlers]:
        logger.removeHandler(handler)
        handler.close()
    logger.setLevel(logging.NOTSET)


def test_the_log_file(in_production: Callable[..., Flask], tmp_path: Path) -> None:
    client = in_production().test_client()
    response = client.get('/fail?secret=1')
    assert response.status_code == 500
    assert 'the cause' not in response.text
    log = (tmp_path / 'logs' / 'microblog.log').read_text()
    assert re.match(r'\d{4}-\d\d-\d\d .* INFO: Microblog startup \[in .*:\d+\] \[-\]', log)
    assert 'ERROR: Exception on /fail [GET]' in log
    assert 'RuntimeError: the cause' in log
    assert f'[{response.headers["X-Request-ID"]}]' in log


def test_every_answer_has_a_number_of_its_own(app: Flask) -> None:
    client = app.test_client()
    paths = ['/auth/login', '/nothing', '/static/css/app.css', '/']
    numbers = {client.get(path).headers['X-Request-ID'] for path in paths}
    assert len(numbers) == len(paths)


def test_two_applications_log_each_line_once(
    in_production: Callable[..., Flask], tmp_path: Path
) -> None:
    first, second = in_production(), in_production()
    for number, app in enumerate([first, second, first]):
        with app.app_context():
            app.logger.warning('said within %s.', number)
    second.logger.warning('said outside.')
    lines = re.findall(r'said .*?\.', (tmp_path / 'logs' / 'microblog.log').read_text())
    assert lines == ['said within 0.', 'said within 1.', 'said within 2.', 'said outside.']


def test_a_second_application_leaves_the_first_one_its_log_and_its_mails(
    in_production: Callable[..., Flask], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_mailbox() as mailbox:
        first = in_production(MAIL_SERVER='127.0.0.1', MAIL_PORT=mailbox.port)
        second = in_production(LOG_TO_STDOUT=True)
        capsys.readouterr()
        first.test_client().get('/fail')
        mailbox.wait_for(1)
        assert capsys.readouterr().out == ''
        second.test_client().get('/fail?second')
        wait_for_error_mails()
    assert [mail['Subject'] for mail in mailbox.mails] == ['Microblog Failure']
    assert 'RuntimeError: the cause' in capsys.readouterr().out
    log = (tmp_path / 'logs' / 'microblog.log').read_text()
    assert log.count('RuntimeError: the cause') == 1


def test_an_application_that_is_gone_leaves_nothing_open() -> None:
    def make() -> None:
        app = Flask('app')
        app.config.update(LOG_TO_STDOUT=True, MAIL_SERVER=None)
        logs.init_app(app)

    logger = logging.getLogger('app')
    make()
    gc.collect()
    before = [*logger.handlers]
    make()
    gc.collect()
    assert logger.handlers == before


def test_the_terminal_shows_what_has_failed(
    in_production: Callable[..., Flask], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_production().test_client().get('/fail')
    shown = capsys.readouterr().err
    assert 'Traceback' in shown
    assert shown.count('RuntimeError: the cause') == 1
    assert (tmp_path / 'logs' / 'microblog.log').read_text().count('RuntimeError: the cause') == 1


def test_the_standard_output(
    in_production: Callable[..., Flask], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_production(LOG_TO_STDOUT=True).logger.warning('out there')
    shown = capsys.readouterr()
    assert 'WARNING: out there' in shown.out
    assert shown.err == ''
    assert not (tmp_path / 'logs').exists()


@pytest.mark.parametrize('testing', [True, False])
def test_a_test_writes_no_log(
    in_production: Callable[..., Flask],
    make_app: Callable[..., Flask],
    tmp_path: Path,
    testing: bool,
) -> None:
    app = make_app() if testing else in_production()
    app.logger.warning('This is said.')
    assert (tmp_path / 'logs').exists() == (not testing)


def test_the_admins_get_one_mail(
    in_production: Callable[..., Flask], make_user: MakeUser, app: Flask
) -> None:
    susan: User = make_user('susan')
    with running_mailbox() as mailbox:
        production = in_production(
            MAIL_SERVER='127.0.0.1', MAIL_PORT=mailbox.port, ADMINS=['a@example.com']
        )
        client = production.test_client()
        with client.session_transaction() as session:
            session['_user_id'] = session_of(susan)
        responses = [client.get('/fail') for _ in range(5)]
        [mail] = mailbox.wait_for(1)
        client.get('/fail')
    assert len(mailbox.mails) == 1
    assert mail['Subject'] == 'Microblog Failure'
    assert mail['To'] == 'a@example.com'
    assert mail['From'] == 'no-reply@127.0.0.1'
    text = mail.get_content()
    assert 'RuntimeError: the cause' in text
    assert 'GET http://localhost/fail' in text
    assert f'User id: {susan.id}' in text
    assert responses[0].headers['X-Request-ID'] in text


def test_a_mail_server_with_an_ipv6_address(in_production: Callable[..., Flask]) -> None:
    with running_mailbox('::1') as mailbox:
        in_production(MAIL_SERVER='::1', MAIL_PORT=mailbox.port).test_client().get('/fail')
        [mail] = mailbox.wait_for(1)
    assert mail['From'] == 'no-reply@[IPv6:::1]'


@pytest.mark.parametrize(
    ('settings', 'warned'),
    [
        ({'MAIL_SERVER': '127.0.0.1'}, True),
        ({'MAIL_SERVER': '127.0.0.1', 'ADMINS': ['a@example.com']}, False),
        ({}, False),
    ],
)
def test_mails_from_the_example_address_are_warned_of(
    in_production: Callable[..., Flask], tmp_path: Path, settings: dict[str, object], warned: bool
) -> None:
    in_production(**settings)
    log = (tmp_path / 'logs' / 'microblog.log').read_text()
    assert ('WARNING: ADMINS is not set' in log) == warned


def test_an_error_does_not_hide_another(in_production: Callable[..., Flask]) -> None:
    with running_mailbox() as mailbox:
        client = in_production(MAIL_SERVER='127.0.0.1', MAIL_PORT=mailbox.port).test_client()
        client.get('/fail?page=3')
        mailbox.wait_for(1)
        for number in range(error_mail.MOST_IN_INTERVAL + 5):
            client.get(f'/fail-otherwise/{number}')
        mailbox.wait_for(error_mail.MOST_IN_INTERVAL)
        wait_for_error_mails()
    texts = [mail.get_content() for mail in mailbox.mails]
    assert len(texts) == error_mail.MOST_IN_INTERVAL
    assert 'GET http://localhost/fail?page=3' in texts[0]
    assert sum('another cause' in text for text in texts) == error_mail.MOST_IN_INTERVAL - 1


def test_what_was_left_out_is_counted(
    in_production: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_mailbox() as mailbox:
        client = in_production(MAIL_SERVER='127.0.0.1', MAIL_PORT=mailbox.port).test_client()
        for _ in range(3):
            client.get('/fail')
        monkeypatch.setattr(error_mail, 'INTERVAL', 0)
        mailbox.wait_for(1)
        client.get('/fail')
        mailbox.wait_for(2)
        wait_for_error_mails()
    assert 'left out since the last one: 2' in mailbox.mails[1].get_content()


def test_a_mail_server_that_is_away_stops_nothing(
    in_production: Callable[..., Flask], tmp_path: Path
) -> None:
    client = in_production(MAIL_SERVER='127.0.0.1', MAIL_PORT=1).test_client()
    assert client.get('/fail').status_code == 500
    wait_for_error_mails()
    log = (tmp_path / 'logs' / 'microblog.log').read_text()
    assert 'The mail of an error to the admins was not sent' in log
    assert 'ConnectionRefusedError' in log


@pytest.mark.slow
def test_several_processes_lose_no_line(tmp_path: Path) -> None:
    """Each writes what fills the file several times over."""
    code = """
import sys
from flask import Flask
from app import logs
app = Flask('app')
app.config.update(LOG_TO_STDOUT=False, MAIL_SERVER=None)
logs.FILE_SIZE = 20_000
logs.init_app(app)
for number in range(400):
    app.logger.info('line %s-%s.', sys.argv[1], number)
"""
    project = str(Path(__file__).parents[2])
    processes = [
        subprocess.Popen(
            [sys.executable, '-c', code, name],
            cwd=tmp_path,
            env={**os.environ, 'PYTHONPATH': project},
        )
        for name in 'abcd'
    ]
    assert [process.wait() for process in processes] == [0] * 4
    files = [*(tmp_path / 'logs').glob('microblog.log*')]
    assert len(files) > 2
    text = ''.join(path.read_text() for path in files)
    assert sorted(re.findall(r'line (\S+)\.', text)) == sorted(
        f'{name}-{number}' for name in 'abcd' for number in range(400)
    )


def test_a_background_job_has_the_number_of_its_request(
    in_production: Callable[..., Flask], tmp_path: Path
) -> None:
    app = in_production()

    @app.route('/work')
    def work() -> str:
        in_background(fail_later).join()
        return ''

    response = app.test_client().get('/work')
    log = (tmp_path / 'logs' / 'microblog.log').read_text()
    line = next(line for line in log.splitlines() if 'fail_later failed' in line)
    assert line.endswith(f'[{response.headers["X-Request-ID"]}]')


def fail_later() -> None:
    raise RuntimeError


def test_what_libraries_say(in_production: Callable[..., Flask], tmp_path: Path) -> None:
    app = in_production(RATELIMIT_ENABLED=True, RATELIMIT_STORAGE_URI='redis://127.0.0.1:1/0')
    app.test_client().post('/auth/login', data={'username': 'susan', 'password': 'x'})
    assert 'Rate limit storage unreachable' in (tmp_path / 'logs' / 'microblog.log').read_text()


def test_a_visitor_cannot_write_lines_into_the_log(
    in_production: Callable[..., Flask], tmp_path: Path
) -> None:
    app = in_production()

    @app.route('/fail/<path:path>')
    def fail_there(path: str) -> str:
        raise RuntimeError

    app.test_client().get('/fail/%0a2026-01-01 00:00:00,000 INFO: FORGED%0d%1b[2J')
    log = (tmp_path / 'logs' / 'microblog.log').read_text()
    assert r'Exception on /fail/\n2026-01-01 00:00:00,000 INFO: FORGED\r\x1b[2J [GET]' in log


def test_a_mail_in_the_log_can_be_read(in_production: Callable[..., Flask], tmp_path: Path) -> None:
    app = in_production()
    with app.app_context():
        send_email('Subject', 'a@example.com', ['b@example.com'], 'two\nlines', '', sync=True)
    assert 'To: b@example.com\n\ntwo\nlines\n' in (tmp_path / 'logs' / 'microblog.log').read_text()


@pytest.mark.parametrize('page', ['reset_password', 'confirm_email'])
def test_secrets_in_links_are_not_logged(
    in_production: Callable[..., Flask],
    make_user: MakeUser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    page: str,
) -> None:
    """Neither in the log nor in the mail of an error, wherever they stand."""
    susan: User = make_user('susan')
    tokens = {
        'reset_password': susan.get_reset_password_token(),
        'confirm_email': susan.get_change_email_token('new@example.com'),
    }
    token = tokens[page]

    def fail(_token: str) -> None:
        raise RuntimeError(f'for {token}')

    monkeypatch.setattr(User, 'verify_reset_password_token', fail)
    monkeypatch.setattr(User, 'verify_change_email_token', fail)
    with running_mailbox() as mailbox:
        app = in_production(MAIL_SERVER='127.0.0.1', MAIL_PORT=mailbox.port)
        assert app.test_client().get(f'/auth/{page}/{token}').status_code == 500
        [mail] = mailbox.wait_for(1)
    text = (tmp_path / 'logs' / 'microblog.log').read_text() + mail.get_content()
    assert f'Exception on /auth/{page}/[secret] [GET]' in text
    assert f'Request: GET http://localhost/auth/{page}/[secret]' in text.splitlines()
    for part in token.split('.'):
        assert part not in text
    assert token[:10] == SECRET[:10]
