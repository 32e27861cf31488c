"""Searching posts and people (chapters 16 and 23)."""

from typing import Any

from apifairy import arguments, other_responses, response

from app.api.auth import needs
from app.api.blueprint import bp
from app.api.paging import UNAVAILABLE, Arguments, SearchSchema, search_page
from app.api.posts import PostCollectionSchema, with_marks
from app.api.users import UserCollectionSchema
from app.models import Post, User
from app.models.api_token import READ


@bp.route('/search', methods=['GET'])
@needs(READ)
@other_responses(UNAVAILABLE)
@arguments(SearchSchema)
@response(PostCollectionSchema)
def search(found: Arguments) -> dict[str, Any]:
    """Search posts: those with more of the words, and rarer ones, come first."""
    return with_marks(search_page(Post, found, found['order']))


@bp.route('/search/users', methods=['GET'])
@needs(READ)
@other_responses(UNAVAILABLE)
@arguments(SearchSchema)
@response(UserCollectionSchema)
def search_users(found: Arguments) -> dict[str, Any]:
    """Search people by their names."""
    return search_page(User, found, found['order'])
