"""Running jobs on threads of the web process, where there is no Redis."""

from threading import BoundedSemaphore, Thread
from typing import Any

from flask import Flask
from werkzeug.utils import import_string

from app.background import continued_request, present_request_id
from app.models.task import JobsUnavailableError, Task
from app.tasks.heartbeat import heartbeat
from app.tasks.job import current_task

AT_ONCE = 2  # jobs of one process; more of them wait for their turn
JOB_THREAD = 'job'  # the name of a thread that runs one


class ThreadRunner:
    redis = None
    queue = None

    def __init__(self, application: Flask) -> None:
        self.app = application
        self.slots = BoundedSemaphore(AT_ONCE)

    def start(self, task: Task, *args: Any, **kwargs: Any) -> None:
        """Run the job on a thread of its own; raise JobsUnavailableError if there is none.

        The thread belongs to the process that answers the request, not to one that it was forked
        from. When that process is asked to end it waits for the job, as long as it is let.
        """
        thread = Thread(
            target=self._run,
            args=(task.name, task.id, args, kwargs, present_request_id()),
            name=JOB_THREAD,
        )
        try:
            thread.start()
        except RuntimeError as error:
            raise JobsUnavailableError from error

    def is_waiting(self, _task: Task) -> bool:
        """A job that waits for its turn has a heartbeat: one without it waits for nobody."""
        return False

    def _run(self, name: str, task_id: str, args: Any, kwargs: Any, request_id: str) -> None:
        continued_request.set(request_id)
        current_task.set(task_id)
        with self.app.app_context():
            with heartbeat(task_id):
                self.slots.acquire()
            try:
                import_string(f'app.tasks.{name}')(*args, **kwargs)
            finally:
                self.slots.release()
