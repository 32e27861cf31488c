"""What an open page asks for every ten seconds (chapter 21): one indexed query, nothing written.

The first page of a timeline asks with it whether there are new posts: one query more.
"""

from math import isfinite

from flask import Response, jsonify, request
from flask_login import current_user, login_required

from app.database import id_in
from app.main.blueprint import bp
from app.models import Tag
from app.models.timeline import AllPosts, PostsUnder, Timeline


@bp.route('/notifications')
@login_required
def notifications() -> Response:
    """Tell what is new since the time `since`, in seconds since 1970.

    And whether something in `timeline` is newer than `newest`, the place of the first post shown.
    """
    since = request.args.get('since', 0.0, type=float)
    news = [
        {
            'name': notification.name,
            'data': notification.get_data(),
            'timestamp': notification.timestamp,
        }
        for notification in current_user.notifications_since(since)
    ]
    timeline = _timeline(request.args.get('timeline', ''))
    if timeline is not None and timeline.has_above(request.args.get('newest', '')):
        # What is asked for next time is what would have been asked for without it.
        until = since if isfinite(since) else 0.0
        news.insert(0, {'name': 'new_posts', 'data': True, 'timestamp': until})
    return jsonify(news)


def _timeline(name: str) -> Timeline | None:
    """Return what `new_posts_in` in paging.py calls `name`; None for anything else."""
    if name == 'home':
        return current_user.followed_posts()  # type: ignore[no-any-return]  # a LocalProxy
    if name == 'explore':
        return AllPosts()
    kind, _colon, number = name.partition(':')
    id_ = id_in(number) if kind == 'tag' else None
    return None if id_ is None else PostsUnder(Tag(id=id_))
