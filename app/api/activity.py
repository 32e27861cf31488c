"""What concerns the caller: who followed, answered, mentioned, liked or reposted."""

from typing import Any

from apifairy import arguments, response

from app.api.auth import caller, caller_id, needs
from app.api.blueprint import bp
from app.api.paging import Arguments, TimelinePageSchema, collection_of, timeline_page
from app.api.schemas import ActivitySchema
from app.api.views import does
from app.models.activity import Activities
from app.models.api_token import READ
from app.models.reaction import shown

ActivityCollectionSchema = collection_of(ActivitySchema, 'ActivityCollection')


@bp.route('/activity', methods=['GET'])
@needs(READ)
@arguments(TimelinePageSchema)
@response(ActivityCollectionSchema)
def get_activity(page: Arguments) -> dict[str, Any]:
    """Read what concerns one, the newest first.

    All likes of a post are one entry, and so are all its reposts. What concerns one stays new until
    `POST /api/activity/read`.
    """
    found = timeline_page(Activities(caller()), page)
    posts = [entry.post for entry in found['items'] if entry.post is not None]
    marked = {each.post.id: each for each in shown(caller_id(), posts)}
    entries = [(entry, marked.get(entry.post_id)) for entry in found['items']]
    items = [{'entry': entry, 'post': post, 'count': entry.people(post)} for entry, post in entries]
    return {**found, 'items': items}


@does('POST', '/activity/read')
def read_activity() -> None:
    """Count everything that concerns one as seen."""
    caller().mark_activities_read()
