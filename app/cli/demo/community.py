"""A small community: about twenty people who talk to each other in as many languages.

All of it is in community.json. A post there is: how many minutes ago, by whom, in which language,
what; and, where there is more to say: who likes it (`likes`) or keeps it (`kept`), who passed it on
(`reposts`) and when its text was changed (`edited`), in minutes as well. Posts stand in
conversations. All but the first answer one of them: that with the number `to`, or else the one that
`_answered` finds. Posts of which nothing is said get a few likes by chance, the same every time.
"""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, insert, select
from werkzeug.security import generate_password_hash

from app.cli.demo.filling import (
    Row,
    account,
    continue_ids,
    first_free_id,
    happening,
    ids_by_name,
    recount,
    texts,
)
from app.markup import mentions as names_in
from app.markup import tags
from app.models import Post, User, followers
from app.models.activity import ANSWER, FOLLOW, LIKE, MENTION, REPOST, Activity
from app.models.mention import mentions
from app.models.reaction import bookmarks, likes
from app.models.tag import Tag, post_tags
from app.text import case_key

MAIN_PERSON = 'susan'  # whose password is printed
LAST_LOOK = timedelta(minutes=85)  # since she has seen what concerns her
MOST_LIKES = 4  # of a post about which nothing is said
LIKED_WITHIN = timedelta(minutes=10)
SEED = 16


def fill(connection: Connection, now: datetime, password: str) -> list[str]:
    """Add the people, their posts and whom they follow; return the names to log in with."""
    community = texts('community')
    password_hash = generate_password_hash(password)
    people = [
        account(
            person['username'],
            person['email'],
            about_me=person['about_me'],
            last_seen=now - timedelta(minutes=person['minutes_since_seen']),
            password_hash=password_hash if person['username'] == MAIN_PERSON else None,
            last_activity_read_time=now - LAST_LOOK if person['username'] == MAIN_PERSON else None,
        )
        for person in community['people']
    ]
    connection.execute(insert(User), people)
    ids = ids_by_name(connection)
    follows = [
        {'follower_id': ids[person['username']], 'followed_id': ids[followed]}
        for person in community['people']
        for followed in person['follows'].split()
    ]
    connection.execute(insert(followers), follows)
    talk = _Talk(now, ids)
    talk.first_id = first_free_id(connection, ids[MAIN_PERSON])
    talk.tell_of_followers(follows)
    talk.read(community['conversations'])
    connection.execute(insert(Post), talk.posts)
    continue_ids(connection, talk.first_id + len(talk.posts))
    connection.execute(
        insert(Tag), [{'key': key, 'name': name} for key, name in talk.spellings.items()]
    )
    tag_ids: dict[str, int] = dict(connection.execute(select(Tag.key, Tag.id)).all())
    tagged = [{**row, 'tag_id': tag_ids[key]} for key, row in talk.tagged]
    talk.activities.sort(key=lambda row: row['timestamp'])
    for table, rows in (
        (likes, talk.likes),
        (bookmarks, talk.kept),
        (mentions, talk.mentions),
        (post_tags, tagged),
        (Activity, talk.activities),
    ):
        connection.execute(insert(table), rows)
    recount(connection)
    return [MAIN_PERSON]


class _Talk:
    """Makes rows of conversations, in the order in which people write on a site: by time."""

    def __init__(self, now: datetime, ids: dict[str, int]) -> None:
        self.now, self.ids = now, ids
        self.keys = {case_key(name): id_ for name, id_ in ids.items()}
        self.random = Random(SEED)  # noqa: S311 - the same data every time, nothing is secret
        self.first_id = 1
        self.posts: list[Row] = []
        self.spellings: dict[str, str] = {}
        self.tagged: list[tuple[str, Row]] = []
        self.likes: list[Row] = []
        self.kept: list[Row] = []
        self.mentions: list[Row] = []
        self.activities: list[Row] = []

    def tell_of_followers(self, follows: list[Row]) -> None:
        for row in follows:
            when = self.now - timedelta(days=self.random.uniform(1, 90))
            told, actor = row['followed_id'], row['follower_id']
            self.activities.append(happening(told, FOLLOW, actor, None, when))

    def read(self, conversations: list[list[Any]]) -> None:
        written: list[tuple[Row, Row | None, dict[str, Any] | None]] = []
        for conversation in conversations:
            rows: list[Row] = []
            for number, (minutes, author, language, body, *more) in enumerate(conversation):
                facts = more[0] if more else {}
                post = self._row(minutes, author, body=body, language=language)
                above = rows[_answered(conversation, number)] if number else None
                rows.append(post)
                written.append((post, above, facts))
                for reposter, later in facts.get('reposts', {}).items():
                    repost = self._row(later, reposter, body='', language='')
                    written.append((repost, post, None))
        written.sort(key=lambda each: each[0]['timestamp'])
        for post, above, facts in written:
            post['id'] = self.first_id + len(self.posts)
            self.posts.append(post)
            if facts is not None:
                self._say(post, above, facts)
            elif above is not None:
                self._pass_on(post, above)

    def _row(self, minutes: float, author: str, **columns: Any) -> Row:
        return {
            'timestamp': self._ago(minutes),
            'user_id': self.ids[author],
            'edited': None,
            'in_reply_to': None,
            'is_answer': False,
            'repost_of': None,
            'reply_count': 0,
            'like_count': 0,
            'repost_count': 0,
            **columns,
        }

    def _ago(self, minutes: float) -> datetime:
        return self.now - timedelta(minutes=minutes)

    def _pass_on(self, repost: Row, post: Row) -> None:
        repost['repost_of'] = post['id']
        post['repost_count'] += 1
        same = (post['user_id'], REPOST, post['id'])
        # One entry tells of all, by the last one.
        self.activities = [
            row for row in self.activities if (row['user_id'], row['kind'], row['post_id']) != same
        ]
        self._tell(post['user_id'], REPOST, repost['user_id'], post['id'], repost['timestamp'])

    def _say(self, post: Row, above: Row | None, facts: dict[str, Any]) -> None:
        id_, author, when = post['id'], post['user_id'], post['timestamp']
        if above is not None:
            post['in_reply_to'], post['is_answer'] = above['id'], True
            above['reply_count'] += 1
            self._tell(above['user_id'], ANSWER, author, id_, when)
        if 'edited' in facts:
            post['edited'] = self._ago(facts['edited'])
        for key, name in tags(post['body']).items():
            self.spellings.setdefault(key, name)
            self.tagged.append((key, {'post_id': id_, 'timestamp': when}))
        for keys in names_in(post['body']):
            key = next(key for key in keys if key in self.keys)
            told = self.keys[key]
            self.mentions.append({'post_id': id_, 'name_key': key, 'user_id': told})
            if above is None or told != above['user_id']:
                self._tell(told, MENTION, author, id_, when)
        for name in facts.get('kept', '').split():
            self.kept.append({'user_id': self.ids[name], 'post_id': id_, 'timestamp': when})
        self._like(
            post, [self.ids[name] for name in facts['likes'].split()] if 'likes' in facts else None
        )

    def _like(self, post: Row, likers: list[int] | None) -> None:
        if likers is None:
            others = [id_ for id_ in self.ids.values() if id_ != post['user_id']]
            likers = self.random.sample(others, self.random.randint(0, MOST_LIKES))
        post['like_count'] = len(likers)
        when = post['timestamp']
        for liker in likers:
            when = min(when + LIKED_WITHIN * self.random.random(), self.now)
            self.likes.append({'post_id': post['id'], 'user_id': liker, 'timestamp': when})
        if likers:
            self._tell(post['user_id'], LIKE, likers[-1], post['id'], when)

    def _tell(self, told: int, kind: str, actor: int, post_id: int, when: datetime) -> None:
        if told != actor:
            self.activities.append(happening(told, kind, actor, post_id, when))


def _answered(conversation: list[Any], number: int) -> int:
    """Return which post the one with that number answers.

    Who began a conversation answers who spoke last; the others answer what it began with.
    """
    _minutes, author, _language, _body, *more = conversation[number]
    if more and 'to' in more[0]:
        return int(more[0]['to'])
    return number - 1 if author == conversation[0][1] else 0
