"""Waiting for what the application does on threads beside the requests."""

import threading

from app.logs.error_mail import THREAD
from app.tasks.thread_runner import JOB_THREAD


def wait_for_jobs() -> None:
    """Wait until all jobs of this process have ended."""
    _join(JOB_THREAD)


def wait_for_error_mails() -> None:
    """Wait until the mails that are on their way have left."""
    _join(THREAD)


def _join(name: str) -> None:
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join()
