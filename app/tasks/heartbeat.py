"""The sign of life of a job, written by a thread beside the one that works."""

from threading import Event, Thread
from time import monotonic
from types import TracebackType

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.models import task


class Heartbeat:
    """While this context lasts the task is alive, for at most `time_limit` seconds.

    A thread cannot be ended from outside. One that outlives its time is given up: the heartbeat
    stops, the task counts as failed, and the next word of the job to its task ends the job.
    """

    def __init__(self, task_id: str, time_limit: float = float('inf')) -> None:
        self.task_id = task_id
        self.end = monotonic() + time_limit
        self.app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._over = Event()
        self._thread = Thread(target=self._beat, name='heartbeat', daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(task.HEARTBEAT_INTERVAL) and monotonic() < self.end:
            # The connection goes back to the pool between two beats.
            with self.app.app_context():
                try:
                    task.beat(self.task_id)
                    db.session.commit()
                except SQLAlchemyError:
                    self.app.logger.exception(
                        'A heartbeat of task %s was not written', self.task_id
                    )
