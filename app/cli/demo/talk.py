"""What the people of bulk data write to each other, and what they do with posts.

All of it is decided before the first row is written, so that each post begins with its numbers.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any

from app.cli.demo.filling import Row, happening, texts
from app.cli.demo.words import Writer
from app.models import Post
from app.models.activity import ANSWER, LIKE, MENTION, REPOST, Activity
from app.models.mention import mentions
from app.models.reaction import bookmarks, likes
from app.models.tag import post_tags
from app.text import BODY_LENGTH, case_key

# To each post that begins a conversation, in the mean.
LIKES = 5
ANSWERS = 0.3
REPOSTS = 0.1
# In proportion to these posts: the answers to one of them, and the likes that one person gets.
MOST_ANSWERS = 0.01
MOST_LIKES = 0.1

TAGGED = 0.2  # of the posts
MENTIONING = 0.05  # of the posts
NAMING = 0.5  # of the answers begin with the name of whom they answer
EDITED = 0.01
KEPT_EVERY = 1000  # posts: each reader's bookmarks
RECENT = 200  # posts between one and what answers it or passes it on, in the mean
LIKED_WITHIN = timedelta(hours=3)  # in the mean
EDITED_AFTER = timedelta(minutes=10)
TAIL = 1.2  # of the Pareto distribution of likes
MOST_LIKED = 200  # times as often as the least
FOREIGN_LANGUAGE = 0.1  # of the posts are not in their author's own language

BEGINS, ANSWERS_ONE, REPOSTS_ONE = range(3)
AuthorAt = Callable[[float], int]

Rows = defaultdict[Any, list[Row]]


class Talk:
    """All that people write, by number from the oldest to the newest."""

    def __init__(self, random: Random, count: int, author_at: AuthorAt) -> None:
        """Decide who writes what to whom; `author_at` gives somebody for a part of the time."""
        self.random = random
        self.kinds = _kinds(random, count)
        self.authors = array('i')
        self.targets = array('i')  # what is answered or passed on
        self.replies = array('i', bytes(4 * len(self.kinds)))
        self.reposts = array('i', bytes(4 * len(self.kinds)))
        self.likes = array('i', bytes(4 * len(self.kinds)))
        self.written = array('i')  # all but reposts
        answers = 0
        every = round(ANSWERS / MOST_ANSWERS)
        pairs = set()
        for number, kind in enumerate(self.kinds):
            author, target = author_at(number / len(self.kinds)), -1
            if kind == ANSWERS_ONE:
                target = self._recent() if answers % every else 0
                answers += 1
                self.replies[target] += 1
            elif kind == REPOSTS_ONE:
                target = self._recent()
                while (target, author) in pairs:
                    author, target = author_at(number / len(self.kinds)), self._recent()
                pairs.add((target, author))
                self.reposts[target] += 1
            self.authors.append(author)
            self.targets.append(target)
            if kind != REPOSTS_ONE:
                self.written.append(number)

    def __len__(self) -> int:
        return len(self.kinds)

    def let_like(self, count: int, favourite: int, people: int) -> None:
        """Decide how often each post is liked: `count` of these posts begin a conversation."""
        liked = [number for number in self.written if self.authors[number] == favourite]
        others = [number for number in self.written if self.authors[number] != favourite]
        most = round(MOST_LIKES * count) if liked else 0
        weights = [min(self.random.paretovariate(TAIL), MOST_LIKED) for _ in others]
        for numbers, shares, total in (
            (liked, [1.0] * len(liked), most),
            (others, weights, LIKES * count - most),
        ):
            # There is no more than one like of each person.
            for number, times in zip(numbers, _spread(shares, total, people), strict=True):
                self.likes[number] = times

    def _recent(self) -> int:
        back = int(self.random.expovariate(1 / RECENT))
        return self.written[-1 - min(back, len(self.written) - 1)]


class Scribe:
    """Makes rows of a `Talk`, of posts and of all that belongs to them."""

    def __init__(
        self,
        talk: Talk,
        ids: dict[str, int],
        tag_ids: Sequence[int],
        now: datetime,
        span: timedelta,
        disorder: timedelta,
        readers: Iterable[str],
    ) -> None:
        self.talk, self.random = talk, talk.random
        self.now, self.span, self.disorder = now, span, disorder
        self.names, self.ids = list(ids), list(ids.values())
        self.readers = [ids[name] for name in readers]
        # Whoever likes a post stands next to one another here, so nobody does so twice.
        self.ring = self.random.sample(self.ids, len(self.ids)) * 2
        languages = texts('bulk')['languages']
        self.writers = [Writer(self.random, language) for language in languages]
        shares = [language['share'] for language in languages]
        self.own_writers = self.random.choices(self.writers, shares, k=len(ids))
        self.tags = list(zip(texts('bulk')['tags'].split(), tag_ids, strict=True))
        # Zipf's law, as for words.
        self.tag_weights = list(accumulate(1 / rank for rank in range(1, len(self.tags) + 1)))
        self.times: list[datetime] = []
        # Who is told of how many reposts there are: the last one of each post.
        self.reposters: dict[int, Row] = {}

    def write(self, number: int, first_id: int) -> Rows:
        """Return the rows of what has that number, whose id is that of the first and so many."""
        rows: Rows = defaultdict(list)
        talk, random, id_ = self.talk, self.random, first_id + number
        kind, target = talk.kinds[number], talk.targets[number]
        author = self.ids[talk.authors[number]]
        progress = number / len(talk)
        when = self.now - (1 - progress) * self.span - random.random() * self.disorder
        if target >= 0:
            when = min(max(when, self.times[target] + timedelta(seconds=1)), self.now)
        self.times.append(when)
        post: Row = {
            'id': id_,
            'body': '',
            'timestamp': when,
            'user_id': author,
            'language': '',
            'edited': None,
            'in_reply_to': first_id + target if kind == ANSWERS_ONE else None,
            'is_answer': kind == ANSWERS_ONE,
            'repost_of': first_id + target if kind == REPOSTS_ONE else None,
            'reply_count': talk.replies[number],
            'like_count': talk.likes[number],
            'repost_count': talk.reposts[number],
        }
        rows[Post].append(post)
        told = self.ids[talk.authors[target]] if target >= 0 else None
        if kind == REPOSTS_ONE:
            if told != author:
                self.reposters[target] = happening(told, REPOST, author, first_id + target, when)
            return rows
        if kind == ANSWERS_ONE and told != author:
            rows[Activity].append(happening(told, ANSWER, author, id_, when))
        self._say(post, number, rows, told)
        if random.random() < EDITED:
            post['edited'] = min(when + EDITED_AFTER, self.now)
        self._like(post, rows)
        if number % KEPT_EVERY == 0:
            rows[bookmarks] += (
                {'user_id': reader, 'post_id': id_, 'timestamp': when} for reader in self.readers
            )
        return rows

    def _say(self, post: Row, number: int, rows: Rows, answered: int | None) -> None:
        talk, random, author = self.talk, self.random, post['user_id']
        writer = self.own_writers[talk.authors[number]]
        if random.random() < FOREIGN_LANGUAGE:
            writer = random.choice(self.writers)
        named, before, behind = None, '', ''
        if answered is not None and random.random() < NAMING:
            named = talk.authors[talk.targets[number]]
        elif answered is None and random.random() < MENTIONING:
            named = random.randrange(len(self.ids))
        if named is not None:
            name, told = self.names[named], self.ids[named]
            before = f'@{name} '
            rows[mentions].append(
                {'post_id': post['id'], 'name_key': case_key(name), 'user_id': told}
            )
            if told not in (author, answered):
                rows[Activity].append(
                    happening(told, MENTION, author, post['id'], post['timestamp'])
                )
        if random.random() < TAGGED:
            word, tag_id = random.choices(self.tags, cum_weights=self.tag_weights)[0]
            behind = f' #{word}'
            rows[post_tags].append(
                {'post_id': post['id'], 'tag_id': tag_id, 'timestamp': post['timestamp']}
            )
        text = writer.write(BODY_LENGTH - len(before) - len(behind))
        post['body'], post['language'] = f'{before}{text}{behind}', writer.code

    def _like(self, post: Row, rows: Rows) -> None:
        id_, times = post['id'], post['like_count']
        if not times:
            return
        start = self.random.randrange(len(self.ids))
        delay = self.random.expovariate(1) * LIKED_WITHIN
        when = min(post['timestamp'] + delay, self.now)
        likers = self.ring[start : start + times]
        rows[likes] += ({'post_id': id_, 'user_id': liker, 'timestamp': when} for liker in likers)
        last = next((liker for liker in likers if liker != post['user_id']), None)
        if last is not None:
            rows[Activity].append(happening(post['user_id'], LIKE, last, id_, when))


def _kinds(random: Random, count: int) -> bytearray:
    """Return what each is that is written, in a random order that begins with a post."""
    kinds = bytearray([BEGINS]) * count
    kinds += bytearray([ANSWERS_ONE]) * round(ANSWERS * count)
    kinds += bytearray([REPOSTS_ONE]) * round(REPOSTS * count)
    random.shuffle(kinds)
    if kinds:
        first = kinds.index(BEGINS)
        kinds[0], kinds[first] = kinds[first], kinds[0]
    return kinds


def _spread(shares: list[float], total: int, most: int) -> Iterator[int]:
    """Divide `total` by `shares`, but with no part above `most`."""
    whole = sum(shares)
    owed = 0.0
    for share in shares:
        owed += share / whole * total
        # (What rounding leaves must not cost the last part one.)
        part = min(int(owed + 1e-6), most)
        owed -= part
        yield part
