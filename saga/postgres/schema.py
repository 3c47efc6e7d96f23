"""The declared schema. The migrations create exactly this (a test compares them); the reading commands query it.

Constraints state the invariants: PostgreSQL refuses rows that the engine must never write.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INT8MULTIRANGE, JSONB

SCHEMA = "saga"

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    },
)

NOW = text("clock_timestamp()")

INSTANCE_FILLFACTOR = 12
"""Percent. A step inserts a nearly empty row to lock it, and the row grows sixfold in the same transaction. With this
much room it stays on its page, and its update touches no index."""

COMMIT_PROOF_FILLFACTOR = 10
"""Percent. Each transaction of a connection updates its row; with this much room the row stays on its page."""

module = Table(
    "module",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last_position", BigInteger, nullable=False, server_default=text("0")),
    Column("last_public_position", BigInteger, nullable=False, server_default=text("0")),
    Column(
        "pruned_position",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Up to here events may have been pruned; readers from before are told.",
    ),
    CheckConstraint("last_public_position BETWEEN 0 AND last_position", name="positions"),
    CheckConstraint("pruned_position BETWEEN 0 AND last_position", name="pruned_position"),
    comment="One row for each module whose log is kept here; an append locks it last.",
)

event_log = Table(
    "event_log",
    metadata,
    Column("module", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("stream_id", Text, nullable=False),
    Column("stream_version", BigInteger, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("target", Text, comment="The collaborator a command is for; null for an event."),
    Column("data", JSONB, nullable=False),
    Column("metadata", JSONB, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column(
        "previous_public_position",
        BigInteger,
        comment="The public event before this one, 0 if there is none; null for what is internal.",
    ),
    PrimaryKeyConstraint("module", "position"),
    UniqueConstraint("module", "stream_id", "stream_version"),
    CheckConstraint("position > 0", name="position"),
    CheckConstraint("stream_version > 0", name="stream_version"),
    CheckConstraint("visibility IN ('public', 'internal')", name="visibility"),
    CheckConstraint("target IS NULL OR visibility = 'internal'", name="command_is_internal"),
    CheckConstraint(
        "(visibility = 'public') = (previous_public_position IS NOT NULL)"
        " AND previous_public_position BETWEEN 0 AND position - 1",
        name="previous_public_position",
    ),
    Index("event_log_public_idx", "module", "position", postgresql_where=text("visibility = 'public'")),
    comment="Append-only. Commands stand here too: the log is the outbox.",
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, nullable=False),
    Column("module", Text),
    Column("position", BigInteger),
    Column("source", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column(
        "digest", LargeBinary, nullable=False, comment="Of type, instance and data: tells a repeat from a conflict."
    ),
    Column("repeats", Integer, nullable=False, server_default=text("0")),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    CheckConstraint("(module IS NULL) = (position IS NULL)", name="position_has_module"),
    CheckConstraint("position > 0", name="position"),
    CheckConstraint("octet_length(digest) = 16", name="digest"),
    Index(
        "inbox_position_key",
        "consumer",
        "module",
        "position",
        unique=True,
        postgresql_where=text("position IS NOT NULL"),
    ),
    Index(
        "inbox_message_key",
        "consumer",
        "source",
        "message_id",
        unique=True,
        postgresql_where=text("position IS NULL"),
    ),
    comment="What was taken from the queues: one row for each deduplication key.",
)

instance = Table(
    "instance",
    metadata,
    Column("process", Text, nullable=False),
    Column("process_id", Text, nullable=False),
    Column("process_version", Integer, nullable=False),
    Column("stream_version", BigInteger, nullable=False, server_default=text("0")),
    Column("outcome", Text, comment="Null only inside the transaction that creates the row."),
    Column("settled", Boolean, nullable=False, server_default=text("false")),
    Column("state", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column(
        "revived",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="It was pruned and came back: its inbox rows may be gone.",
    ),
    PrimaryKeyConstraint("process", "process_id"),
    CheckConstraint("stream_version >= 0", name="stream_version"),
    Index("instance_open_idx", "process", "created_at", postgresql_where=text("NOT settled")),
    comment="One row for each process instance; a finished one stays.",
    postgresql_with={"fillfactor": INSTANCE_FILLFACTOR},
)

timer = Table(
    "timer",
    metadata,
    Column("process", Text, nullable=False),
    Column("process_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("emits", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("metadata", JSONB, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("armed_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("fired_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("process", "process_id", "name"),
    CheckConstraint("fired_at IS NULL OR fired_at >= due_at", name="never_early"),
    Index("timer_due_idx", "due_at", postgresql_where=text("fired_at IS NULL")),
    comment="Deadlines; due is judged by the database's clock.",
)

cursor = Table(
    "cursor",
    metadata,
    Column("consumer", Text, nullable=False),
    Column("module", Text, nullable=False),
    Column("watermark", BigInteger, nullable=False, server_default=text("0")),
    Column("handled", INT8MULTIRANGE, nullable=False, server_default=text("'{}'::int8multirange")),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column(
        "hole_since",
        DateTime(timezone=True),
        comment="Since when the watermark stands before a hole; null where there is none.",
    ),
    Column("alarm", Text, comment="Why the log can't be asked; null while it can."),
    PrimaryKeyConstraint("consumer", "module"),
    CheckConstraint("watermark >= 0", name="watermark"),
    CheckConstraint("isempty(handled) OR lower(handled) > watermark", name="handled_above_watermark"),
    CheckConstraint("(hole_since IS NULL) = isempty(handled)", name="hole_since"),
    comment="How far a consumer got in a module's log, and what it handled beyond.",
)

cursor_advance = Table(
    "cursor_advance",
    metadata,
    Column("advance_id", BigInteger, Identity(always=True), primary_key=True),
    Column("consumer", Text, nullable=False),
    Column("module", Text, nullable=False),
    Column("covered", INT8MULTIRANGE, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    comment="Ranges that a step handled; whoever gets the cursor row folds what is there.",
)

instance_tombstone = Table(
    "instance_tombstone",
    metadata,
    Column("process", Text, nullable=False),
    Column("process_id", Text, nullable=False),
    Column("process_version", Integer, nullable=False),
    Column("stream_version", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("state", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True), nullable=False),
    Column("pruned_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    PrimaryKeyConstraint("process", "process_id"),
    CheckConstraint("stream_version > 0", name="stream_version"),
    comment="What is left of a pruned instance: enough to answer what comes late.",
)

inbox_tombstone = Table(
    "inbox_tombstone",
    metadata,
    Column("consumer", Text, nullable=False),
    Column("key", LargeBinary, nullable=False, comment="A digest of source and message id."),
    Column("digest", LargeBinary, nullable=False, comment="As in the inbox."),
    PrimaryKeyConstraint("consumer", "key"),
    CheckConstraint("octet_length(key) = 16", name="key"),
    CheckConstraint("octet_length(digest) = 16", name="digest"),
    comment="What is left of pruned inbox rows that no cursor covers: a repeat stays a repeat.",
)

stream_tombstone = Table(
    "stream_tombstone",
    metadata,
    Column("module", Text, nullable=False),
    Column("stream_id", Text, nullable=False),
    Column("last_version", BigInteger, nullable=False),
    PrimaryKeyConstraint("module", "stream_id"),
    CheckConstraint("last_version > 0", name="last_version"),
    comment="What is left of streams whose events were pruned: their versions go on counting.",
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("dead_letter_id", BigInteger, Identity(always=True), primary_key=True),
    Column("consumer", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False, comment="Of the raw message: the same one is kept once."),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("type", Text),
    Column("process_id", Text),
    Column("source", Text),
    Column("message_id", Text),
    Column("module", Text),
    Column("position", BigInteger),
    Column("body", LargeBinary, nullable=False),
    Column("properties", JSONB, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("attempts", Integer, nullable=False, server_default=text("1")),
    Column("first_seen_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("last_seen_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("closed_at", DateTime(timezone=True)),
    UniqueConstraint("consumer", "fingerprint"),
    CheckConstraint("kind IN ('poison', 'conflict', 'failed')", name="kind"),
    CheckConstraint("state IN ('open', 'redriven', 'discarded')", name="state"),
    CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed"),
    CheckConstraint("attempts > 0", name="attempts"),
    Index("dead_letter_open_idx", "process_id", postgresql_where=text("state = 'open'")),
    comment="Messages that could not be handled: raw, with the reason.",
)

operation = Table(
    "operation",
    metadata,
    Column("operation_id", BigInteger, Identity(always=True), primary_key=True),
    Column("actor", Text, nullable=False, comment="Who did it, as they said or as the system knows them."),
    Column("action", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ids", ARRAY(Text), nullable=False, comment="What it was done to."),
    Column("result", JSONB, nullable=False, comment="What came of it, in numbers."),
    Column("at", DateTime(timezone=True), nullable=False, server_default=NOW),
    CheckConstraint("actor <> ''", name="actor"),
    CheckConstraint("action <> ''", name="action"),
    comment="Append-only: what operators did, and why.",
)

operation_run = Table(
    "operation_run",
    metadata,
    Column("operation_id", BigInteger, primary_key=True, autoincrement=False),
    Column("request", Uuid, nullable=False, unique=True, comment="Of the form: sent twice, it is one operation."),
    Column("state", Text, nullable=False, server_default=text("'running'")),
    Column("batch", Integer, nullable=False, comment="Things that are done at once."),
    Column("per_second", Float, comment="Things a second at most; null for no limit."),
    Column("halt_after", Integer, nullable=False, comment="Failures in a row; 0 never halts it."),
    Column("runner", Uuid, comment="Who carries it out, until leased_until."),
    Column("leased_until", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("ended_at", DateTime(timezone=True)),
    Column("answers", JSONB, comment="How many things got each, once it ended."),
    Column("note", Text, comment="Why it ended before all was done, as a sentence."),
    CheckConstraint("state IN ('running', 'done', 'halted', 'stopped')", name="state"),
    CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended"),
    CheckConstraint("batch > 0", name="batch"),
    CheckConstraint("per_second > 0", name="per_second"),
    CheckConstraint("halt_after >= 0", name="halt_after"),
    Index("operation_run_running_idx", "leased_until", postgresql_where=text("state = 'running'")),
    comment="How an operation on many things is carried out, and how far it is.",
)

operation_item = Table(
    "operation_item",
    metadata,
    Column("operation_id", BigInteger, nullable=False),
    Column("item", Text, nullable=False, comment="One of the operation's ids."),
    Column("process", Text, comment="Of the instance that it is about, if any."),
    Column("process_id", Text),
    Column("answer", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=NOW),
    PrimaryKeyConstraint("operation_id", "item"),
    CheckConstraint("answer <> ''", name="answer"),
    Index("operation_item_instance_idx", "process_id", "process"),
    Index("operation_item_item_idx", "item"),
    comment="What came of each thing that an operation was done to. No contents of messages.",
)

commit_proof = Table(
    "commit_proof",
    metadata,
    Column("slot", Uuid, primary_key=True, comment="One for each connection."),
    Column("login", Text, nullable=False, server_default=text("CURRENT_USER")),
    Column("token", Uuid, nullable=False, comment="Of the last transaction that committed there."),
    Column("written_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    comment="Tells whether a commit took effect whose answer was lost.",
    postgresql_with={"fillfactor": COMMIT_PROOF_FILLFACTOR},
)

service = Table(
    "service",
    metadata,
    Column("service", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("loop", Text, nullable=False),
    Column(
        "beat",
        DateTime(timezone=True),
        nullable=False,
        server_default=NOW,
        comment="When the loop was last known to go round.",
    ),
    Column("reason", Text, comment="Why the loop starts over again and again; null while it works."),
    PrimaryKeyConstraint("service", "host", "pid", "loop"),
    comment="Heartbeats: one row for each loop of each service, until it stops or is gone for a day.",
)

declaration = Table(
    "declaration",
    metadata,
    Column("process", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("form", Integer, nullable=False, comment="Of the digests: others can't be compared."),
    Column("digests", JSONB, nullable=False, comment="Of each part of the declaration, by name."),
    Column("declared_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    PrimaryKeyConstraint("process", "version"),
    comment="What a version of a process was when a worker of it first started.",
)
