"""What an open page asks for every ten seconds (chapter 21): one indexed query, nothing written."""

from flask import Response, jsonify, request
from flask_login import current_user, login_required

from app.main.blueprint import bp


@bp.route('/notifications')
@login_required
def notifications() -> Response:
    """Tell what is new since the time `since`, in seconds since 1970."""
    since = request.args.get('since', 0.0, type=float)
    return jsonify(
        [
            {
                'name': notification.name,
                'data': notification.get_data(),
                'timestamp': notification.timestamp,
            }
            for notification in current_user.notifications_since(since)
        ]
    )
