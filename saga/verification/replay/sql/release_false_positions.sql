-- Removes the position from inbox rows that claim it falsely. If the log is in this database, such a position has another
-- event or none; else it is beyond the end of the log, which was read after the row was written (last_position is null if
-- the log can't be read: then no row matches). Such a row would turn the true event away. It keeps source and id, which
-- identify it from now on.
-- Indexes: inbox_position_key, inbox_message_key, event_log_pkey.
WITH claimed AS (
    SELECT
        i.position,
        row_number() OVER (PARTITION BY i.source, i.message_id) = 1 AND NOT EXISTS (
            SELECT FROM saga.inbox AS o
            WHERE o.consumer = i.consumer AND o.source = i.source AND o.message_id = i.message_id
              AND o.position IS NULL
        ) AS stays
    FROM saga.inbox AS i
    LEFT JOIN saga.event_log AS l ON l.module = i.module AND l.position = i.position AND l.visibility = 'public'
    WHERE i.consumer = :consumer AND i.module = :module AND i.position IS NOT NULL AND CASE
        WHEN CAST(:is_here AS boolean)
            THEN i.position > CAST(:begin AS bigint) AND l.event_id IS DISTINCT FROM i.message_id
        ELSE i.position > CAST(:last_position AS bigint) AND i.received_at < CAST(:asked_at AS timestamptz)
    END
), dropped AS (
    DELETE FROM saga.inbox AS i USING claimed AS c
    WHERE i.consumer = :consumer AND i.module = :module AND i.position = c.position AND NOT c.stays
), released AS (
    UPDATE saga.inbox AS i SET module = NULL, position = NULL
    FROM claimed AS c
    WHERE i.consumer = :consumer AND i.module = :module AND i.position = c.position AND c.stays
)
SELECT count(*) FROM claimed
