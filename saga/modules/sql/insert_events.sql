-- Writes events at the positions after :base, which the caller's row lock on the module has reserved.
-- Index: event_log_module_stream_id_stream_version_key, for streams whose next version is not given.
INSERT INTO saga.event_log
    (module, position, stream_id, stream_version, event_id, type, visibility, target, data, metadata)
SELECT
    :module,
    CAST(:base AS bigint) + e.number,
    e.stream_id,
    coalesce(
        e.stream_version,
        row_number() OVER (PARTITION BY e.stream_id ORDER BY e.number) + coalesce((
            SELECT max(l.stream_version) FROM saga.event_log AS l
            WHERE l.module = :module AND l.stream_id = e.stream_id
        ), 0)
    ),
    e.event_id, e.type, e.visibility, e.target, CAST(e.data AS jsonb), CAST(e.metadata AS jsonb)
FROM unnest(
    CAST(:stream_ids AS text[]), CAST(:stream_versions AS bigint[]), CAST(:event_ids AS text[]),
    CAST(:types AS text[]), CAST(:visibilities AS text[]), CAST(:targets AS text[]),
    CAST(:data AS text[]), CAST(:metadata AS text[])
) WITH ORDINALITY AS e (stream_id, stream_version, event_id, type, visibility, target, data, metadata, number)
