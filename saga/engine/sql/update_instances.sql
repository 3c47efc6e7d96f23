-- Writes decided instances; this transaction has locked their rows. An unchanged state is not passed, so PostgreSQL
-- does not write its out-of-line storage again. The condition has the ids as well: otherwise a plan may read other rows, and
-- fail if one of them is damaged.
-- Index: instance_pkey.
WITH decided AS MATERIALIZED (
    SELECT n.* FROM jsonb_to_recordset(CAST(:instances AS jsonb))
        AS n (process_id text, stream_version bigint, outcome text, settled boolean, state jsonb)
)
UPDATE saga.instance AS i SET
    process_version = :process_version,
    stream_version = d.stream_version,
    outcome = d.outcome,
    settled = d.settled,
    state = coalesce(d.state, i.state),
    updated_at = clock_timestamp()
FROM decided AS d
WHERE i.process = :process AND i.process_id = ANY (CAST(:process_ids AS text[])) AND i.process_id = d.process_id
