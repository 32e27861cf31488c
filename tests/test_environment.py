"""Tests touch nothing of the site that a developer has set up in the same folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import PROJECT, SETTINGS

# A test of a project whose `.env` and whose shell set everything to a value that is wrong: whoever
# reads a number or an address is stopped by it, and texts show it.
TEST = """
import os
import subprocess
import sys

import pytest

from config import Config
from tests.environment import bare

SHOW = 'from config import Config; print(vars(Config))'


def test_here(app):
    assert 'theirs' not in f'{vars(Config)} {app.config} {os.environ}'
    assert os.environ['TEST_SOMETHING'] == 'ours'


@pytest.mark.parametrize(
    ('command', 'environment'),
    [(['-c', SHOW], None), (['-c', SHOW], bare()), (['-m', 'flask', 'routes'], None)],
)
def test_in_other_processes(command, environment):
    result = subprocess.run(
        [sys.executable, *command], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    assert 'theirs' not in result.stdout
"""


@pytest.mark.slow
def test_what_a_developer_has_set_reaches_no_test(tmp_path: Path) -> None:
    for name in ('config.py', 'microblog.py', '.env.example', '.flaskenv', 'pyproject.toml'):
        shutil.copy(PROJECT / name, tmp_path)
    (tmp_path / 'app').symlink_to(PROJECT / 'app')
    (tmp_path / 'tests').mkdir()
    for name in ('__init__.py', 'conftest.py', 'environment.py', 'servers.py'):
        shutil.copy(PROJECT / 'tests' / name, tmp_path / 'tests')
    (tmp_path / 'tests' / 'test_inside.py').write_text(TEST)
    assert {'DATABASE_URL', 'ELASTICSEARCH_URL', 'REDIS_URL', 'MAIL_SERVER'} <= {*SETTINGS}
    theirs = dict.fromkeys(SETTINGS, 'theirs')
    (tmp_path / '.env').write_text(''.join(f'{name}={text}\n' for name, text in theirs.items()))
    result = subprocess.run(
        [sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider'],
        cwd=tmp_path,
        # As from a shell, not from a test.
        env={'PATH': os.defpath, 'TEST_SOMETHING': 'ours', **theirs},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert '4 passed' in result.stdout
