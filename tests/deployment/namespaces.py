"""Another machine on this one: Linux namespaces, with other folders, users, ports and processes.

Nothing that is done in them reaches the machine outside, and all ends with them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import PROJECT, missing

UNSHARE = ['unshare', '--mount', '--net', '--pid', '--fork', '--mount-proc', '--kill-child']
TIMEOUT = 400  # seconds


def run_tests_on_another_machine(name: str, *programs: str) -> None:
    """Run a file of tests of this folder there. `programs` are what it needs of the system."""
    for program in ('unshare', 'ip', 'mount', *programs):
        if shutil.which(program) is None:
            missing(program)
    if os.geteuid() != 0 or subprocess.run([*UNSHARE, 'true'], check=False).returncode:
        missing('the right to make namespaces, which root has,')
    # In the order of the file: its tests have one machine together, and stop what is on it.
    options = ['-p', 'no:cacheprovider', '-p', 'no:randomly', '-x', '--tb=short']
    result = subprocess.run(
        [*UNSHARE, sys.executable, '-m', 'pytest', *options, f'tests/deployment/{name}'],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    if result.returncode != 0:
        pytest.fail(result.stdout, pytrace=False)


def run(*command: str | Path, user: str = 'root', folder: Path = Path('/'), path: str = '') -> str:
    """Run a command, and return what it prints. Raises AssertionError when it fails.

    It gets none of the variables of whoever runs the tests; `path` is put before the usual PATH.
    """
    environment = {'PATH': f'{path}:{os.environ["PATH"]}', 'LANG': 'C.UTF-8'}
    result = subprocess.run(
        ['runuser', '-u', user, '--', *command] if user != 'root' else command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f'{command}: {result.stdout}'
    return result.stdout


def mount_empty(*folders: str) -> None:
    for folder in folders:
        Path(folder).mkdir(parents=True, exist_ok=True)
        run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', folder)


def prepare_nginx() -> None:
    """Give nginx the folders of a machine on which it has just been installed, without a site."""
    mount_empty('/run', '/var/log', '/var/lib/nginx', '/var/cache/nginx')
    mount_empty('/etc/nginx/conf.d', '/etc/nginx/sites-enabled', '/etc/nginx/microblog.d')
    for folder in ('/run/lock', '/var/log/nginx'):
        Path(folder).mkdir()
