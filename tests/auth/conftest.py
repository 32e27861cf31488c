"""An application whose mails go to a real mail server."""

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app import db
from tests.mailbox import Mailbox, running_mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def app_with_mail(make_app: Callable[..., Flask], mailbox: Mailbox) -> Iterator[Flask]:
    app = make_app(MAIL_SERVER='127.0.0.1', MAIL_PORT=mailbox.port, MAIL_SUPPRESS_SEND=False)
    with app.app_context():
        yield app
        wait_for_threads()
        db.session.remove()


def wait_for_threads() -> None:
    """Wait until everything that goes on in the background has come to its end."""
    for thread in threading.enumerate():
        if thread.name.startswith(('send_', '_deliver')):
            thread.join()
