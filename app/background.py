"""Work on a thread beside the request, under the request's number (chapter 10)."""

from collections.abc import Callable
from contextvars import ContextVar
from threading import Thread
from uuid import uuid4

from flask import Flask, current_app, g, has_request_context

# What a thread does on behalf of a request has its number.
continued_request: ContextVar[str] = ContextVar('continued_request', default='-')


def request_id() -> str:
    """Return the number of the present request."""
    if 'request_id' not in g:
        g.request_id = uuid4().hex
    number: str = g.request_id
    return number


def present_request_id() -> str:
    """Return the number of the request that is being worked on, '-' for none."""
    return request_id() if has_request_context() else continued_request.get()


def present_app() -> Flask:
    """Return the application itself, for threads and signals, where `current_app` is none."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # a LocalProxy
    return app


def in_background(job: Callable[..., object], *args: object) -> Thread:
    """Run `job(*args)` on a thread with an application context of its own; log how it fails."""
    app, number = present_app(), present_request_id()

    def run() -> None:
        continued_request.set(number)
        with app.app_context():
            try:
                job(*args)
            except Exception:
                app.logger.exception('%s failed in the background', job.__name__)

    thread = Thread(target=run, name=job.__name__)
    thread.start()
    return thread
