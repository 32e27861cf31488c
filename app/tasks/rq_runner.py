"""Running jobs on RQ: other processes, possibly on other machines, take them from Redis."""

from datetime import datetime
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.utils import now

from app.models.task import LOST_AFTER, JobsUnavailableError, Task
from app.tasks import job

QUEUE = 'microblog-tasks'
# Redis that does not answer at once is as good as away: a visitor is waiting.
OPTIONS = {'socket_connect_timeout': 1, 'socket_timeout': 1}


class RQRunner:
    def __init__(self, url: str) -> None:
        self.redis = Redis.from_url(url, **OPTIONS)
        self.queue = Queue(QUEUE, connection=self.redis)

    def start(self, task: Task, *args: Any, **kwargs: Any) -> None:
        """Put the job into the queue. Raises JobsUnavailableError while Redis is away."""
        try:
            self.queue.enqueue(
                f'app.tasks.{task.name}',
                args=args,
                kwargs=kwargs,
                job_id=task.id,
                job_timeout=job.TIME_LIMIT,
            )
        except RedisError as error:
            raise JobsUnavailableError from error

    def is_waiting(self, task: Task) -> bool | None:
        """Tell whether somebody is going to begin with the job; None while Redis is away.

        A worker says that it is alive at least every 30 s as long as there is anything to do, and
        so does the one that starts a process for this job. An idle one says so every few minutes,
        but none is idle while a job stands in line.
        """
        try:
            rq_job = Job.fetch(task.id, connection=self.redis)
            status = rq_job.get_status(refresh=False)
            if status == JobStatus.STARTED:
                return _is_recent(rq_job.last_heartbeat)
            if status != JobStatus.QUEUED:
                return False
            return any(_is_recent(worker.last_heartbeat) for worker in Worker.all(queue=self.queue))
        except NoSuchJobError:
            return False
        except RedisError:
            return None


def _is_recent(sign_of_life: datetime | None) -> bool:
    return sign_of_life is not None and sign_of_life > now() - LOST_AFTER
