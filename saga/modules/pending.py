"""Events between the call that appends them and the commit that writes them.

The problem: an append locks its module's row, and everybody else who appends to the module waits until that transaction
ends. So the log is written last, at the commit, and until then the events wait here, with the caller's transaction:
they share its fate, savepoints included.

The model: a connection tells of its commit before it sends it (SQLAlchemy's ``commit`` event), and there what waits is
written. Where it waits depends on what the caller holds.

- On a connection: in a list. What was appended since a savepoint began goes when it is rolled back to; the list's
  length at that time is noted. Only savepoints that SQLAlchemy makes (``begin_nested``) are seen, not SQL text.
- In a session: with the session's own transaction, because the session may not have a connection yet, and to get one is
  to wait, which a plain function can't do in asynchronous code. Nor does a session's savepoint begin on the connection
  before the connection is used in it. So each batch remembers the (nested) session transaction that it was appended in,
  and goes when that, or one around it, ends without a commit. A session with events gets its connection at the latest
  before it commits, and the connection's commit takes what is left in it: also what the last flush appended. A session
  within somebody else's transaction on a connection hands over when it has committed, and that one's commit writes.

The failures. When writing fails, the transaction has not ended on the server, but SQLAlchemy takes it for ended: the
connection would go back into the pool with it, and its rows into somebody's next commit. So it is rolled back here. And
an append that no commit would write is refused, or nobody would notice: outside of a transaction, with autocommit (in a
session that has no connection yet: as soon as it gets one), in a two-phase transaction.

Not used: listeners of a whole engine or of all sessions (a connection that was opened before would not be heard), and
the pool's ``info`` of a connection (that outlives the transaction).
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
"""Batches of one transaction may wait in two places; they are written in the order of their appends."""

Numbered = tuple[int, Batch]


class NoTransaction(RuntimeError):
    """There is no transaction whose commit would write the events; the message says what to begin."""


def hold(target: Appendable, batch: Batch) -> None:
    """Keep the batch until the target's transaction commits. Raises NoTransaction where that can't be."""
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
    """What waits for the commit of one connection; nothing is left over when its next transaction begins."""

    def __init__(self) -> None:
        self._waiting: list[Numbered] = []
        self._lengths: dict[str, int] = {}
        self._written = False
        self.sessions: WeakSet[Session] = WeakSet()

    def hold(self, connection: Connection, batch: Batch) -> None:
        """Keep a batch that was appended on the connection itself."""
        self.take_over(connection, [(next(_numbers), batch)])

    def take_over(self, connection: Connection, batches: list[Numbered]) -> None:
        """Keep also what a session leaves, that has committed within a transaction of the connection."""
        _require_transaction(connection)
        if self._written:
            raise NoTransaction("the transaction is being ended, its events are written: append before its commit")
        self._waiting += batches

    def note_savepoint(self, _connection: Connection, clause: object, *_: object) -> None:
        """Before a statement: the savepoint event comes without the name that the rollback has."""
        if isinstance(clause, SavepointClause):
            self._lengths[clause.ident] = len(self._waiting)

    def roll_back_savepoint(self, _connection: Connection, name: str, _context: object) -> None:
        """Drop what was appended since the savepoint began; everything, if that was before the first append."""
        del self._waiting[self._lengths.get(name, 0) :]

    def drop(self, _connection: Connection) -> None:
        """Forget everything: a transaction begins, and the last one may have been rolled back."""
        self._waiting.clear()
        self._lengths.clear()
        self.sessions.clear()
        self._written = False

    def write(self, connection: Connection) -> None:
        """Write what waits here, and in the sessions that work on this connection."""
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
    """What waits for the commit of one session; each batch with the session transaction that it was appended in."""

    def __init__(self) -> None:
        self._waiting: list[tuple[SessionTransaction, Numbered]] = []
        self._committed: set[SessionTransaction] = set()

    def hold(self, session: Session, batch: Batch) -> None:
        """Keep a batch; begins the session's transaction, as ``session.add`` does."""
        _require_transaction_of(session)
        whole = session.get_transaction() or session.begin()
        for connection in whole.connections:
            _expect_session(connection, session)
        self._waiting.append((session.get_nested_transaction() or whole, (next(_numbers), batch)))

    def drain(self) -> list[Numbered]:
        """All that is left, once."""
        taken = [numbered for _, numbered in self._waiting]
        self._waiting.clear()
        return taken

    def connected(self, session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
        """The session got a connection: what waits will be written by it, if it can be."""
        if self._waiting:
            _expect_session(connection, session)

    def before_commit(self, session: Session) -> None:
        """Also before a nested one: its parent may commit both at once."""
        if self._waiting:
            _expect_session(session.connection(), session)

    def after_commit(self, session: Session) -> None:
        """Of the session's own transaction all was taken; unless that is part of one on a connection, which goes on."""
        if nested := session.get_nested_transaction():
            self._committed.add(nested)
        elif self._waiting:
            around = session.get_bind()
            if isinstance(around, Engine):
                raise NoTransaction("events were appended when the session was committing: append them before")
            _of_connection(around).take_over(around, self.drain())

    def ended(self, session: Session, transaction: SessionTransaction) -> None:
        """However a transaction ended: what it did not commit is dropped."""
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
    """The session's events are written by this connection's commit, if it is one to the session's default place."""
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
    # Where the log is; a session that knows no default place refuses here.
    session.get_bind()


def _require_atomic(connection: Connection) -> None:
    """Whether all that the connection does until its commit is done or undone by that."""
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
    """Whether a session ended within a transaction on this connection that keeps the session's rows all the same.

    It does in the mode "rollback_only", which the default comes to where the connection is in no savepoint: there
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
    """End the transaction on the server; a connection that can't even do that is thrown away."""
    if connection.closed or connection.invalidated:
        return
    try:
        connection.dialect.do_rollback(connection.connection)
    except connection.dialect.loaded_dbapi.Error:
        connection.invalidate()
