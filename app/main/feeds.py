"""What programs read of a public site: feeds (Atom, RFC 4287), and the sitemap for search engines.

They are the same for everybody, in whatever language: nothing but what people have written.
"""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_DNS, uuid5

from flask import Response, abort, current_app, make_response, render_template, request

from app.main.blueprint import bp
from app.main.people import user as profile
from app.main.people import user_or_404
from app.models import User, findable
from app.models.timeline import AllPosts, PostsBy, Timeline
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
    files = [('main.sitemap_of_people', number) for number in findable.ranges(User)]
    response = _xml('sitemap_index.xml', SITEMAP_MAX_AGE, files=files)
    response.make_conditional(request)
    return response


@bp.route('/sitemap-people-<int:number>.xml')
@public_only
def sitemap_of_people(number: int) -> Response:
    """The profiles of one file of the sitemap."""
    if number not in findable.ranges(User):
        abort(404)
    response = _xml('sitemap_of_people.xml', SITEMAP_MAX_AGE, people=findable.people(number))
    response.make_conditional(request)
    return response


def _xml(template: str, max_age: int, **facts: Any) -> Response:
    response = make_response(for_xml(render_template(f'main/{template}', **facts)))
    response.mimetype = 'application/xml'
    response.cache_control.public = True
    response.cache_control.max_age = max_age
    response.add_etag()
    return response
