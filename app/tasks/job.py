"""What every job has around it: an application, a heartbeat, progress, and an end that is told."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from time import monotonic
from typing import Any, ParamSpec

import rq
from flask import Flask, current_app, has_app_context
from rq.timeouts import JobTimeoutException
from werkzeug.utils import import_string

from app.extensions import db
from app.models import task as tasks
from app.models.task import Task
from app.tasks.heartbeat import heartbeat

TIME_LIMIT = 600  # seconds that a job may take; 100,000 posts are exported in a few
PROGRESS_INTERVAL = 1  # seconds between two notes of the progress: no page asks more often

P = ParamSpec('P')

# The id of the task that this thread works on; under RQ, RQ knows it.
current_task: ContextVar[str | None] = ContextVar('current_task', default=None)
_noted: ContextVar[tuple[int, float]] = ContextVar('noted')  # the last progress, and when


class JobFailedError(Exception):
    """A job has failed for a reason that the user is told of: one of models/task.py's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotWantedError(Exception):
    """The task of this job has ended without it."""


def job(function: Callable[P, None]) -> Callable[P, None]:
    """Turn a function into a job, which tells in its Task how it goes and how it ended.

    Called outside of a job it does the same work and tells nobody. It never raises: errors are
    logged, from where they are mailed to the admins.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with _application():
            task_id = _task_id()
            if task_id is None:
                _attempt(function, *args, **kwargs)
                return
            task = db.session.get(Task, task_id)
            if task is None or not task.begin():
                current_app.logger.warning('Nobody wants the task %s any more', task_id)
                return
            _noted.set((0, monotonic()))
            with heartbeat(task_id, TIME_LIMIT):
                failure = _attempt(function, *args, **kwargs)
            db.session.rollback()
            task = db.session.get(Task, task_id)
            if task is not None:
                task.finish(failure)

    return run


def set_progress(progress: int, final_call: bool = False) -> None:
    """Note that `progress` percent of the present job are done; outside of a job, do nothing.

    It is written once a second at most, and once a percent, unless this is the `final_call`
    before the job does something that cannot be undone. Raises NotWantedError if it should not.
    """
    task_id = _task_id()
    if task_id is None:
        return
    percent, time = _noted.get()
    if not final_call and (progress == percent or monotonic() < time + PROGRESS_INTERVAL):
        return
    task = db.session.get(Task, task_id)
    # 100 is told by the end alone.
    if task is None or not task.advance(min(progress, tasks.COMPLETE - 1)):
        raise NotWantedError
    _noted.set((progress, monotonic()))


def set_result(result: Any) -> None:
    """Note what the present job has to report; outside of a job, do nothing. Commits."""
    task_id = _task_id()
    task = db.session.get(Task, task_id) if task_id is not None else None
    if task is not None:
        task.result_json = json.dumps(result)
        db.session.commit()


def _attempt(function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> str | None:
    """Call `function`; return why it has failed, None when it has not."""
    try:
        function(*args, **kwargs)
    except NotWantedError:
        current_app.logger.warning('A job was given up, for its task has ended without it')
    except Exception as error:
        current_app.logger.exception('Unhandled exception')
        if isinstance(error, JobFailedError):
            return error.reason
        return tasks.TIMEOUT if isinstance(error, JobTimeoutException) else tasks.ERROR
    return None


def _task_id() -> str | None:
    rq_job = rq.get_current_job()
    return current_task.get() if rq_job is None else rq_job.id


@contextmanager
def _application() -> Iterator[None]:
    """Push the application, unless there is one: a worker of RQ has none.

    It is found by name, as RQ finds the job: nothing below microblog.py makes one.
    """
    if has_app_context():
        yield
        return
    application: Flask = import_string('microblog:app')
    with application.app_context():
        yield
