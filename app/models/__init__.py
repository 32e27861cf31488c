"""The tables and the rules that belong to them: no request, no template, no HTTP."""

from app.models import counters
from app.models.account_event import AccountEvent
from app.models.activity import Activity
from app.models.api_token import ApiToken
from app.models.followers import followers
from app.models.invitation import Invitation
from app.models.leaving import RetiredName
from app.models.login_session import LoginSession
from app.models.media import Media, Picture
from app.models.message import Message
from app.models.notification import Notification
from app.models.passkey import Passkey
from app.models.post import Post
from app.models.reaction import bookmarks, likes
from app.models.searchable import SearchableMixin
from app.models.second_factor import RecoveryCode, SecondFactor
from app.models.tag import Tag, post_tags
from app.models.task import Task
from app.models.user import User

__all__ = [
    'AccountEvent',
    'Activity',
    'ApiToken',
    'Invitation',
    'LoginSession',
    'Media',
    'Message',
    'Notification',
    'Passkey',
    'Picture',
    'Post',
    'RecoveryCode',
    'RetiredName',
    'SearchableMixin',
    'SecondFactor',
    'Tag',
    'Task',
    'User',
    'bookmarks',
    'followers',
    'likes',
    'post_tags',
]
