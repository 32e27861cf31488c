"""What concerns the person who is logged in: who followed, answered, mentioned, liked, reposted."""

from flask import render_template
from flask_babel import gettext as _
from flask_login import current_user, login_required

from app.extensions import db
from app.main.blueprint import bp
from app.main.hooks import is_looked_at
from app.main.paging import shown
from app.models.activity import Activities
from app.web.paging import links_to, requested_page


@bp.route('/activity')
@login_required
def activity() -> str:
    """Show what has happened, the newest first. Whoever looks at the newest has seen everything."""
    since = current_user.last_activity_read_time
    is_news = current_user.new_activities() > 0 and is_looked_at()
    if is_news:
        # What happens meanwhile is neither shown nor seen.
        current_user.lock()
    page = requested_page(Activities(current_user))
    if is_news and page.is_newest:
        current_user.mark_activities_read()
    posts = {each.post.id: each for each in shown(item.post for item in page.items if item.post)}
    html = render_template(
        'main/activity.html',
        title=_('Activity'),
        activities=page.items,
        posts=posts,
        since=since,
        **links_to(page, 'main.activity'),
    )
    db.session.commit()
    return html
