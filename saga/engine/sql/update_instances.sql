-- Writes the decided states; the rows are locked by this transaction.
-- The process comes with each id: alone, and before there are statistics, it looks like a way to few rows.
-- Index: instance_pkey.
WITH decided AS MATERIALIZED (
    SELECT CAST(:process AS text) AS process, n.* FROM jsonb_to_recordset(CAST(:instances AS jsonb))
        AS n (process_id text, stream_version bigint, outcome text, settled boolean, state jsonb)
)
UPDATE saga.instance AS i SET
    process_version = :process_version,
    stream_version = d.stream_version,
    outcome = d.outcome,
    settled = d.settled,
    state = d.state,
    updated_at = clock_timestamp()
FROM decided AS d
WHERE i.process = d.process AND i.process_id = d.process_id
