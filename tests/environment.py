"""The environment that tests start from, and with them every process that they start.

It has nothing of what a developer has set for a site of their own, by variables or in a file
`.env`: no test writes into a database, a search engine, a Redis or a log but its own. What is meant
for the tests is called TEST_something. To be imported before `config`.
"""

import atexit
import os
import re
import shutil
from pathlib import Path
from tempfile import mkdtemp

PROJECT = Path(__file__).parents[1]
SETTINGS = re.findall(r'^#([A-Z_]+)=', (PROJECT / '.env.example').read_text(), re.MULTILINE)
# Neither `config` nor `flask` looks for a file; `.flaskenv` has nothing but FLASK_APP.
NO_FILES = {
    'PYTHON_DOTENV_DISABLED': '1',
    'FLASK_SKIP_DOTENV': '1',
    'FLASK_APP': 'microblog.py',
}


def bare(**settings: str) -> dict[str, str]:
    """The environment of a process for which nothing is set but `settings`."""
    keep = {name: os.environ[name] for name in ('PATH', 'HOME', 'LANG') if name in os.environ}
    return {**keep, **NO_FILES, **settings}


def _clean() -> None:
    for name in [*os.environ]:
        if name in SETTINGS or name.startswith(('FLASK_', 'GUNICORN_')):
            del os.environ[name]
    folder = mkdtemp(prefix='microblog-tests-')
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # A process that is started without settings has a site in a folder that goes.
    os.environ.update(
        NO_FILES,
        DATABASE_URL=f'sqlite:///{folder}/app.db',
        INSTANCE_PATH=f'{folder}/instance',
        PUBLIC_PATH=f'{folder}/public',
        LOG_TO_STDOUT='1',
    )


_clean()

# The database server of the tests, '' for SQLite.
SERVER_URL = os.environ.get('TEST_DATABASE_URL', '')
# The name of this process among several that share the tests, '' for the only one.
WORKER = os.environ.get('PYTEST_XDIST_WORKER', '')
