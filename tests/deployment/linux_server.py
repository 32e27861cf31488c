"""Sets up a Linux server by the steps of docs/deployment.md, on another machine.

It is a machine of its own (namespaces.py), with the user and the paths that deployment/ names.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.deployment.namespaces import mount_empty, prepare_nginx, run
from tests.servers import PROJECT, accepts, answers, running, running_postgresql, wait_until

HOME = Path('/home/ubuntu')
SITE = HOME / 'microblog'
PROCESSES = {0: 8000, 1: 8001}  # instance: port
DOTENV = """\
SECRET_KEY=52cb883e323b48d78a0a36e8e951ba4a
DATABASE_URL={DATABASE_URL}
REDIS_URL=redis://localhost:6379/0
SITE_URL=https://localhost
PROXY_COUNT=1
WEB_CONCURRENCY=2
ADMINS=you@microblog.example
MAIL_SERVER=localhost
MAIL_PORT=25
"""


def _add_user() -> None:
    """Add `ubuntu` to copies of the lists of users and groups."""
    for name, line in (
        ('passwd', f'ubuntu:x:64999:64999::{HOME}:/bin/bash'),
        ('group', 'ubuntu:x:64999:'),
    ):
        copy = Path('/run', name)
        entries = [
            entry
            for entry in Path('/etc', name).read_text().splitlines()
            if not entry.startswith('ubuntu:')
        ]
        copy.write_text('\n'.join([*entries, line, '']))
        run('mount', '--bind', copy, f'/etc/{name}')


def _copy_project() -> None:
    """What `git clone` would bring, and a virtual environment with the same libraries."""
    listed = subprocess.run(
        ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split('\0')):
        if (PROJECT / name).is_file():
            (SITE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, SITE / name, follow_symlinks=False)
    old, new = Path(sys.prefix), SITE / 'venv'
    shutil.copytree(old, new, symlinks=True)
    for program in (new / 'bin').iterdir():
        if program.is_file() and not program.is_symlink():
            text = program.read_bytes()
            program.write_bytes(text.replace(os.fsencode(old), os.fsencode(new)))


def _open_root_folder() -> None:
    """Let others enter /root, where the interpreter may be: everything in it, at the same path."""
    copy = HOME.parent / 'root'
    copy.mkdir()
    run('mount', '--rbind', '/root', copy)
    mount_empty('/root')
    for entry in copy.iterdir():
        if entry.is_dir():
            (Path('/root') / entry.name).mkdir()
        else:
            (Path('/root') / entry.name).touch()
        run('mount', '--rbind', entry, Path('/root') / entry.name)


@contextmanager
def linux_server() -> Iterator[None]:
    """The site at https://localhost/, with everything that it needs."""
    run('ip', 'link', 'set', 'lo', 'up')
    prepare_nginx()
    mount_empty('/home', '/etc/supervisor/conf.d')
    Path('/var/log/supervisor').mkdir()
    _add_user()
    _open_root_folder()
    SITE.mkdir(parents=True)
    _copy_project()
    (SITE / 'certs').mkdir()
    certificate = ['-keyout', 'certs/key.pem', '-out', 'certs/cert.pem', '-subj', '/CN=localhost']
    run(
        *['openssl', 'req', '-new', '-newkey', 'rsa:4096', '-days', '365', '-nodes', '-x509'],
        *certificate,
        folder=SITE,
    )
    run('chown', '-R', 'ubuntu:ubuntu', HOME)
    shutil.copy(SITE / 'deployment/nginx/microblog.conf', '/etc/nginx/sites-enabled/microblog')
    run('sed', '-i', 's/microblog.example/localhost/', '/etc/nginx/sites-enabled/microblog')
    shutil.copy(SITE / 'deployment/supervisor/microblog.conf', '/etc/supervisor/conf.d/')
    if list(Path('/etc/nginx/modules-enabled').glob('*brotli-static*')):
        shutil.copy(SITE / 'deployment/nginx/brotli.conf', '/etc/nginx/microblog.d/')
    with ExitStack() as stack:
        postgresql = stack.enter_context(running_postgresql())
        (SITE / '.env').write_text(DOTENV.format(DATABASE_URL=postgresql.url))
        redis = ['redis-server', '--save', '', '--dir', '/run']
        stack.enter_context(running(redis, Path('/var/log/redis')))
        wait_until(lambda: accepts(6379), 'Redis')
        as_ubuntu('flask', 'db', 'upgrade')
        as_ubuntu('flask', 'translate', 'compile')
        run('nginx', '-t')
        stack.enter_context(running(['nginx', '-g', 'daemon off;'], Path('/var/log/nginx.out')))
        supervisor = ['supervisord', '-n', '-c', '/etc/supervisor/supervisord.conf']
        # As a machine starts it, with no variable of the tests.
        environment = {'PATH': os.environ['PATH'], 'LANG': 'C.UTF-8'}
        stack.enter_context(running(supervisor, Path('/var/log/supervisor.out'), environment))
        for port in PROCESSES.values():
            wait_until(lambda port=port: answers(f'http://localhost:{port}/readyz'), f'{port}')  # type: ignore[misc]
        wait_until(lambda: accepts(443), 'nginx')
        yield


def as_ubuntu(*command: str) -> str:
    return run(*command, user='ubuntu', folder=SITE, path=f'{SITE}/venv/bin')


def supervisor_pid(instance: int) -> int:
    """Return the number of the process that supervisor started for an instance."""
    name = f'microblog:microblog-{instance}'
    found = re.search(r'pid (\d+)', run('supervisorctl', 'status', name))
    assert found, run('supervisorctl', 'status')
    return int(found[1])


def kill(instance: int) -> None:
    os.kill(supervisor_pid(instance), signal.SIGKILL)


def reload(instance: int) -> None:
    os.kill(supervisor_pid(instance), signal.SIGHUP)


@contextmanager
def mail_server(port_outside: int) -> Iterator[None]:
    """Postfix, by the commands of docs/deployment.md, with a port for the rest of the world."""
    for folder in ('/etc/postfix', '/var/spool/postfix', '/var/lib/postfix'):
        copy = Path('/run/copies') / folder[1:]
        copy.parent.mkdir(parents=True)
        run('cp', '-a', folder, copy)
        run('mount', '--bind', copy, folder)
    documented = re.findall(
        r'^    sudo (postconf .*)$', (SITE / 'docs/deployment.md').read_text(), re.MULTILINE
    )
    for command in documented:
        run('sh', '-c', command)
    run('postconf', '-e', f'relayhost=[127.0.0.1]:{port_outside}')
    run('postfix', 'start')
    try:
        yield
    finally:
        run('postfix', 'stop')
