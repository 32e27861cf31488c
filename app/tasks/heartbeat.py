"""The sign of life of a job, written by a thread beside the one that works."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from app.background import present_app
from app.extensions import db
from app.models import task


@contextmanager
def heartbeat(task_id: str, time_limit: float = float('inf')) -> Iterator[None]:
    """While this context lasts the task is alive, for at most `time_limit` seconds.

    A thread cannot be ended from outside. One that outlives its time is given up: the heartbeat
    stops, the task counts as failed, and the next word of the job to its task ends the job.
    """
    app = present_app()
    end = monotonic() + time_limit
    over = Event()

    def beat() -> None:
        while not over.wait(task.HEARTBEAT_INTERVAL) and monotonic() < end:
            # The connection goes back to the pool between two beats.
            with app.app_context():
                try:
                    task.beat(task_id)
                    db.session.commit()
                except SQLAlchemyError:
                    app.logger.exception('A heartbeat of task %s was not written', task_id)

    thread = Thread(target=beat, name='heartbeat', daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
