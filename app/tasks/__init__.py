"""Jobs that run outside the request (chapter 22), one file each, and the two ways to run them.

With REDIS_URL RQ runs them: `rq worker -u $REDIS_URL microblog-tasks`, in the project folder.
Without, a thread of the web process does. A job does not notice the difference.
"""

from flask import Flask

from app.tasks.export import export_posts
from app.tasks.following import import_follows
from app.tasks.rq_runner import RQRunner
from app.tasks.thread_runner import ThreadRunner

__all__ = ['export_posts', 'import_follows', 'init_app']


def init_app(app: Flask) -> None:
    """Choose the runner. No connection to Redis is made before the first job."""
    runner: RQRunner | ThreadRunner
    url = app.config['REDIS_URL']
    runner = RQRunner(url) if url else ThreadRunner(app)
    app.extensions['tasks'] = runner
    # Under the tutorial's names; None without REDIS_URL.
    app.redis, app.task_queue = runner.redis, runner.queue  # type: ignore[attr-defined]  # theirs
