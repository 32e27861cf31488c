"""Searching posts and people (chapters 16 and 23)."""

from typing import Any

from apifairy import arguments, authenticate, other_responses, response
from flask import abort

from app.api.auth import token_auth
from app.api.blueprint import bp
from app.api.errors import try_later
from app.api.paging import Arguments, SearchSchema, collection, skipped
from app.api.posts import PostCollectionSchema
from app.api.users import UserCollectionSchema
from app.extensions import db
from app.models import Post, User
from app.search import DEEPEST_HIT, SearchUnavailable

RETRY_AFTER = 30  # seconds that the engine is left alone
UNAVAILABLE = {503: 'The search engine is away'}


@bp.route('/search', methods=['GET'])
@authenticate(token_auth)
@other_responses(UNAVAILABLE)
@arguments(SearchSchema)
@response(PostCollectionSchema)
def search(found: Arguments) -> dict[str, Any]:
    """Search posts: those with more of the words, and rarer ones, come first."""
    return page_of(Post, found)


@bp.route('/search/users', methods=['GET'])
@authenticate(token_auth)
@other_responses(UNAVAILABLE)
@arguments(SearchSchema)
@response(UserCollectionSchema)
def search_users(found: Arguments) -> dict[str, Any]:
    """Search people by their names."""
    return page_of(User, found)


def page_of(model: type[Post] | type[User], wanted: Arguments) -> dict[str, Any]:
    """Return the page of what was found that is wanted."""
    # The engine may take its time: no connection to the database waits for it.
    db.session.rollback()
    try:
        items, total = model.search(
            wanted['q'], wanted['page'], wanted['per_page'], wanted['order']
        )
    except SearchUnavailable:
        abort(try_later(503, 'search is unavailable', RETRY_AFTER))
    has_next = skipped(wanted) + wanted['per_page'] < min(total, DEEPEST_HIT)
    return collection(items, has_next, total, wanted)
