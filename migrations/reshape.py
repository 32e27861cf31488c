"""Bringing tables into a wanted shape, whatever shape they are found in.

Two kinds of database arrive here, with columns, keys and indexes that differ in many small ways.
So nothing is assumed: what is there is looked at, what is not wanted goes, what is missing comes.
That also makes it safe to start again where MariaDB, which cannot undo an ALTER, was interrupted.
A column that is not ours, of a reader who went further, stays as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations
from sqlalchemy.schema import CreateIndex, CreateTable

GAP = 1000  # ids that may have been in use above those that are there

sequence = sa.table('sqlite_sequence', sa.column('name'), sa.column('seq'))


def has_table(table: str) -> bool:
    return sa.inspect(op.get_bind()).has_table(table)


def has_column(table: str, column: str) -> bool:
    return any(found['name'] == column for found in sa.inspect(op.get_bind()).get_columns(table))


def has_index(table: str, index: str) -> bool:
    return any(found['name'] == index for found in sa.inspect(op.get_bind()).get_indexes(table))


@contextmanager
def giving_ids_once(table: str) -> Iterator[BatchOperations]:
    """Change a table; on SQLite it is made anew, and goes on with its ids where it was."""
    if op.get_bind().dialect.name != 'sqlite':
        with op.batch_alter_table(table) as batch:
            yield batch
        return
    last = _last_id(table)
    with op.batch_alter_table(
        table, recreate='always', table_kwargs={'sqlite_autoincrement': True}
    ) as batch:
        yield batch
    op.execute(sequence.delete().where(sequence.c.name == table))
    op.execute(sequence.insert().values(name=table, seq=last))


def _last_id(table: str) -> int:
    """Return an id that no row had a higher one than, as far as that can be known."""
    connection = op.get_bind()
    if sa.inspect(connection).has_table('sqlite_sequence'):
        last = connection.scalar(sa.select(sequence.c.seq).where(sequence.c.name == table))
        if last is not None:
            return int(last)
    people = sa.table('user', sa.column('id'))
    is_new = connection.scalar(sa.select(people.c.id).limit(1)) is None  # nobody has registered
    rows = sa.table(table, sa.column('id', sa.Integer))
    found = connection.execute(sa.select(sa.func.coalesce(sa.func.max(rows.c.id), 0))).scalar_one()
    return int(found if is_new else found + GAP)


def reshape(wanted: sa.MetaData) -> None:
    """Give the tables of `wanted` its columns, keys, rules and indexes; the rows stay."""
    tables = wanted.sorted_tables
    if op.get_bind().dialect.name == 'sqlite':
        for table in tables:
            _rebuild(table)
        return
    for table in tables:
        _drop_foreign_keys(table)
    for table in tables:
        _drop_indexes(table)
        _drop_rules(table)
        _alter_columns(table)
        _create_keys_and_rules(table)
        _create_indexes(table)
    for table in tables:
        _create_foreign_keys(table)


def _rebuild(table: sa.Table) -> None:
    """Copy the rows into a new table: SQLite can change little about one that exists."""
    connection = op.get_bind()
    draft = table.to_metadata(table.metadata, name=f'_new_{table.name}')
    for found in sa.inspect(connection).get_columns(table.name):
        if found['name'] not in draft.c:
            draft.append_column(
                sa.Column(
                    found['name'],
                    found['type'],
                    nullable=found['nullable'],
                    server_default=sa.text(found['default']) if found['default'] else None,
                )
            )
    op.execute(CreateTable(draft))
    columns = draft.columns.keys()
    old_rows: Any = sa.select(*map(sa.column, columns)).select_from(sa.table(table.name))
    op.execute(draft.insert().from_select(columns, old_rows, include_defaults=False))
    table.metadata.remove(draft)
    op.drop_table(table.name)
    op.rename_table(draft.name, table.name)
    for index in _sorted_indexes(table):
        op.execute(CreateIndex(index))


def _sorted_indexes(table: sa.Table) -> list[sa.Index]:
    return sorted(table.indexes, key=lambda index: str(index.name))


def _drop_foreign_keys(table: sa.Table) -> None:
    kept = _foreign_keys(table)
    for found in sa.inspect(op.get_bind()).get_foreign_keys(table.name):
        ours = {*found['constrained_columns']} <= {*table.c.keys()}
        if ours and found['name'] and _described(found) not in kept:
            op.drop_constraint(found['name'], table.name, type_='foreignkey')


def _create_foreign_keys(table: sa.Table) -> None:
    existing = [*map(_described, sa.inspect(op.get_bind()).get_foreign_keys(table.name))]
    for key in _foreign_keys(table):
        if key not in existing:
            name, columns, target, target_columns, ondelete = key
            op.create_foreign_key(
                name, table.name, target, list(columns), list(target_columns), ondelete=ondelete
            )


def _foreign_keys(table: sa.Table) -> list[tuple[Any, ...]]:
    """Describe the wanted foreign keys, in the order of their columns."""
    return [
        (
            key.name,
            tuple(key.column_keys),
            key.referred_table.name,
            tuple(element.column.name for element in key.elements),
            key.ondelete,
        )
        for column in table.c
        for key in (reference.constraint for reference in column.foreign_keys)
        if key is not None and key.columns[0] is column
    ]


def _described(found: Any) -> tuple[Any, ...]:
    return (
        found['name'],
        tuple(found['constrained_columns']),
        found['referred_table'],
        tuple(found['referred_columns']),
        found['options'].get('ondelete'),
    )


def _drop_indexes(table: sa.Table) -> None:
    inspector = sa.inspect(op.get_bind())
    kept = {_index_key(index) for index in table.indexes}
    for found in inspector.get_indexes(table.name):
        columns = found['column_names']
        if not {*columns} <= {*table.c.keys()}:
            continue
        if (found['name'], tuple(columns), bool(found['unique'])) in kept:
            continue
        if 'duplicates_constraint' in found:
            op.drop_constraint(str(found['name']), table.name, type_='unique')
        else:
            op.drop_index(str(found['name']), table.name)


def _create_indexes(table: sa.Table) -> None:
    existing = {index['name'] for index in sa.inspect(op.get_bind()).get_indexes(table.name)}
    for index in _sorted_indexes(table):
        if index.name not in existing:
            op.execute(CreateIndex(index))


def _index_key(index: sa.Index) -> tuple[Any, ...]:
    return index.name, tuple(column.name for column in index.columns), index.unique


def _drop_rules(table: sa.Table) -> None:
    inspector = sa.inspect(op.get_bind())
    kept = {rule.name for rule in _rules(table)}
    for found in inspector.get_check_constraints(table.name):
        if found['name'] and found['name'] not in kept:
            op.drop_constraint(found['name'], table.name, type_='check')
    key = inspector.get_pk_constraint(table.name)
    columns = key['constrained_columns']
    if columns and columns != table.primary_key.columns.keys():
        op.drop_constraint(key['name'] or 'PRIMARY', table.name, type_='primary')


def _create_keys_and_rules(table: sa.Table) -> None:
    inspector = sa.inspect(op.get_bind())
    columns = table.primary_key.columns.keys()
    if columns and not inspector.get_pk_constraint(table.name)['constrained_columns']:
        op.create_primary_key(None, table.name, columns)
    existing = {rule['name'] for rule in inspector.get_check_constraints(table.name)}
    for rule in _rules(table):
        if rule.name not in existing:
            op.create_check_constraint(str(rule.name), table.name, rule.sqltext)


def _rules(table: sa.Table) -> list[sa.CheckConstraint]:
    return [rule for rule in table.constraints if isinstance(rule, sa.CheckConstraint)]


def _alter_columns(table: sa.Table) -> None:
    dialect = op.get_bind().dialect
    columns = [column for column in table.c if column is not table.autoincrement_column]
    if dialect.name == 'mysql':
        # All at once, since each statement may copy the whole table.
        compiler = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]  # no statement is needed
        changes = [f'MODIFY {compiler.get_column_specification(column)}' for column in columns]
        op.execute(f'ALTER TABLE {compiler.preparer.format_table(table)} {", ".join(changes)}')
        return
    found = {column['name']: column for column in sa.inspect(op.get_bind()).get_columns(table.name)}
    for column in columns:
        old = found[column.name]
        same_type = old['type'].compile(dialect) == column.type.compile(dialect)
        if not same_type or old['nullable'] != column.nullable:
            op.alter_column(
                table.name,
                column.name,
                type_=None if same_type else column.type,
                nullable=column.nullable,
            )
