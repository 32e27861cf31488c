"""boot.sh: waits for the database, and then becomes the web server."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environment import bare
from tests.servers import PATIENCE, PROJECT, answers, free_port, wait_until


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of the application, as the image has it."""
    for name in re.findall(r'^!(.+)$', (PROJECT / '.dockerignore').read_text(), re.MULTILINE):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(PROJECT / name)
    (tmp_path / 'boot.sh').unlink()  # a link would lead out of the folder
    (tmp_path / 'boot.sh').write_bytes((PROJECT / 'boot.sh').read_bytes())
    (tmp_path / 'boot.sh').chmod(0o755)
    (tmp_path / 'venv').symlink_to(Path(sys.prefix))
    return tmp_path


@pytest.fixture
def booting(home: Path) -> Iterator['tuple[subprocess.Popen[bytes], int]']:
    """A start while the folder of the database is missing, and the port of the server."""
    port = free_port()
    environment = bare(
        PORT=str(port),
        DATABASE_URL=f'sqlite:///{home}/volume/app.db',
        INSTANCE_PATH=str(home / 'instance'),
        LOG_TO_STDOUT='1',
    )
    with (home / 'log').open('w') as log:
        process = subprocess.Popen(['./boot.sh'], cwd=home, env=environment, stdout=log, stderr=log)
        yield process, port
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('WEB_CONCURRENCY', 'many'),
        ('WEB_THREADS', '-3'),
        ('PORT', 'http'),
        ('POSTS_PER_PAGE', 'many'),
    ],
)
def test_a_malformed_setting_ends_it_with_one_line(home: Path, name: str, text: str) -> None:
    result = subprocess.run(
        ['./boot.sh'],
        cwd=home,
        env=bare(**{name: text}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert result.returncode != 0
    assert result.stderr.startswith(f'{name} must be ')
    assert result.stderr.count('\n') == 1


def failed(home: Path) -> bool:
    return 'Upgrade command failed, retrying in 5 secs...' in (home / 'log').read_text()


@pytest.mark.parametrize(
    'address',
    ['sqlite:////nowhere/app.db', 'postgresql://u:secret@127.0.0.1:1/x', 'mysql://127.0.0.1:1/x'],
)
def attempts(home: Path, address: str) -> str:
    """Return what boot.sh prints while it tries twice to upgrade the database at an address."""
    environment = bare(
        DATABASE_URL=address, SECRET_KEY='for tests only, nothing to hide', LOG_TO_STDOUT='1'
    )
    path = home / 'log'
    with path.open('w') as log:
        process = subprocess.Popen(['./boot.sh'], cwd=home, env=environment, stdout=log, stderr=log)
        try:
            wait_until(lambda: path.read_text().count('retrying in 5 secs...') == 2, 'two attempts')
        finally:
            process.terminate()
            process.wait(PATIENCE)
    return path.read_text()


@pytest.mark.parametrize(
    'address',
    ['sqlite:////nowhere/app.db', 'postgresql://u:hidden@127.0.0.1:1/x', 'mysql://127.0.0.1:1/x'],
)
def test_an_attempt_without_a_database_is_one_line(home: Path, address: str) -> None:
    lines = attempts(home, address).splitlines()
    assert len(lines) == 2
    for line in lines:
        assert line.startswith('Upgrade command failed, retrying in 5 secs... ')
        assert 'The database does not answer: ' in line
        assert 'hidden' not in line


def test_another_failure_is_told_in_full(home: Path) -> None:
    (home / 'app.db').write_bytes(b'x' * 5000)
    said = attempts(home, f'sqlite:///{home}/app.db')
    assert said.count('file is not a database') >= 2
    assert 'Traceback' in said


def test_it_waits_and_becomes_the_server(
    home: Path, booting: 'tuple[subprocess.Popen[bytes], int]'
) -> None:
    process, port = booting
    wait_until(lambda: failed(home), 'the first attempt')
    assert not answers(f'http://127.0.0.1:{port}/healthz')
    (home / 'volume').mkdir()
    wait_until(lambda: answers(f'http://127.0.0.1:{port}/readyz'), 'the server')
    # The very process that was started, so that signals reach it: it ends at once and in order.
    assert 'gunicorn' in Path(f'/proc/{process.pid}/cmdline').read_text()
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_it_ends_at_once_while_it_waits(
    home: Path, booting: 'tuple[subprocess.Popen[bytes], int]'
) -> None:
    process, _port = booting
    wait_until(lambda: failed(home), 'the first attempt')
    process.send_signal(signal.SIGTERM)
    assert process.wait(3) == 128 + signal.SIGTERM
