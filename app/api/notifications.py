"""What has happened since one last asked (chapters 21 and 23)."""

from typing import Any

from apifairy import arguments, response

from app.api.auth import caller, needs
from app.api.blueprint import bp
from app.api.paging import Arguments
from app.api.schemas import NotificationListSchema, SinceSchema
from app.models.api_token import READ


@bp.route('/notifications', methods=['GET'])
@needs(READ)
@arguments(SinceSchema)
@response(NotificationListSchema)
def get_notifications(arguments: Arguments) -> dict[str, Any]:
    """Ask what is new, the oldest first.

    The number of unread messages is `unread_message_count`, that of new entries in the activity
    `unread_activity_count` (at most 100). Ask again with the `timestamp` of the
    last one as `since`, but not more often than every ten seconds.
    """
    return {'items': caller().notifications_since(arguments['since'])}
