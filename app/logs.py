"""Where failures are written down, and who is told of them (chapter 7).

Every line names the request that it belongs to; the visitor gets the same number in the header
X-Request-ID.
"""

import logging
import smtplib
import sys
from email.message import EmailMessage
from logging.handlers import SMTPHandler
from pathlib import Path
from threading import Lock, Thread
from threading import enumerate as enumerate_threads
from time import monotonic
from typing import Any
from uuid import uuid4

from concurrent_log_handler import ConcurrentRotatingFileHandler
from flask import Flask, Response, g, has_request_context, request, session

LINE = '%(asctime)s %(levelname)s: %(message)s [in %(pathname)s:%(lineno)d] [%(request_id)s]'
MAIL = """%(message)s

Time:    %(asctime)s
Place:   %(pathname)s:%(lineno)d
Request: %(method)s %(url)s
User id: %(user_id)s
Address: %(remote_addr)s
Request id: %(request_id)s
Similar mails left out since the last one: %(left_out)s
"""
FILE_SIZE = 10240  # bytes
OLD_FILES = 10
ERROR_MAIL = 'error mail'  # the name of a thread that sends one
MAIL_INTERVAL = 60  # seconds between two mails of one process
MAIL_TIMEOUT = 5  # seconds that we wait for each answer of the mail server


class RequestFacts(logging.Filter):
    """Adds to each record which request it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        known = has_request_context()
        record.request_id = request_id() if known else '-'
        record.method = request.method if known else '-'
        record.url = request.base_url if known else '-'
        record.user_id = _user_id() if known else '-'
        record.remote_addr = request.remote_addr if known else '-'
        return True


class AdminMailHandler(SMTPHandler):
    """Mails errors to the admins: in the background, and no more than one a minute."""

    def __init__(self, *args: Any, use_ssl: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.use_ssl = use_ssl
        self._lock = Lock()
        self._left_out = 0
        self._last: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        with self._lock:
            now = monotonic()
            if self._last is not None and now - self._last < MAIL_INTERVAL:
                self._left_out += 1
                return
            self._last = now
            record.left_out, self._left_out = self._left_out, 0
        Thread(target=self._send, args=[record], name=ERROR_MAIL).start()

    @staticmethod
    def wait() -> None:
        """Wait until the mails that are on their way have left."""
        for thread in enumerate_threads():
            if thread.name == ERROR_MAIL:
                thread.join()

    def _send(self, record: logging.LogRecord) -> None:
        if self.use_ssl:
            self._send_through_tls(record)
        else:
            super().emit(record)

    def _send_through_tls(self, record: logging.LogRecord) -> None:
        """As the standard handler does, but encrypted from the first byte (MAIL_USE_SSL)."""
        message = EmailMessage()
        message['From'] = self.fromaddr
        message['To'] = ', '.join(self.toaddrs)
        message['Subject'] = self.getSubject(record)
        message.set_content(self.format(record))
        try:
            smtp = smtplib.SMTP_SSL(self.mailhost, self.mailport or 465, timeout=self.timeout)
            with smtp as host:
                if self.username:
                    host.login(self.username, self.password)
                host.send_message(message)
        except (OSError, smtplib.SMTPException):
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (its name in logging)
        # Not as an error, which would be mailed in its turn.
        logging.getLogger('app').warning(
            'The mail of an error to the admins was not sent', exc_info=sys.exc_info()
        )


def _user_id() -> str:
    """Return who says to be logged in, without asking the database."""
    session_id: str = session.get('_user_id', '') if session else ''
    return session_id.partition('-')[0] or '-'


def request_id() -> str:
    """Return the number of the present request."""
    if 'request_id' not in g:
        g.request_id = uuid4().hex
    number: str = g.request_id
    return number


def add_request_id(response: Response) -> Response:
    response.headers['X-Request-ID'] = request_id()
    return response


def init_app(app: Flask) -> None:
    app.after_request(add_request_id)
    if app.debug or app.testing:
        return
    # The logger is one for all applications of a process: the handlers of an earlier one go.
    for handler in [*app.logger.handlers]:
        app.logger.removeHandler(handler)
        handler.close()
    app.logger.setLevel(logging.INFO)
    _add_handler(app, _log_handler(app), logging.INFO, LINE)
    if app.config['MAIL_SERVER']:
        _add_handler(app, _mail_handler(app), logging.ERROR, MAIL)
    app.logger.info('Microblog startup')


def _add_handler(app: Flask, handler: logging.Handler, level: int, form: str) -> None:
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter(form))
    handler.addFilter(RequestFacts())
    app.logger.addHandler(handler)


def _log_handler(app: Flask) -> logging.Handler:
    if app.config['LOG_TO_STDOUT']:
        return logging.StreamHandler(sys.stdout)
    Path('logs').mkdir(exist_ok=True)
    # Several worker processes share the file without losing each other's lines.
    return ConcurrentRotatingFileHandler(
        'logs/microblog.log', maxBytes=FILE_SIZE, backupCount=OLD_FILES, encoding='utf-8'
    )


def _mail_handler(app: Flask) -> logging.Handler:
    config = app.config
    credentials = None
    if config['MAIL_USERNAME'] or config['MAIL_PASSWORD']:
        credentials = (config['MAIL_USERNAME'], config['MAIL_PASSWORD'])
    return AdminMailHandler(
        mailhost=(config['MAIL_SERVER'], config['MAIL_PORT']),
        fromaddr=f'no-reply@{config["MAIL_SERVER"]}',
        toaddrs=config['ADMINS'],
        subject='Microblog Failure',
        credentials=credentials,
        secure=() if config['MAIL_USE_TLS'] else None,
        timeout=MAIL_TIMEOUT,
        use_ssl=config['MAIL_USE_SSL'],
    )
