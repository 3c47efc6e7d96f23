"""Pending events: those between the call that appends them and the commit that writes them.

The problem: an append locks its module's row, and all other appends to the module wait until that transaction ends. So
the log is written last, at the commit. Until then the events wait here, as part of the caller's transaction: they are
committed or rolled back with it, savepoints included.

The model: SQLAlchemy emits a ``commit`` event before a connection commits, and then the pending events are written.
Where they wait depends on whether the caller has a connection or a session.

- On a connection: in a list. At each savepoint the list's length is recorded, and a rollback to the savepoint drops the
  later events. This covers only savepoints that SQLAlchemy makes (``begin_nested``), not those in SQL text.
- In a session: with the session's own transaction. The session may not have a connection yet, and getting one is
  asynchronous, which a plain function can't await. Nor does a session's savepoint begin on the connection before the
  connection is used in it. So each batch has the (nested) session transaction that it was appended in, and is dropped
  when that, or one around it, ends without a commit. A session with events gets its connection before it commits, and
  the connection's commit writes all its events, also those that the last flush appended. A session that joined an
  outer transaction passes its events to that connection when it commits; the outer commit writes them.

The failures: if writing fails, the transaction is still open on the server, but SQLAlchemy considers it ended. The
connection would return to the pool with it, and a later commit would include its rows. So it is rolled back here. An
append that no commit would write is refused, because it would be lost silently: outside of a transaction, with
autocommit (in a session without a connection: as soon as it gets one), in a two-phase transaction.

Not used: listeners of a whole engine or of all sessions (they do not cover connections that were opened before), and
the pool's ``info`` of a connection (it outlives the transaction).
"""

from itertools import count
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import Connection, Engine, TwoPhaseTransaction, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.sql.elements import SavepointClause

from saga.modules.batch import Batch, write

Appendable = Session | AsyncSession | Connection | AsyncConnection

_INFO_KEY = __name__
_numbers = count()
"""Numbers the batches: those of one transaction may wait in two places, and are written in the order of appending."""

Numbered = tuple[int, Batch]


class NoTransaction(RuntimeError):
    """There is no transaction whose commit would write the events; the message has the remedy."""


def hold(target: Appendable, batch: Batch) -> None:
    """Hold the batch until the target's transaction commits. Raises NoTransaction if it has none."""
    match target:
        case AsyncSession():
            _of_session(target.sync_session).hold(target.sync_session, batch)
        case Session():
            _of_session(target).hold(target, batch)
        case AsyncConnection():
            if target.sync_connection is None:
                raise NoTransaction("the connection is not open: begin a transaction with `async with engine.begin()`")
            _of_connection(target.sync_connection).hold(target.sync_connection, batch)
        case Connection():
            _of_connection(target).hold(target, batch)
        case _:
            raise TypeError(
                f"{type(target).__name__} has no transaction of ours: append with SQLAlchemy's Session, AsyncSession, "
                "Connection or AsyncConnection"
            )


class _OnConnection:
    """The pending batches of one connection; they are dropped when its next transaction begins."""

    def __init__(self) -> None:
        self._waiting: list[Numbered] = []
        self._lengths: dict[str, int] = {}
        self._written = False
        self.sessions: WeakSet[Session] = WeakSet()

    def hold(self, connection: Connection, batch: Batch) -> None:
        """Hold a batch that was appended on the connection itself."""
        self.take_over(connection, [(next(_numbers), batch)])

    def take_over(self, connection: Connection, batches: list[Numbered]) -> None:
        """Hold the batches of a session that has committed within a transaction of the connection."""
        _require_transaction(connection)
        if self._written:
            raise NoTransaction("the transaction is being ended, its events are written: append before its commit")
        self._waiting += batches

    def note_savepoint(self, _connection: Connection, clause: object, *_: object) -> None:
        """Record a savepoint, before its statement: the savepoint event lacks the name that the rollback has."""
        if isinstance(clause, SavepointClause):
            self._lengths[clause.ident] = len(self._waiting)

    def roll_back_savepoint(self, _connection: Connection, name: str, _context: object) -> None:
        """Drop the batches since the savepoint; all of them, if it was before the first append."""
        del self._waiting[self._lengths.get(name, 0) :]

    def drop(self, _connection: Connection) -> None:
        """Drop all batches: a transaction begins, and the last one may have been rolled back."""
        self._waiting.clear()
        self._lengths.clear()
        self.sessions.clear()
        self._written = False

    def write(self, connection: Connection) -> None:
        """Write the pending batches of the connection, and of the sessions that use it."""
        numbered = self._waiting + [one for session in self.sessions for one in _of_session(session).drain()]
        self.drop(connection)
        self._written = True
        if not numbered:
            return
        try:
            write(connection, [batch for _, batch in sorted(numbered, key=_number)])
        except BaseException:
            _roll_back(connection)
            raise


class _InSession:
    """The pending batches of one session, each with the session transaction that it was appended in."""

    def __init__(self) -> None:
        self._waiting: list[tuple[SessionTransaction, Numbered]] = []
        self._committed: set[SessionTransaction] = set()

    def hold(self, session: Session, batch: Batch) -> None:
        """Hold a batch; begins the session's transaction, as ``session.add`` does."""
        _require_transaction_of(session)
        whole = session.get_transaction() or session.begin()
        for connection in whole.connections:
            _expect_session(connection, session)
        self._waiting.append((session.get_nested_transaction() or whole, (next(_numbers), batch)))

    def drain(self) -> list[Numbered]:
        """Remove and return all batches."""
        taken = [numbered for _, numbered in self._waiting]
        self._waiting.clear()
        return taken

    def connected(self, session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
        """The session got a connection, whose commit will write the batches."""
        if self._waiting:
            _expect_session(connection, session)

    def before_commit(self, session: Session) -> None:
        """Register the session with its connection, also before a nested commit: the parent may commit both at once."""
        if self._waiting:
            _expect_session(session.connection(), session)

    def after_commit(self, session: Session) -> None:
        """Record a nested commit; after the session's own commit, pass what is left to an outer transaction."""
        if nested := session.get_nested_transaction():
            self._committed.add(nested)
        elif self._waiting:
            around = session.get_bind()
            if isinstance(around, Engine):
                raise NoTransaction("events were appended when the session was committing: append them before")
            _of_connection(around).take_over(around, self.drain())

    def ended(self, session: Session, transaction: SessionTransaction) -> None:
        """After the end of any transaction: drop the batches that it did not commit."""
        if transaction.parent is None:
            self._ended_whole(session, transaction)
        elif transaction.nested and transaction not in self._committed:
            self._waiting = [one for one in self._waiting if not _within(one[0], transaction)]

    def _ended_whole(self, session: Session, transaction: SessionTransaction) -> None:
        left = self.drain()
        self._committed.clear()
        for connection in transaction.connections:
            if (here := _ON_CONNECTIONS.get(connection)) is not None:
                here.sessions.discard(session)
            if left and _is_left_open(session, connection):
                _of_connection(connection).take_over(connection, left)


_ON_CONNECTIONS: WeakKeyDictionary[Connection, _OnConnection] = WeakKeyDictionary()


def _of_connection(connection: Connection) -> _OnConnection:
    if (here := _ON_CONNECTIONS.get(connection)) is not None:
        return here
    here = _ON_CONNECTIONS[connection] = _OnConnection()
    event.listen(connection, "begin", here.drop)
    event.listen(connection, "before_execute", here.note_savepoint)
    event.listen(connection, "rollback_savepoint", here.roll_back_savepoint)
    event.listen(connection, "commit", here.write)
    return here


def _of_session(session: Session) -> _InSession:
    known = session.info.get(_INFO_KEY)
    if isinstance(known, _InSession):
        return known
    here = session.info[_INFO_KEY] = _InSession()
    event.listen(session, "after_begin", here.connected)
    event.listen(session, "before_commit", here.before_commit)
    event.listen(session, "after_commit", here.after_commit)
    event.listen(session, "after_transaction_end", here.ended)
    return here


def _expect_session(connection: Connection, session: Session) -> None:
    """Let this connection's commit write the session's events, if it belongs to the session's default engine."""
    if connection.engine is session.get_bind().engine:
        _require_atomic(connection)
        _of_connection(connection).sessions.add(session)


def _require_transaction(connection: Connection) -> None:
    if connection.closed or connection.invalidated or not connection.in_transaction():
        raise NoTransaction(
            "the connection is in no transaction that could commit the events: begin one, for example with "
            "`engine.begin()`"
        )
    _require_atomic(connection)


def _require_transaction_of(session: Session) -> None:
    if not session.is_active or not (session.autobegin or session.in_transaction()):
        raise NoTransaction(
            "the session is in no transaction that could commit the events: begin one, or roll back the one that failed"
        )
    if session.twophase:
        raise NoTransaction("a two-phase session can't append: use a session without twophase=True")
    # The log is in the session's default database; this raises if the session has none.
    session.get_bind()


def _require_atomic(connection: Connection) -> None:
    """Raise NoTransaction unless the connection's statements are committed or rolled back together."""
    if isinstance(connection.get_transaction(), TwoPhaseTransaction):
        raise NoTransaction("a two-phase transaction can't append: begin an ordinary one")
    driver = connection.connection.dbapi_connection
    assert driver is not None
    if connection.dialect.detect_autocommit_setting(driver):
        raise NoTransaction(
            "the connection commits each statement by itself (AUTOCOMMIT), so events and rows could come apart: use "
            "an isolation level such as READ COMMITTED"
        )


def _is_left_open(session: Session, connection: Connection) -> bool:
    """Whether a session ended within an outer transaction on this connection that keeps the session's rows.

    That is so in the mode "rollback_only", to which the default falls back if the connection is in no savepoint: there
    ``session.close()`` neither commits nor rolls back.
    """
    if isinstance(session.get_bind(), Engine) or not connection.in_transaction():
        return False
    mode = session.join_transaction_mode
    return mode == "rollback_only" or (mode == "conditional_savepoint" and not connection.in_nested_transaction())


def _within(inner: SessionTransaction, outer: SessionTransaction) -> bool:
    scope: SessionTransaction | None = inner
    while scope is not None and scope is not outer:
        scope = scope.parent
    return scope is outer


def _number(numbered: Numbered) -> int:
    return numbered[0]


def _roll_back(connection: Connection) -> None:
    """Roll back the transaction on the server; if that fails, discard the connection."""
    if connection.closed or connection.invalidated:
        return
    try:
        connection.dialect.do_rollback(connection.connection)
    except connection.dialect.loaded_dbapi.Error:
        connection.invalidate()
