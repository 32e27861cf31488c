"""How gunicorn serves Microblog: `gunicorn -c deployment/gunicorn.conf.py microblog:app`.

A link in the project folder has a bare `gunicorn microblog:app` find it as well.

Set by environment variables, or by the file `.env` like everything else:

    WEB_CONCURRENCY   processes; 2 unless set. Each needs about 100 MB of memory.
    WEB_THREADS       requests that each process works on at once; 4 unless set
    PORT              listens to all addresses at this port; unless set, to 127.0.0.1:8000

The option `-b` of the command line wins over PORT.
"""

import os
import sys
from logging import LogRecord
from pathlib import Path
from typing import Any

from dotenv import load_dotenv
from gunicorn.glogging import Logger

load_dotenv(Path(__file__).resolve().parent.parent / '.env')


class QuietLogger(Logger):
    """The access log without the questions of load balancers, which come all the time.

    Nothing that it writes holds a secret out of a link. (What that is, the application knows, which
    is there in a process that works on requests.)
    """

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.addFilter(_leave_secrets_out)

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        if environ.get('PATH_INFO') not in ('/healthz', '/readyz'):
            super().access(resp, req, environ, request_time)

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        atoms: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        for name, value in atoms.items():
            if isinstance(value, str):
                atoms[name] = sys.modules['app.logs'].without_secrets(value)
        return atoms


def _leave_secrets_out(record: LogRecord) -> bool:
    if 'app.logs' in sys.modules:
        record.msg = sys.modules['app.logs'].without_secrets(record.getMessage())
        record.args = ()
    return True


logger_class = QuietLogger


def _integer(name: str, default: Any, at_most: int) -> Any:
    """Read a setting as config.py would. (Imported here, that would outlive a change of code.)"""
    text = os.environ.get(name, '').strip()
    if not text:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= at_most:
        sys.exit(f'{name} must be a whole number from 1 to {at_most}, not {text!r}')
    return int(text)


_port = _integer('PORT', None, at_most=65535)
bind = f'0.0.0.0:{_port}' if _port else '127.0.0.1:8000'
workers = _integer('WEB_CONCURRENCY', 2, at_most=1000)
# Threads, which get requests that have arrived as a whole.
worker_class = 'deployment.slow_clients.PatientWorker'
threads = _integer('WEB_THREADS', 4, at_most=1000)

# Each process imports the application itself, so that a HUP signal loads the code that is there
# now: new processes start, then the old ones finish what they are doing and end.
preload_app = False
graceful_timeout = 30  # seconds for that
timeout = 30  # seconds without a sign of life until a process is replaced
keepalive = 5
# Bytes: the most that gunicorn knows, which is room for a long search.
limit_request_line = 8190

# Whose X-Forwarded headers are true is for PROXY_COUNT to say, and not for gunicorn to guess.
forwarded_allow_ips = ''
# Signals are all that we need; its socket would be one path for all instances of a user.
control_socket_disable = True
# Heartbeats must not wait for a disk.
worker_tmp_dir = '/dev/shm' if os.path.isdir('/dev/shm') else None  # noqa: S108
