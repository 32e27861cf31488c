"""What people write, one by one and as timelines."""

from functools import partial
from typing import Any

from apifairy import arguments, other_responses, response
from flask import abort, url_for

from app.api.auth import caller, caller_id, needs
from app.api.blueprint import bp
from app.api.body import body
from app.api.caching import conditional
from app.api.errors import bad_request
from app.api.paging import (
    Arguments,
    RepliesPageSchema,
    TimelinePageSchema,
    collection,
    collection_of,
    timeline_page,
)
from app.api.schemas import EditedPostSchema, LocationSchema, NewPostSchema, PostSchema
from app.api.views import does, entry_or_404, lists, post_or_404
from app.extensions import db
from app.markup import tags
from app.models import Post, User
from app.models.api_token import READ, WRITE
from app.models.media import UnknownPictureError
from app.models.reaction import Shown, shown
from app.models.tag import Tag
from app.models.timeline import (
    AllPosts,
    AnswersBy,
    AnswersTo,
    FollowedPosts,
    PostsBy,
    PostsUnder,
    Timeline,
)
from app.text import BODY_LENGTH

NOT_YOURS = {403: "This post is somebody else's"}
PostCollectionSchema = collection_of(PostSchema, 'PostCollection')


def with_marks(page: dict[str, Any]) -> dict[str, Any]:
    """Return a page of posts with what the caller did to them: one query for all."""
    return {**page, 'items': shown(caller_id(), page['items'])}


def posts_page(timeline: Timeline, wanted: Arguments) -> dict[str, Any]:
    return with_marks(timeline_page(timeline, wanted))


lists_posts = partial(lists, of=PostCollectionSchema, page_of=posts_page)


@lists_posts('/posts')
def get_posts() -> AllPosts:
    """Read everybody's posts, the newest first. Answers are not among them."""
    return AllPosts()


@lists_posts('/timeline')
def get_timeline() -> FollowedPosts:
    """Read what one writes and passes on, and what everybody followed does, the newest first."""
    return caller().followed_posts()


@lists_posts('/users/<int:id>/posts')
def get_user_posts(id: int) -> PostsBy:
    """Read what somebody wrote and passed on, the newest first."""
    return PostsBy(entry_or_404(User, id))


@lists_posts('/users/<int:id>/answers')
def get_user_answers(id: int) -> AnswersBy:
    """Read what somebody wrote in answer to posts, the newest first."""
    return AnswersBy(entry_or_404(User, id))


@bp.route('/tags/<word>/posts', methods=['GET'])
@needs(READ)
@arguments(TimelinePageSchema)
@response(PostCollectionSchema)
def get_tag_posts(page: Arguments, word: str) -> dict[str, Any]:
    """Read what has a tag, in whatever spelling, the newest first.

    A word that nobody has used is an empty collection, and 404 what can be no tag.
    """
    if word not in tags(f'#{word}').values():
        abort(404)
    tag = Tag.find(word)
    if tag is None:
        return collection([], False, 0, page)
    return posts_page(PostsUnder(tag), page)


@bp.route('/posts', methods=['POST'])
@needs(WRITE)
@body(NewPostSchema)
@response(PostSchema, 201, headers=LocationSchema)
def create_post(data: Arguments) -> Any:
    """Write something, also in answer to a post."""
    answered = data.get('in_reply_to')
    if answered is not None and Post.find(answered) is None:
        message = 'there is no such post to answer'
        abort(bad_request(message, {'in_reply_to': [message]}))
    post = Post(body=data['body'], author=caller(), in_reply_to=answered)
    db.session.add(post)
    write(post, data, is_new=True)
    return Shown(post), 201, {'Location': url_for('api.get_post', id=post.id)}


@bp.route('/posts/<int:id>', methods=['GET'])
@conditional
@needs(READ)
@response(PostSchema)
def get_post(id: int) -> Shown:
    """Read a post."""
    return marked(post_or_404(id))


@lists_posts('/posts/<int:id>/replies', RepliesPageSchema)
def get_replies(id: int) -> AnswersTo:
    """Read what answers a post, the oldest first."""
    return AnswersTo(post_or_404(id))


@bp.route('/posts/<int:id>', methods=['PUT'])
@needs(WRITE)
@other_responses(NOT_YOURS)
@body(EditedPostSchema)
@response(PostSchema)
def update_post(data: Arguments, id: int) -> Shown:
    """Change what a post of one's own says. It keeps its time and its place."""
    post = own_post(id)
    write(post, data)
    return marked(post)


def write(post: Post, data: Arguments, is_new: bool = False) -> None:
    """Give a post, new or not, what has come in, and commit; pictures that are left out stay."""
    present = {shot.media_id: shot.alt for shot in post.pictures}
    alts = dict(zip(data.get('media', ()), data.get('alt', ()), strict=False))
    pictures = [(id_, alts.get(id_, present.get(id_, ''))) for id_ in data.get('media', present)]
    if not data['body'] and not pictures:
        message = f'This must have 1 to {BODY_LENGTH} characters.'
        abort(bad_request(f'body: {message}', {'body': [message]}))
    sensitive = data.get('sensitive', bool(post.sensitive))
    try:
        if is_new:
            post.sensitive = sensitive
            post.illustrate(pictures)
        else:
            post.edit(data['body'], pictures, sensitive)
    except UnknownPictureError:
        db.session.rollback()
        message = 'these are not pictures of yours that no other post has'
        abort(bad_request(message, {'media': [message]}))
    db.session.commit()


@does('DELETE', '/posts/<int:id>')
@other_responses(NOT_YOURS)
def delete_post(id: int) -> None:
    """Delete a post of one's own. Its answers stay."""
    db.session.delete(own_post(id))


def own_post(id: int) -> Post:
    """Return a post of the caller's; 404 when there is none, 403 when it is somebody else's."""
    post = post_or_404(id)
    if post.user_id != caller_id():
        abort(403)
    return post


def marked(post: Post) -> Shown:
    """Return a post with what the caller did to it."""
    return shown(caller_id(), [post])[0]
