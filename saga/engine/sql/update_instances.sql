-- Writes the decided states; the rows are locked by this transaction.
-- Index: instance_pkey.
UPDATE saga.instance AS i SET
    process_version = :process_version,
    stream_version = n.stream_version,
    outcome = n.outcome,
    settled = n.settled,
    state = CAST(n.state AS jsonb),
    updated_at = clock_timestamp()
FROM unnest(
    CAST(:process_ids AS text[]), CAST(:stream_versions AS bigint[]), CAST(:outcomes AS text[]),
    CAST(:settled AS boolean[]), CAST(:states AS text[])
) AS n (process_id, stream_version, outcome, settled, state)
WHERE i.process = :process AND i.process_id = n.process_id
