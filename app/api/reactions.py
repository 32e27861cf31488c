"""What people do with posts: like them, pass them on, keep them. Twice is as good as once."""

from app.api.auth import caller
from app.api.paging import BookmarkPageSchema
from app.api.posts import lists_posts
from app.api.users import lists_people
from app.api.views import does, post_or_404
from app.models.people import Likers, Reposters
from app.models.timeline import Bookmarked


@lists_people('/posts/<int:id>/likes')
def get_likes(id: int) -> Likers:
    """List who likes a post, the latest account first."""
    return Likers(post_or_404(id))


@lists_people('/posts/<int:id>/reposts')
def get_reposts(id: int) -> Reposters:
    """List who passed a post on, the latest account first."""
    return Reposters(post_or_404(id))


@lists_posts('/bookmarks', BookmarkPageSchema)
def get_bookmarks() -> Bookmarked:
    """Read what one keeps: what was kept last comes first. Nobody else sees it."""
    return Bookmarked(caller())


@does('PUT', '/posts/<int:id>/like')
def like(id: int) -> None:
    """Like a post from now on. Whoever does already goes on doing so."""
    caller().like(post_or_404(id))


@does('DELETE', '/posts/<int:id>/like')
def unlike(id: int) -> None:
    """Like a post no longer."""
    caller().unlike(post_or_404(id))


@does('PUT', '/posts/<int:id>/repost')
def repost(id: int) -> None:
    """Pass a post on to those who follow one."""
    caller().repost(post_or_404(id))


@does('DELETE', '/posts/<int:id>/repost')
def unrepost(id: int) -> None:
    """Pass a post on no longer."""
    caller().unrepost(post_or_404(id))


@does('PUT', '/posts/<int:id>/bookmark')
def bookmark(id: int) -> None:
    """Keep a post among one's bookmarks."""
    caller().bookmark(post_or_404(id))


@does('DELETE', '/posts/<int:id>/bookmark')
def unbookmark(id: int) -> None:
    """Keep a post no longer."""
    caller().unbookmark(post_or_404(id))
