"""Telling the admins of errors by mail (chapter 7), without ever flooding them."""

import logging
import smtplib
import sys
from collections import Counter
from contextvars import copy_context
from email.message import EmailMessage
from logging.handlers import SMTPHandler
from threading import Lock, Thread
from time import monotonic
from types import TracebackType

from flask import Flask

from app.email.smtp import open_smtp

FORM = """%(message)s

Time:    %(asctime)s
Place:   %(pathname)s:%(lineno)d
Request: %(method)s %(url)s
User id: %(user_id)s
Address: %(remote_addr)s
Request id: %(request_id)s
Similar mails left out since the last one: %(left_out)s
"""
THREAD = 'error mail'  # the name of a thread that sends one
INTERVAL = 60  # seconds between two mails of one process about the same error
MOST_IN_INTERVAL = 10  # mails of one process about different errors

# Where an error came up, and of which class it is.
Kind = tuple[str, int, str]


class AdminMailHandler(SMTPHandler):
    """Mails errors to the admins in the background: each kind once a minute."""

    def __init__(self, app: Flask) -> None:
        config = app.config
        super().__init__(
            mailhost=(config['MAIL_SERVER'], config['MAIL_PORT']),
            fromaddr=f'no-reply@{_mail_domain(config["MAIL_SERVER"])}',
            toaddrs=config['ADMINS'],
            subject='Microblog Failure',
        )
        self.mail = app.extensions['mail']
        self._guard = Lock()
        self._mailed: dict[Kind, float] = {}
        self._left_out: Counter[Kind] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        kind = _kind(record)
        with self._guard:
            start = monotonic() - INTERVAL
            self._mailed = {kind: time for kind, time in self._mailed.items() if time > start}
            if kind in self._mailed or len(self._mailed) >= MOST_IN_INTERVAL:
                self._left_out[kind] += 1
                return
            self._mailed[kind] = monotonic()
            record.left_out = self._left_out.pop(kind, 0)
        # In the context of the error: what there is to say of the mail has the same number.
        Thread(target=copy_context().run, args=[self._send, record], name=THREAD).start()

    def _send(self, record: logging.LogRecord) -> None:
        message = EmailMessage()
        message['From'] = self.fromaddr
        message['To'] = ', '.join(self.toaddrs)
        message['Subject'] = self.getSubject(record)
        message.set_content(self.format(record))
        try:
            with open_smtp(self.mail) as host:
                host.send_message(message)
        except (OSError, smtplib.SMTPException):
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (its name in logging)
        # Not as an error, which would be mailed in its turn.
        logging.getLogger('app').warning(
            'The mail of an error to the admins was not sent', exc_info=sys.exc_info()
        )


def _mail_domain(server: str) -> str:
    """Return what stands behind the @ of an address at a mail server."""
    return f'[IPv6:{server}]' if ':' in server else server


def _kind(record: logging.LogRecord) -> Kind:
    if not record.exc_info or record.exc_info[0] is None:
        return record.pathname, record.lineno, ''
    type_, _error, traceback = record.exc_info
    return *_innermost(traceback, record), type_.__name__


def _innermost(traceback: TracebackType | None, record: logging.LogRecord) -> tuple[str, int]:
    """Return the place that the exception came from: Flask logs all of them at one of its own."""
    if traceback is None:
        return record.pathname, record.lineno
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
