"""What programs read of a public site: feeds (Atom, RFC 4287), and the sitemap for search engines.

They are the same for everybody, in whatever language: nothing but what people have written.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_DNS, uuid5

from flask import Response, abort, current_app, make_response, render_template, request

from app.main.blueprint import bp
from app.main.people import user as profile
from app.main.people import user_or_404
from app.models import Post, Tag, User, findable
from app.models.timeline import AllPosts, PostsBy, PostsUnder, Timeline
from app.names import FEED
from app.text import for_xml, straight
from app.web.public import for_the_public, is_public, public_only
from app.web.site import public_url

ATOM = 'application/atom+xml'
FEED_MAX_AGE = 60  # seconds for which nobody need ask again
SITEMAP_MAX_AGE = 60 * 60
NEVER = datetime(1970, 1, 1)  # when a feed without posts has changed


@bp.route('/explore.atom')
@public_only
def explore_feed() -> Response:
    """The newest posts of everybody."""
    return feed(AllPosts(), 'explore', 'Microblog', 'main.explore')


@bp.route(f'/user/<username>{FEED}')
@for_the_public
def user_feed(username: str) -> Any:
    """The newest posts of a person; the profile of whoever has had a name that ends like that."""
    if User.find(username + FEED) is not None:
        return profile(username + FEED)
    if not is_public():
        abort(404)
    user = user_or_404(username)
    title = f'{straight(user.username)} - Microblog'
    return feed(PostsBy(user), f'user/{user.id}', title, 'main.user', username=user.username)


@bp.route(f'/tag/<word>{FEED}')
@public_only
def tag_feed(word: str) -> Response:
    """The newest of what has a tag."""
    tag = Tag.find(word) or abort(404)
    title = f'#{tag.name} - Microblog'
    return feed(PostsUnder(tag), f'tag/{tag.id}', title, 'main.tag', word=tag.name)


def feed(timeline: Timeline, name: str, title: str, endpoint: str, **values: str) -> Response:
    """Return the newest posts of `timeline` as a feed; the page at `endpoint` shows them as well.

    By `name` the feed is known for good, whatever becomes of its address.
    """
    posts = timeline.newest(current_app.config['POSTS_PER_PAGE'])
    # What was passed on came to its place later than it was written.
    updated = max((max(post.place[0], post.edited or NEVER) for post in posts), default=NEVER)
    site = uuid5(NAMESPACE_DNS, str(urlsplit(public_url('main.index')).hostname))
    response = _xml(
        'feed.xml',
        FEED_MAX_AGE,
        urn=lambda what: uuid5(site, what).urn,
        name=name,
        title=title,
        page=public_url(endpoint, **values),
        address=public_url(str(request.endpoint), **values),
        posts=posts,
        updated=updated,
    )
    response.mimetype = ATOM
    response.last_modified = updated
    # Search engines find the pages, or are asked not to.
    response.headers['X-Robots-Tag'] = 'noindex'
    response.make_conditional(request)
    return response


@bp.route('/sitemap.xml')
@public_only
def sitemap() -> Response:
    """The files that list what search engines may find."""
    people = [('main.sitemap_of_people', number) for number in findable.ranges(User)]
    posts = [('main.sitemap_of_posts', number) for number in findable.ranges(Post)]
    response = _xml('sitemap_index.xml', SITEMAP_MAX_AGE, files=people + posts)
    response.make_conditional(request)
    return response


@bp.route('/sitemap-people-<int:number>.xml')
@public_only
def sitemap_of_people(number: int) -> Response:
    """The profiles of one file of the sitemap."""
    people = findable.people(number) if number in findable.ranges(User) else abort(404)
    return _sitemap((public_url('main.user', username=name), None) for name in people)


@bp.route('/sitemap-posts-<int:number>.xml')
@public_only
def sitemap_of_posts(number: int) -> Response:
    """The posts of one file of the sitemap, and when they were changed."""
    posts = findable.posts(number) if number in findable.ranges(Post) else abort(404)
    return _sitemap((public_url('main.post', id=id_), changed) for id_, changed in posts)


def _sitemap(pages: Iterable[tuple[str, datetime | None]]) -> Response:
    response = _xml('sitemap_file.xml', SITEMAP_MAX_AGE, pages=pages)
    response.make_conditional(request)
    return response


def _xml(template: str, max_age: int, **facts: Any) -> Response:
    response = make_response(for_xml(render_template(f'main/{template}', **facts)))
    response.mimetype = 'application/xml'
    response.cache_control.public = True
    response.cache_control.max_age = max_age
    response.add_etag()
    return response
