"""An application whose mails go to a real mail server; requests that come at the same moment."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

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


Request = Callable[[], TestResponse]
AtOnce = Callable[[Any, str, list[Request]], list[TestResponse]]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> AtOnce:
    """Make requests at once, each of which calls `owner.name` before any of them goes on."""

    def make(owner: Any, name: str, requests: list[Request]) -> list[TestResponse]:
        barrier = threading.Barrier(len(requests), timeout=30)
        waited = threading.local()
        original = getattr(owner, name)

        def call(*args: Any) -> Any:
            result = original(*args)
            if not hasattr(waited, 'once'):
                waited.once = True
                barrier.wait()
            return result

        is_static = isinstance(vars(owner)[name], staticmethod)
        with monkeypatch.context() as patch, ThreadPoolExecutor(len(requests)) as pool:
            patch.setattr(owner, name, staticmethod(call) if is_static else call)
            return [future.result() for future in [pool.submit(r) for r in requests]]

    return make


BACKGROUND = 'send_', '_deliver', 'purge'


def wait_for_threads() -> None:
    """Wait until everything that goes on in the background has come to its end."""
    # What ends may have begun something else: a mail, once it is known to whom.
    while working := [t for t in threading.enumerate() if t.name.startswith(BACKGROUND)]:
        for thread in working:
            thread.join()
