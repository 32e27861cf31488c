"""What an open page asks for every ten seconds (chapter 21): one indexed query, nothing written."""

import math

from flask import Response, jsonify, request
from flask_login import current_user, login_required

from app.main.blueprint import bp

END_OF_TIME = 2.0**53  # seconds since 1970; a number that every database can compare with


@bp.route('/notifications')
@login_required
def notifications() -> Response:
    """Tell what is new since the time `since`, in seconds since 1970."""
    return jsonify(
        [
            {
                'name': notification.name,
                'data': notification.get_data(),
                'timestamp': notification.timestamp,
            }
            for notification in current_user.notifications_since(_since())
        ]
    )


def _since() -> float:
    since = request.args.get('since', 0.0, type=float)
    return 0.0 if math.isnan(since) else min(max(since, 0.0), END_OF_TIME)
