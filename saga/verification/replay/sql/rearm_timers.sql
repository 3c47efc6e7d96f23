-- Arms deadlines that have no timer, with the due time of their record, which may be in the past.
-- Index: timer_pkey.
INSERT INTO saga.timer (process, process_id, name, emits, data, metadata, due_at)
SELECT :process, :process_id, t.name, t.emits, CAST(:data AS jsonb), CAST(t.metadata AS jsonb), t.due_at
FROM unnest(
    CAST(:names AS text[]), CAST(:emits AS text[]), CAST(:metadata AS text[]), CAST(:dues AS timestamptz[])
) AS t (name, emits, metadata, due_at)
ON CONFLICT DO NOTHING
