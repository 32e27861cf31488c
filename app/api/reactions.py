"""What people do with posts: like them, pass them on, keep them."""

from collections.abc import Callable
from typing import Any

from apifairy import arguments, authenticate, response

from app.api.auth import caller, token_auth
from app.api.blueprint import bp
from app.api.entries import post_or_404
from app.api.paging import Arguments, BookmarkPageSchema, PageSchema, people_page, timeline_page
from app.api.posts import PostCollectionSchema, with_marks
from app.api.users import UserCollectionSchema
from app.extensions import db
from app.models import Post, User
from app.models.people import Likers, Reposters
from app.models.timeline import Bookmarked


@bp.route('/posts/<int:id>/likes', methods=['GET'])
@authenticate(token_auth)
@arguments(PageSchema)
@response(UserCollectionSchema)
def get_likes(page: Arguments, id: int) -> dict[str, Any]:
    """List who likes a post, the latest account first."""
    return people_page(Likers(post_or_404(id)), page)


@bp.route('/posts/<int:id>/reposts', methods=['GET'])
@authenticate(token_auth)
@arguments(PageSchema)
@response(UserCollectionSchema)
def get_reposts(page: Arguments, id: int) -> dict[str, Any]:
    """List who passed a post on, the latest account first."""
    return people_page(Reposters(post_or_404(id)), page)


@bp.route('/bookmarks', methods=['GET'])
@authenticate(token_auth)
@arguments(BookmarkPageSchema)
@response(PostCollectionSchema)
def get_bookmarks(page: Arguments) -> dict[str, Any]:
    """Read what one keeps: what was kept last comes first. Nobody else sees it."""
    return with_marks(timeline_page(Bookmarked(caller()), page))


@bp.route('/posts/<int:id>/like', methods=['PUT'])
@authenticate(token_auth)
def like(id: int) -> tuple[str, int]:
    """Like a post from now on. Whoever does already goes on doing so."""
    return done(User.like, id)


@bp.route('/posts/<int:id>/like', methods=['DELETE'])
@authenticate(token_auth)
def unlike(id: int) -> tuple[str, int]:
    """Like a post no longer."""
    return done(User.unlike, id)


@bp.route('/posts/<int:id>/repost', methods=['PUT'])
@authenticate(token_auth)
def repost(id: int) -> tuple[str, int]:
    """Pass a post on to those who follow one."""
    return done(User.repost, id)


@bp.route('/posts/<int:id>/repost', methods=['DELETE'])
@authenticate(token_auth)
def unrepost(id: int) -> tuple[str, int]:
    """Pass a post on no longer."""
    return done(User.unrepost, id)


@bp.route('/posts/<int:id>/bookmark', methods=['PUT'])
@authenticate(token_auth)
def bookmark(id: int) -> tuple[str, int]:
    """Keep a post among one's bookmarks."""
    return done(User.bookmark, id)


@bp.route('/posts/<int:id>/bookmark', methods=['DELETE'])
@authenticate(token_auth)
def unbookmark(id: int) -> tuple[str, int]:
    """Keep a post no longer."""
    return done(User.unbookmark, id)


def done(reaction: Callable[[User, Post], bool], id: int) -> tuple[str, int]:
    """Let the caller do something with a post; doing it twice changes nothing."""
    reaction(caller(), post_or_404(id))
    db.session.commit()
    return '', 204
