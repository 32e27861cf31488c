"""How long searching and reindexing take: `python -m benchmarks.search [ENGINE_URL ...]`.

Needs a database (DATABASE_URL) that `flask demo --users ... --posts ...` has filled. Without an
address the embedded engine is measured, which `embedded` names among addresses of Elasticsearch.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select

from app import create_app, db
from app.models import Post
from app.search import Order
from app.search.text import split
from config import Config

SAMPLE = 20_000  # posts read to find a rare word and the commonest ones
EMBEDDED = 'embedded'
ORDERS: list[Order] = ['best', 'newest']


def main() -> None:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.search', description=__doc__)
    parser.add_argument('engine', nargs='*', default=[EMBEDDED])
    parser.add_argument('--repeat', type=int, default=100, help='calls that count, of each kind')
    parser.add_argument('--keep', action='store_true', help='search the index that is there')
    arguments = parser.parse_args()
    for engine in arguments.engine:
        with TemporaryDirectory() as folder:
            measure(engine, Path(folder), arguments.repeat, arguments.keep)


def measure(engine: str, folder: Path, repeat: int, keep: bool) -> None:
    """Build an index, search it, and print what came out as tables of Markdown."""
    settings: dict[str, object] = {'ELASTICSEARCH_URL': None if engine == EMBEDDED else engine}
    if engine == EMBEDDED and not keep:
        settings['SEARCH_INDEX'] = str(folder / 'search.db')
    app = create_app(type('BenchmarkConfig', (Config,), settings))
    with app.app_context():
        count = db.session.scalar(select(func.count()).select_from(Post))
        queries = _queries()
        print(f'\n{engine}, {count} posts, {repeat} searches of each kind\n')
        if not keep:
            start = time.perf_counter()
            Post.reindex()
            print(f'reindex: {time.perf_counter() - start:.0f} s\n')
        print('| What | Query | Found | Order | Median ms | 95th ms |')
        print('|------|-------|------:|-------|----------:|--------:|')
        for label, query in queries.items():
            for order in ORDERS:
                _print_row(label, query, order, app.config['POSTS_PER_PAGE'], repeat)


def _print_row(label: str, query: str, order: Order, per_page: int, repeat: int) -> None:
    times = []
    total = 0
    for _ in range(repeat):
        start = time.perf_counter()
        _, total = Post.search(query, 1, per_page, order)
        times.append((time.perf_counter() - start) * 1000)
        db.session.remove()
    late = statistics.quantiles(times, n=20)[-1]
    median = statistics.median(times)
    print(f'| {label} | {query} | {total} | {order} | {median:.1f} | {late:.1f} |')


def _queries() -> dict[str, str]:
    """Return a rare word and common ones, alone and together."""
    bodies = db.session.scalars(select(Post.body).order_by(Post.id.desc()).limit(SAMPLE))
    counts: Counter[str] = Counter()
    for body in bodies:
        counts.update(set(split(body)))
    common = [word for word, _ in counts.most_common(20) if word.isascii()]
    rare = min((word for word in counts if len(word) > 4), key=lambda word: (counts[word], word))
    db.session.remove()
    return {
        'a rare word': rare,
        'the commonest word': common[0],
        'the three commonest': ' '.join(common[:3]),
        'ten common words': ' '.join(common[:10]),
        'a common phrase': f'"{common[0]} {common[3]}"',
        'common, not common': f'{common[0]} -{common[1]}',
        'rare and common': f'{rare} {common[0]}',
    }


if __name__ == '__main__':
    main()
