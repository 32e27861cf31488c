"""The application that `flask` and gunicorn run, and what `flask shell` knows without imports."""

from typing import Any

from app import cli, create_app, db
from app.models import Message, Notification, Post, Task, User

app = create_app()
cli.register(app)


@app.shell_context_processor
def make_shell_context() -> dict[str, Any]:
    return {
        'db': db,
        'User': User,
        'Post': Post,
        'Message': Message,
        'Notification': Notification,
        'Task': Task,
    }
