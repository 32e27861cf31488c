"""What people write, one by one and as timelines."""

from typing import Any

from apifairy import arguments, authenticate, other_responses, response
from flask import abort, url_for

from app.api.auth import caller, token_auth
from app.api.blueprint import bp
from app.api.body import body
from app.api.caching import conditional
from app.api.entries import entry_or_404
from app.api.paging import Arguments, TimelinePageSchema, collection_of, timeline_page
from app.api.schemas import LocationSchema, NewPostSchema, PostSchema
from app.extensions import db
from app.languages.detect import detect_language
from app.models import Post, User
from app.models.timeline import AllPosts, PostsBy

NOT_YOURS = {403: "This post is somebody else's"}
PostCollectionSchema = collection_of(PostSchema, 'PostCollection')


@bp.route('/posts', methods=['GET'])
@authenticate(token_auth)
@arguments(TimelinePageSchema)
@response(PostCollectionSchema)
def get_posts(page: Arguments) -> dict[str, Any]:
    """Read everybody's posts, the newest first."""
    return timeline_page(AllPosts(), page)


@bp.route('/timeline', methods=['GET'])
@authenticate(token_auth)
@arguments(TimelinePageSchema)
@response(PostCollectionSchema)
def get_timeline(page: Arguments) -> dict[str, Any]:
    """Read the own posts and those of everybody followed, the newest first."""
    return timeline_page(caller().followed_posts(), page)


@bp.route('/users/<int:id>/posts', methods=['GET'])
@authenticate(token_auth)
@arguments(TimelinePageSchema)
@response(PostCollectionSchema)
def get_user_posts(page: Arguments, id: int) -> dict[str, Any]:
    """Read what somebody wrote, the newest first."""
    return timeline_page(PostsBy(entry_or_404(User, id)), page)


@bp.route('/posts', methods=['POST'])
@authenticate(token_auth)
@body(NewPostSchema)
@response(PostSchema, 201, headers=LocationSchema)
def create_post(data: Arguments) -> Any:
    """Write something."""
    post = Post(body=data['body'], author=caller())
    db.session.add(post)
    db.session.commit()
    return post, 201, {'Location': url_for('api.get_post', id=post.id)}


@bp.route('/posts/<int:id>', methods=['GET'])
@conditional
@authenticate(token_auth)
@response(PostSchema)
def get_post(id: int) -> Post:
    """Read a post."""
    return entry_or_404(Post, id)


@bp.route('/posts/<int:id>', methods=['PUT'])
@authenticate(token_auth)
@other_responses(NOT_YOURS)
@body(NewPostSchema)
@response(PostSchema)
def update_post(data: Arguments, id: int) -> Post:
    """Change what a post of one's own says. It keeps its time and its place."""
    post = own_post(id)
    post.body = data['body']
    post.language = detect_language(post.body)
    db.session.commit()
    return post


@bp.route('/posts/<int:id>', methods=['DELETE'])
@authenticate(token_auth)
@other_responses(NOT_YOURS)
def delete_post(id: int) -> tuple[str, int]:
    """Delete a post of one's own."""
    db.session.delete(own_post(id))
    db.session.commit()
    return '', 204


def own_post(id: int) -> Post:
    """Return a post of the caller's; 404 when there is none, 403 when it is somebody else's."""
    post = entry_or_404(Post, id)
    if post.user_id != caller().id:
        abort(403)
    return post
