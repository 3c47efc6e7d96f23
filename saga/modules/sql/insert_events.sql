-- Locks the module's row, writes events at the positions after its last one, and moves it; no row if there is no such
-- module. If this statement waits for the row, its snapshot is older than the last append: to read the next version of
-- a stream, an earlier statement has to lock the row.
-- The commit then waits for the disk, whatever the session's setting: readers act on events as soon as they are
-- visible, so a crash must not undo them.
-- Indexes: module_pkey; event_log_module_stream_id_stream_version_key and stream_tombstone_pkey, for those streams.
WITH held AS MATERIALIZED (
    SELECT name, last_position AS base, last_public_position AS last_public
    FROM saga.module WHERE name = :module
    FOR UPDATE
), moved AS (
    UPDATE saga.module AS m SET
        last_position = held.base + :count,
        last_public_position = coalesce(held.base + CAST(:last_public_number AS bigint), held.last_public)
    FROM held
    WHERE m.name = held.name
    RETURNING m.last_position
), written AS (
    INSERT INTO saga.event_log
        (module, position, previous_public_position, stream_id, stream_version, event_id, type, visibility, target,
        data, metadata)
    SELECT
        :module,
        held.base + e.number,
        CASE WHEN e.visibility = 'public' THEN coalesce(held.base + e.previous_public_number, held.last_public) END,
        e.stream_id,
        coalesce(
            e.stream_version,
            e.nth_of_stream + greatest((
                SELECT max(l.stream_version) FROM saga.event_log AS l
                WHERE l.module = :module AND l.stream_id = e.stream_id
            ), (
                SELECT t.last_version FROM saga.stream_tombstone AS t
                WHERE t.module = :module AND t.stream_id = e.stream_id
            ), 0)
        ),
        e.event_id, e.type, e.visibility, e.target, e.data, e.metadata
    FROM held CROSS JOIN jsonb_to_recordset(CAST(:events AS jsonb)) AS e (
        number bigint, previous_public_number bigint, stream_id text, stream_version bigint, nth_of_stream bigint,
        event_id text, type text, visibility text, target text, data jsonb, metadata jsonb
    )
)
SELECT
    last_position,
    set_config(
        'synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END,
        true
    )
FROM moved
