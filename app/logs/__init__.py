"""Where failures are written down, and who is told of them (chapter 7).

Every line names the request that it belongs to; the visitor gets the same number in the header
X-Request-ID.
"""

import logging
import re
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path

from concurrent_log_handler import ConcurrentRotatingFileHandler
from flask import (
    Flask,
    Response,
    current_app,
    has_app_context,
    has_request_context,
    request,
    session,
)
from flask.logging import default_handler

from app.background import present_app, present_request_id, request_id
from app.logs import error_mail
from app.logs.error_mail import AdminMailHandler

LINE = '%(asctime)s %(levelname)s: %(message)s [in %(pathname)s:%(lineno)d] [%(request_id)s]'
FILE_SIZE = 10240  # bytes
OLD_FILES = 10
EXAMPLE_ADMIN = 'your-email@example.com'  # the tutorial's, and the default in config.py
# Libraries that have something to say about failures, under their own names.
LIBRARIES = ['flask-limiter']


CONTROL_CHARACTER = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029]')

# The signed proofs in links (models/tokens.py): JSON that begins with a name, in Base64.
SECRET = re.compile(r'eyJ[\w.%=-]+')


def without_secrets(text: str) -> str:
    """Return a line of a log without what a link in a mail proves to whoever has it."""
    return SECRET.sub('[secret]', text)


class OneLine(logging.Formatter):
    """Writes a message as one line, so that what a visitor sends cannot look like a line of ours.

    Without secrets. Neither is so for one of which the record says that it is `several_lines`: a
    mail that is written down in place of being sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text if getattr(record, 'several_lines', False) else without_secrets(text)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (its name in logging)
        if not getattr(record, 'several_lines', False):
            record.message = CONTROL_CHARACTER.sub(lambda char: repr(char[0])[1:-1], record.message)
        return super().formatMessage(record)


class RequestFacts(logging.Filter):
    """Adds to each record which request it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        known = has_request_context()
        record.request_id = present_request_id()
        record.method = request.method if known else '-'
        record.url = request.url if known else '-'
        record.user_id = _user_id() if known else '-'
        record.remote_addr = request.remote_addr if known else '-'
        return True


class OfApplication(logging.Filter):
    """Lets through what one application says: its logger is one for all those of a process.

    What none of them says is for the one that was made last.
    """

    latest: 'weakref.ref[Flask] | None' = None

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.app = weakref.ref(app)
        OfApplication.latest = self.app

    def filter(self, _record: logging.LogRecord) -> bool:
        if has_app_context():
            return self.app() is present_app()
        return self.app == OfApplication.latest


def _user_id() -> str:
    """Return who says to be logged in, without asking the database."""
    session_id: str = session.get('_user_id', '') if session else ''
    return session_id.partition('-')[0] or '-'


def add_request_id(response: Response) -> Response:
    response.headers['X-Request-ID'] = request_id()
    return response


def init_app(app: Flask) -> None:
    app.after_request(add_request_id)
    if app.debug or app.testing:
        return
    handlers = [_handler(app, _log_handler(app), logging.INFO, LINE)]
    if not app.config['LOG_TO_STDOUT']:
        # Beside the file, for whoever has started the server and looks at its terminal.
        handlers.append(_handler(app, logging.StreamHandler(), logging.WARNING, LINE))
    if app.config['MAIL_SERVER']:
        handlers.append(_handler(app, AdminMailHandler(app), logging.ERROR, error_mail.FORM))
    app.logger.removeHandler(default_handler)
    for logger in _loggers():
        for handler in handlers:
            logger.addHandler(handler)
    # What an application has opened goes with it.
    weakref.finalize(app, _close, handlers).atexit = False
    app.logger.setLevel(logging.INFO)
    with app.app_context():
        app.logger.info('Microblog startup')
        if app.config['MAIL_SERVER'] and EXAMPLE_ADMIN in app.config['ADMINS']:
            app.logger.warning(
                'ADMINS is not set: mails come from the example address %s', EXAMPLE_ADMIN
            )


def _loggers() -> list[logging.Logger]:
    return [logging.getLogger(name) for name in ('app', *LIBRARIES)]


def _close(handlers: Sequence[logging.Handler]) -> None:
    for handler in handlers:
        for logger in _loggers():
            logger.removeHandler(handler)
        handler.close()


def _handler(app: Flask, handler: logging.Handler, level: int, form: str) -> logging.Handler:
    handler.setLevel(level)
    handler.setFormatter(OneLine(form))
    handler.addFilter(OfApplication(app))
    handler.addFilter(RequestFacts())
    return handler


def _log_handler(app: Flask) -> logging.Handler:
    if app.config['LOG_TO_STDOUT']:
        return logging.StreamHandler(sys.stdout)
    Path('logs').mkdir(exist_ok=True)
    # Several worker processes share the file without losing each other's lines.
    return ConcurrentRotatingFileHandler(
        'logs/microblog.log', maxBytes=FILE_SIZE, backupCount=OLD_FILES, encoding='utf-8'
    )
