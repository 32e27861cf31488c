"""Posts from before they had tags, mentions and answers, and back."""

from sqlalchemy import select

from app import db
from app.models import Activity, Post, Tag, User, post_tags
from app.models.mention import mentions
from tests.migrations.database import Database

BEFORE = '4e8a2f7b9c15'


def test_what_was_written_before_is_found_by_its_tags_and_mentions(database: Database) -> None:
    database.upgrade()
    with database.app.app_context():
        susan, john = (User(username=n, email=f'{n}@example.com') for n in ('susan', 'john'))
        db.session.add_all([susan, john])
        db.session.commit()
        texts = ['#Été @JOHN @nobody', '#ete #two', 'nothing', '@susan.']
        posts = [Post(body=text, author=susan) for text in texts]
        db.session.add_all(posts)
        db.session.commit()
        db.session.add(Post(body='yes', author=john, in_reply_to=posts[0].id))
        john.like(posts[0])
        john.repost(posts[0])
        db.session.commit()
        assert john.post_count == 1
        ids = [post.id for post in posts]

    database.downgrade(BEFORE)
    # An answer is a post like any other there, and a repost is none.
    counts = 'SELECT username, post_count FROM "user" ORDER BY id'
    if database.backend == 'mysql':
        counts = counts.replace('"', '`')
    assert database.rows(counts) == [('susan', 4), ('john', 1)]
    assert database.rows('SELECT COUNT(*) FROM post') == [(5,)]

    database.upgrade()
    with database.app.app_context():
        rows = select(Tag.name, post_tags.c.post_id).join(post_tags, post_tags.c.tag_id == Tag.id)
        tagged = {tuple(row) for row in db.session.execute(rows)}
        assert tagged == {('Été', ids[0]), ('Été', ids[1]), ('two', ids[1])}
        named = select(mentions.c.post_id, mentions.c.name_key)
        assert {tuple(row) for row in db.session.execute(named)} == {
            (ids[0], 'john'),
            (ids[3], 'susan'),
        }
        # Nobody is told of what is long past.
        assert db.session.scalars(select(Activity)).all() == []
        assert {user.unread_activity_count for user in db.session.scalars(select(User))} == {0}
