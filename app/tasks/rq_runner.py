"""Running jobs on RQ: other processes, possibly on other machines, take them from Redis."""

from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.job import JobStatus

from app.models.task import JobsUnavailableError, Task, any_running
from app.tasks import job

QUEUE = 'microblog-tasks'
# Redis that does not answer at once is as good as away: a visitor is waiting.
OPTIONS = {'socket_connect_timeout': 1, 'socket_timeout': 1}


class RQRunner:
    def __init__(self, url: str) -> None:
        self.redis: Redis | None = Redis.from_url(url, **OPTIONS)
        self.queue: Queue | None = Queue(QUEUE, connection=self.redis)

    def start(self, task: Task, *args: Any, **kwargs: Any) -> None:
        """Put the job into the queue. Raises JobsUnavailableError while Redis is away."""
        assert self.queue is not None  # noqa: S101 (for the type checker)
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

    def is_waiting(self, task: Task) -> bool:
        """Tell whether the job stands in line behind one that is being worked on.

        When no job is being worked on, there is nobody to take this one either.
        """
        waiting = task.get_rq_job()
        return waiting is not None and waiting.get_status() == JobStatus.QUEUED and any_running()
