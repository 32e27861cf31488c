"""How many polls a process answers in the time of one page: `python -m benchmarks.polling`.

Needs a database that `flask demo --users ... --posts ...` has filled.
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextvars import Context

from app import create_app, db
from app.cli.demo.bulk import READERS
from app.models import User
from benchmarks.feed import WARM_UP, _config, _logged_in
from config import Config

# What the first page of a timeline asks, when nothing is new.
NEW_POSTS = '/notifications?since=0&timeline={}&newest=9999999999999999-1'
PAGES = {
    'a poll': '/notifications?since=0',
    'a poll of home': NEW_POSTS.format('home'),
    'a poll of Explore': NEW_POSTS.format('explore'),
    '/explore': '/explore',
    '/index': '/index',
    '/messages/sent': '/messages/sent',
}


def main() -> None:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.polling', description=__doc__)
    parser.add_argument('url', nargs='?', default=Config.SQLALCHEMY_DATABASE_URI)
    parser.add_argument('--repeat', type=int, default=300, help='requests that count, of each kind')
    arguments = parser.parse_args()
    app = create_app(_config(arguments.url))
    with app.app_context():
        reader = next(name for name in READERS if READERS[name])
        client = _logged_in(app, reader)
        user = User.find(reader)
        assert user is not None  # noqa: S101 (the line above has found it)
        user.add_notification('unread_message_count', 0)
        db.session.commit()
        print(f'\n{db.engine.dialect.name}: {arguments.repeat} requests of each kind\n')
    print('| Request           | a second | to a poll |')
    print('|-------------------|---------:|----------:|')
    times: dict[str, list[float]] = {name: [] for name in PAGES}
    for _ in range(WARM_UP + arguments.repeat):
        # In turns: whatever else the machine is doing slows all of them down.
        for name, path in PAGES.items():
            start = time.perf_counter()
            response = Context().run(client.get, path)
            times[name].append(time.perf_counter() - start)
            if response.status_code != 200:
                raise SystemExit(f'GET {path} answers {response.status}')
    medians = {name: statistics.median(times[name][WARM_UP:]) for name in PAGES}
    for name, median in medians.items():
        print(f'| {name:<17} | {1 / median:8.0f} | {median / medians["a poll"]:9.1f} |')


if __name__ == '__main__':
    main()
