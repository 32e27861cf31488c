"""What an error of the database means: that it is away, that two requests met, or a mistake.

Each driver says so in codes of its own. What is not listed here is a mistake: of ours, or of the
schema, which does not pass by waiting.
"""

import sqlite3

import psycopg
import pymysql
from pymysql.constants import CR, ER
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

# SQLite: primary codes for what is away, extended ones for conflicts.
SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,  # locked, too
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
}
SQLITE_CONFLICTS = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY,
}

# PostgreSQL: SQLSTATEs, or how they begin.
POSTGRESQL_AWAY = (
    '08',  # no connection
    '25006',  # read-only: a server that takes over, or whose disk is full
    '3D000',  # there is no such database
    '40001',  # cannot be serialized
    '40P01',  # deadlock
    '53',  # out of connections, memory or disk
    '55P03',  # a lock was not to be had in time
    '57',  # shutting down or starting, or a statement took too long
    '58',  # cannot read or write its files
)
POSTGRESQL_CONFLICTS = {'23503', '23505'}  # foreign key, unique

MYSQL_AWAY = {
    # out of connections, memory or disk
    ER.CON_COUNT_ERROR,
    ER.TOO_MANY_USER_CONNECTIONS,
    ER.USER_LIMIT_REACHED,
    ER.OUTOFMEMORY,
    ER.OUT_OF_RESOURCES,
    ER.CANT_CREATE_THREAD,
    ER.DISK_FULL,
    ER.ERROR_ON_WRITE,
    ER.GET_ERRNO,  # "Got error 28 from storage engine": a full disk
    ER.RECORD_FILE_FULL,
    # locked
    ER.LOCK_WAIT_TIMEOUT,
    ER.LOCK_TABLE_FULL,
    ER.LOCK_DEADLOCK,
    # stopping, or taking too long
    ER.SERVER_SHUTDOWN,
    ER.NORMAL_SHUTDOWN,
    ER.QUERY_INTERRUPTED,
    ER.STATEMENT_TIMEOUT,
    ER.QUERY_TIMEOUT,
    1927,  # the connection was killed
    # read-only: a server that takes over, or whose disk is full
    ER.OPTION_PREVENTS_STATEMENT,
    1836,
    # it does not let us in, or there is no such database
    ER.BAD_HOST_ERROR,
    ER.HOST_IS_BLOCKED,
    ER.HOST_NOT_PRIVILEGED,
    ER.DBACCESS_DENIED_ERROR,
    ER.ACCESS_DENIED_ERROR,
    ER.BAD_DB_ERROR,
    1698,
    # the network
    ER.NET_READ_ERROR,
    ER.NET_READ_INTERRUPTED,
    ER.NET_ERROR_ON_WRITE,
    ER.NET_WRITE_INTERRUPTED,
    CR.CR_SOCKET_CREATE_ERROR,
    CR.CR_CONNECTION_ERROR,
    CR.CR_CONN_HOST_ERROR,
    CR.CR_UNKNOWN_HOST,
    CR.CR_SERVER_GONE_ERROR,
    CR.CR_SERVER_HANDSHAKE_ERR,
    CR.CR_SERVER_LOST,
    CR.CR_SSL_CONNECTION_ERROR,
    CR.CR_SERVER_LOST_EXTENDED,
}
MYSQL_CONFLICTS = {
    ER.DUP_ENTRY,
    ER.NO_REFERENCED_ROW,
    ER.NO_REFERENCED_ROW_2,
    ER.ROW_IS_REFERENCED,
    ER.ROW_IS_REFERENCED_2,
}


def is_away(error: SQLAlchemyError) -> bool:
    """Tell whether the database is missing, stopped, locked, full or out of connections."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    match error.orig:
        case sqlite3.Error() as driver:
            return getattr(driver, 'sqlite_errorcode', 0) & 0xFF in SQLITE_AWAY
        case psycopg.Error(sqlstate=None) as driver:
            # Not from the server: it was not reached, or has gone.
            return isinstance(driver, psycopg.OperationalError)
        case psycopg.Error(sqlstate=str(state)):
            return state.startswith(POSTGRESQL_AWAY)
        case pymysql.Error() as driver:
            # A connection that is closed already has the code 0.
            return _mysql_code(driver) in MYSQL_AWAY or isinstance(driver, pymysql.InterfaceError)
    return False


def is_conflict(error: SQLAlchemyError) -> bool:
    """Tell whether another request has changed or deleted what this one is about.

    A column that must not be empty, or breaks another rule, is none: no other request did that.
    """
    if isinstance(error, StaleDataError | ObjectDeletedError):
        return True
    match getattr(error, 'orig', None):
        case sqlite3.Error() as driver:
            return getattr(driver, 'sqlite_errorcode', 0) in SQLITE_CONFLICTS
        case psycopg.Error(sqlstate=state):
            return state in POSTGRESQL_CONFLICTS
        case pymysql.Error() as driver:
            return _mysql_code(driver) in MYSQL_CONFLICTS
    return False


def _mysql_code(error: pymysql.Error) -> object:
    return error.args[0] if error.args else None
