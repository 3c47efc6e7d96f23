-- Arms deadlines; each is due after its delay, by this database's clock.
-- Index: timer_pkey.
INSERT INTO saga.timer (process, process_id, name, emits, data, metadata, due_at)
SELECT
    :process, t.process_id, t.name, t.emits, t.data, t.metadata,
    clock_timestamp() + make_interval(secs => t.delay_seconds)
FROM jsonb_to_recordset(CAST(:timers AS jsonb)) AS t (
    process_id text, name text, emits text, data jsonb, metadata jsonb, delay_seconds double precision
)
ON CONFLICT DO NOTHING
