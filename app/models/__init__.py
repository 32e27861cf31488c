"""The tables and the rules that belong to them: no request, no template, no HTTP."""

from app.models import counters  # noqa: F401 (it listens)
from app.models.api_token import ApiToken
from app.models.followers import followers
from app.models.message import Message
from app.models.notification import Notification
from app.models.post import Post
from app.models.searchable import SearchableMixin, follow_commits
from app.models.task import Task
from app.models.user import User

__all__ = [
    'ApiToken',
    'Message',
    'Notification',
    'Post',
    'SearchableMixin',
    'Task',
    'User',
    'followers',
]

follow_commits()
