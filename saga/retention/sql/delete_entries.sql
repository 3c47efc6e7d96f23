-- Deletes entries of a log by their positions; keeps the last version of each stream, from which its versions continue.
-- Indexes: event_log_pkey, stream_tombstone_pkey.
WITH gone AS (
    DELETE FROM saga.event_log
    WHERE module = :module AND position = ANY (CAST(:positions AS bigint[]))
    RETURNING stream_id, stream_version
), kept AS (
    INSERT INTO saga.stream_tombstone AS t (module, stream_id, last_version)
    SELECT :module, g.stream_id, max(g.stream_version) FROM gone AS g GROUP BY g.stream_id ORDER BY g.stream_id
    ON CONFLICT (module, stream_id) DO UPDATE SET last_version = greatest(t.last_version, excluded.last_version)
)
SELECT count(*) FROM gone
