-- Writes what was decided; the rows are locked by this transaction. A state that did not change is not given, and what
-- PostgreSQL stored of it apart from the row is not written again.
-- Their ids stand in the condition as well: else a plan may read rows that are not meant, and fail where one is damaged.
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
