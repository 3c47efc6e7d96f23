-- Arms deadlines, due after their delay by this database's clock.
-- Index: timer_pkey.
INSERT INTO saga.timer (process, process_id, name, emits, data, metadata, due_at)
SELECT
    :process, t.process_id, t.name, t.emits, CAST(t.data AS jsonb), CAST(t.metadata AS jsonb),
    clock_timestamp() + make_interval(secs => t.delay_seconds)
FROM unnest(
    CAST(:process_ids AS text[]), CAST(:names AS text[]), CAST(:emits AS text[]), CAST(:data AS text[]),
    CAST(:metadata AS text[]), CAST(:delays_seconds AS double precision[])
) AS t (process_id, name, emits, data, metadata, delay_seconds)
ON CONFLICT DO NOTHING
