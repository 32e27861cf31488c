"""Jobs that run outside the request (chapter 22): how far they are, and whether they still live.

Whoever works on a job writes its heartbeat into the row. A job whose heartbeat stops has died with
its process, whatever that was: it counts as failed, and nothing waits for it.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from flask import current_app
from redis.exceptions import RedisError
from rq.exceptions import NoSuchJobError
from rq.job import Job
from sqlalchemy import Index, String, Text, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db
from app.models.base import Model, UserId, rows_changed
from app.models.notification import Notification, Notified
from app.text import is_storable

HEARTBEAT_INTERVAL = 15  # seconds
# Three heartbeats may get lost. An open page asks every 30 s, so it knows within 2 minutes.
LOST_AFTER = timedelta(seconds=60)
# A job that waits in Redis may wait for Redis to come back, too.
GIVEN_UP_AFTER = timedelta(minutes=5)
COMPLETE = 100  # percent

# Why a job has failed; the texts are in templates/_task.html.
ERROR, MAIL, TIMEOUT, LOST, NOT_STARTED = 'error', 'mail', 'timeout', 'lost', 'not_started'


class JobsUnavailableError(Exception):
    """No job can be started: Redis is away, or there are no more threads to be had."""


class Task(Model):
    __tablename__ = 'task'

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str | None] = mapped_column(String(128))
    user_id: Mapped[UserId]
    complete: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[int] = mapped_column(default=0, server_default='0')  # percent
    # The last sign of life; of a job that nobody has begun with, when it was asked for.
    heartbeat: Mapped[datetime | None] = mapped_column(Timestamp, default=utcnow)
    started: Mapped[bool] = mapped_column(default=False, server_default='0')
    failure: Mapped[str | None] = mapped_column(String(32))
    # What it has to report, as JSON: for those that do.
    result_json: Mapped[str | None] = mapped_column(Text)
    # The user has read how it ended.
    dismissed: Mapped[bool] = mapped_column(default=False, server_default='0')

    user = relationship('User', back_populates='tasks')

    __table_args__ = (Index(None, 'user_id', 'complete'), TABLE_OPTIONS)

    def __repr__(self) -> str:
        return f'<Task {self.name}>'

    def get_rq_job(self) -> Job | None:
        """Return what RQ knows of the job, None when that is nothing or Redis is away."""
        if current_app.redis is None:  # type: ignore[attr-defined]  # chapter 22's name
            return None
        try:
            return Job.fetch(self.id, connection=current_app.redis)  # type: ignore[attr-defined]  # chapter 22's name
        except (RedisError, NoSuchJobError):
            return None

    def get_progress(self) -> int:
        """Return how much is done, in percent."""
        return self.progress

    def has_gone_well(self) -> bool:
        """Tell whether the job has ended as it should."""
        return self.complete and self.failure is None

    def begin(self) -> bool:
        """Take the job on; return whether it is still wanted. Commits."""
        return self._change(started=True)

    def advance(self, progress: int) -> bool:
        """Note that `progress` percent are done; return whether it is still wanted. Commits."""
        return self._change(progress=progress)

    def finish(self, failure: str | None = None) -> bool:
        """Note how the job has ended; return whether that was still open. Commits."""
        if failure is not None:
            return self._change(complete=True, failure=failure)
        return self._change(complete=True, progress=COMPLETE)

    def _change(self, **values: Any) -> bool:
        """Change the row and tell the user, unless the job has ended already. Commits."""
        user = self.user
        user.lock()
        if not beat(self.id, **values):
            db.session.rollback()
            return False
        db.session.refresh(self)
        if self.failure is not None:
            user.add_notification('task_failed', {'task_id': self.id}, subject=self.id)
        else:
            data = {'task_id': self.id, 'progress': self.progress}
            user.add_notification('task_progress', data, subject=self.id)
        db.session.commit()
        return True

    def bury(self) -> None:
        """If nobody works on the job any more, note that it has failed, and tell the admins."""
        if self.complete or not self._is_silent_for(LOST_AFTER):
            return
        if not self.started:
            is_waiting = current_app.extensions['tasks'].is_waiting(self)
            if is_waiting:
                beat(self.id)
                db.session.commit()
            if is_waiting or (is_waiting is None and not self._is_silent_for(GIVEN_UP_AFTER)):
                return
        failure = LOST if self.started else NOT_STARTED
        if self.finish(failure):
            current_app.logger.error('The task %s (%s) has failed: %s', self.id, self.name, failure)

    def _is_silent_for(self, time: timedelta) -> bool:
        return self.heartbeat is None or self.heartbeat <= utcnow() - time

    def dismiss(self) -> None:
        """Show no more how the job has ended; the caller commits."""
        if self.complete:
            self.dismissed = True


def beat(task_id: str, **values: Any) -> bool:
    """Write a sign of life, and `values`; return whether the job has not ended yet."""
    statement = (
        update(Task)
        .where(Task.id == task_id, Task.complete.is_(False))
        .values(heartbeat=utcnow(), **values)
    )
    return rows_changed(statement) == 1


# Put together once: every page asks for it.
_TO_SHOW = (
    select(Task)
    .where(Task.user_id == bindparam('owner'), Task.dismissed.is_(False))
    .order_by(Task.id)
)


class TaskOwner(Notified):
    """What an account can do with jobs."""

    def launch_task(self, name: str, description: str, *args: Any, **kwargs: Any) -> Task:
        """Start the job `app.tasks.<name>` with the user's id and the other arguments.

        Commits, so that the row is there when the job begins. Leaves no row and raises
        JobsUnavailableError when it cannot be started.
        """
        self._forget_finished(name)
        task = Task(id=str(uuid4()), name=name, description=description, user_id=self.id)
        db.session.add(task)
        db.session.commit()
        try:
            current_app.extensions['tasks'].start(task, self.id, *args, **kwargs)
        except JobsUnavailableError:
            current_app.logger.exception('The job %s was not started', name)
            db.session.delete(task)
            db.session.commit()
            raise
        return task

    def _forget_finished(self, name: str) -> None:
        """Delete earlier tasks of that name that are over, with what was told about them."""
        over = (Task.user_id == self.id) & (Task.name == name) & Task.complete
        ids = db.session.scalars(select(Task.id).where(over)).all()
        if ids:
            about = (Notification.user_id == self.id) & Notification.subject.in_(ids)
            db.session.execute(delete(Notification).where(about))
            db.session.execute(delete(Task).where(Task.id.in_(ids)))

    def get_tasks_in_progress(self) -> list[Task]:
        """Return the user's jobs that have not ended."""
        return [task for task in self.tasks_to_show() if not task.complete]

    def get_task_in_progress(self, name: str) -> Task | None:
        """Return the user's job of that name that has not ended, None when there is none."""
        return next((task for task in self.get_tasks_in_progress() if task.name == name), None)

    def result_of(self, name: str) -> Any:
        """Return what the last job of that name has reported, None when there is no such report."""
        own = (Task.user_id == self.id) & (Task.name == name) & Task.complete
        told = db.session.scalars(select(Task.result_json).where(own)).first()
        return json.loads(told) if told else None

    def tasks_to_show(self) -> list[Task]:
        """Return the jobs that have not ended, and those whose end the user has not read of.

        Finds out which have died, and commits that.
        """
        tasks = db.session.scalars(_TO_SHOW, {'owner': self.id}).all()
        for task in tasks:
            task.bury()
        return list(tasks)

    def own_task(self, id_: str) -> Task | None:
        """Return the user's task with that id, alive or not."""
        if not is_storable(id_):
            return None
        own = select(Task).where(Task.id == id_, Task.user_id == self.id)
        task = db.session.scalars(own).one_or_none()
        if task is not None:
            task.bury()
        return task
