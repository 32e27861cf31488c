"""Elasticsearch 8 or 9, for sites on several machines.

An index is an alias, `<index>`, of the real one, `<index>-<number>`; while it is rebuilt there is a
second alias, `<index>.new`. Every write is sent to both, and the one that is not there is skipped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import elastic_transport
from elastic_transport import NodeConfig, TransportError, Urllib3HttpNode
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from app.search.engine import (
    REBUILDING_LIMIT,
    Changes,
    Documents,
    Engine,
    Order,
    Refused,
    SearchUnavailable,
)
from app.search.query import Phrase, Query
from app.time_limit import limit_answers

TIMEOUT = 2  # seconds that a visitor waits for a connection, and again for the whole answer
REBUILDING_TIMEOUT = 60  # seconds that a step of rebuilding may take
REFRESH_INTERVAL = '500ms'  # until a new entry is found
TOO_MANY_REQUESTS, SERVER_ERROR, CONFLICT, NOT_FOUND = 429, 500, 409, 404

SETTINGS: dict[str, Any] = {
    'refresh_interval': '-1',  # until it takes the place of the old one
    'number_of_shards': 1,
    'auto_expand_replicas': '0-1',
    # How often a word stands in an entry does not matter, nor how long the entry is.
    'similarity': {'rarity': {'type': 'BM25', 'k1': 0, 'b': 0}},
}
MAPPINGS: dict[str, Any] = {
    'dynamic': False,
    '_source': {'enabled': False},
    'properties': {
        # Split and folded already.
        'words': {
            'type': 'text',
            'analyzer': 'whitespace',
            'similarity': 'rarity',
            'norms': False,
        },
        'number': {'type': 'long'},  # the id, which can be sorted by
        'removed': {'type': 'boolean'},
    },
}


def connect(url: str) -> Elasticsearch:
    return Elasticsearch(
        [url],
        request_timeout=TIMEOUT,
        max_retries=0,
        retry_on_timeout=False,
        node_class=TimelyNode,
    )


class TimelyNode(Urllib3HttpNode):
    """The client's own way to a server, but `request_timeout` holds for the whole answer."""

    def __init__(self, config: NodeConfig) -> None:
        super().__init__(config)
        limit_answers(self.pool)


class ElasticsearchEngine(Engine):
    def __init__(self, client: Elasticsearch) -> None:
        self.client = client
        self.patient = client.options(request_timeout=REBUILDING_TIMEOUT)

    def exists(self, index: str) -> bool:
        with _translated():
            return bool(self.client.indices.exists_alias(name=index))

    def write(self, index: str, changes: Changes) -> None:
        with _translated():
            _bulk(self.client, _write_operations(index, changes), {NOT_FOUND})

    def query(
        self, index: str, query: Query, offset: int, limit: int, order: Order
    ) -> tuple[list[int], int]:
        if not query.wanted:
            return [], 0
        newest_first = {'number': 'desc'}
        with _translated():
            try:
                answer = self.client.search(
                    index=index,
                    query={
                        'bool': {
                            'should': [_condition(phrase) for phrase in query.wanted],
                            'minimum_should_match': 1,
                            'must_not': [_condition(phrase) for phrase in query.excluded],
                        }
                    },
                    sort=[newest_first] if order == 'newest' else ['_score', newest_first],
                    from_=offset,
                    size=limit,
                    track_total_hits=True,
                    allow_partial_search_results=False,
                )
            except NotFoundError:
                return [], 0
        hits = answer['hits']
        return [int(hit['_id']) for hit in hits['hits']], hits['total']['value']

    @contextmanager
    def rebuild(self, index: str) -> Iterator[Callable[[Documents], None]]:
        name, new = f'{index}-{time.time_ns() // 1000}', _new(index)
        indices = self.patient.indices
        with _translated():
            abandoned = self._names(new)
            indices.create(index=name, settings=SETTINGS, mappings=MAPPINGS)
            actions: list[dict[str, Any]] = [{'add': {'index': name, 'alias': new}}]
            actions += [{'remove_index': {'index': old}} for old in abandoned]
            indices.update_aliases(actions=actions)

        def add(documents: Documents) -> None:
            operations: list[dict[str, Any]] = []
            for id_, document in documents.items():
                target = {'_index': new, '_id': str(id_), 'require_alias': True}
                operations += [{'create': target}, {'number': id_, 'words': document}]
            with _translated():
                # What is there already was written meanwhile, and is newer.
                _bulk(self.patient, operations, {CONFLICT})

        try:
            yield add
            with _translated():
                self._replace(index, name)
        except BaseException:
            with suppress(SearchUnavailable), _translated():
                indices.delete(index=name, ignore_unavailable=True)
            raise
        with _translated():
            self._remove_tombstones(name)

    def is_being_rebuilt(self, index: str) -> bool:
        with _translated():
            starts = [int(name.rpartition('-')[2]) / 1e6 for name in self._names(_new(index))]
        return any(start > time.time() - REBUILDING_LIMIT for start in starts)

    def _names(self, alias: str) -> list[str]:
        """Return the names of the real indices behind `alias`."""
        try:
            return list(self.patient.indices.get_alias(name=alias).body)
        except NotFoundError:
            return []

    def _replace(self, index: str, name: str) -> None:
        indices, new = self.patient.indices, _new(index)
        if self._names(new) != [name]:
            raise Refused(f'somebody else is rebuilding the index {index}')
        indices.put_settings(index=name, settings={'refresh_interval': REFRESH_INTERVAL})
        indices.refresh(index=name)
        old = self._names(index)
        if not old and indices.exists(index=index):
            # Not made by us, such as the one of the tutorial's own code.
            old = [index]
        indices.update_aliases(
            actions=[
                {'remove': {'index': name, 'alias': new, 'must_exist': True}},
                *({'remove_index': {'index': old_name}} for old_name in old),
                {'add': {'index': name, 'alias': index}},
            ]
        )

    def _remove_tombstones(self, name: str) -> None:
        """Delete what only kept the rebuilding from adding entries that were removed meanwhile."""
        self.patient.indices.refresh(index=name)
        found = self.patient.search(index=name, query={'term': {'removed': True}}, size=10_000)
        ids = [hit['_id'] for hit in found['hits']['hits']]
        operations = [{'delete': {'_index': name, '_id': id_}} for id_ in ids]
        _bulk(self.patient, operations, {NOT_FOUND})


def _write_operations(index: str, changes: Changes) -> list[dict[str, Any]]:
    operations: list[dict[str, Any]] = []
    for id_, document in changes.items():
        live = {'_index': index, '_id': str(id_)}
        new = {'_index': _new(index), '_id': str(id_), 'require_alias': True}
        if document is None:
            operations += [{'delete': live}, {'index': new}, {'number': id_, 'removed': True}]
        else:
            entry = {'number': id_, 'words': document}
            operations += [{'index': {**live, 'require_alias': True}}, entry]
            operations += [{'index': new}, entry]
    return operations


def _bulk(client: Elasticsearch, operations: list[dict[str, Any]], accepted: set[int]) -> None:
    if not operations:
        return
    answer = client.bulk(operations=operations, timeout=f'{TIMEOUT}s')
    for item in answer['items']:
        (result,) = item.values()
        if 'error' in result and result['status'] not in accepted:
            kind = Refused if result['status'] < SERVER_ERROR else SearchUnavailable
            raise kind(f'{result["error"]["type"]}: {result["error"]["reason"]}')


def _condition(phrase: Phrase) -> dict[str, Any]:
    if len(phrase) == 1:
        return {'term': {'words': phrase[0]}}
    return {'match_phrase': {'words': ' '.join(phrase)}}


def _new(index: str) -> str:
    return f'{index}.new'


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the client's errors into ours."""
    try:
        yield
    except elastic_transport.ConnectionError as error:
        raise SearchUnavailable(f'Elasticsearch is away: {error.message}') from error
    except TransportError as error:
        raise SearchUnavailable(f'Elasticsearch: {error.message}') from error
    except ApiError as error:
        in_trouble = error.status_code >= SERVER_ERROR or error.status_code == TOO_MANY_REQUESTS
        kind = SearchUnavailable if in_trouble else Refused
        raise kind(f'Elasticsearch: {error}') from error
    except SearchUnavailable:
        raise
    except Exception as error:
        # There is no end to what the client stumbles over, such as JSON that is nested too deep.
        raise SearchUnavailable(f'Elasticsearch answers something else: {error!r}') from error
