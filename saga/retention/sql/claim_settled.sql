-- Locks instances to prune, in id order; skips one that a step holds or has changed meanwhile. The age alone does not
-- show a change: a step that commits late may have written early.
-- Index: instance_pkey.
SELECT i.process_id
FROM saga.instance AS i
JOIN unnest(CAST(:process_ids AS text[]), CAST(:stream_versions AS bigint[])) AS s (process_id, stream_version)
    ON s.process_id = i.process_id AND s.stream_version = i.stream_version
WHERE i.process = :process
ORDER BY i.process_id
FOR UPDATE OF i SKIP LOCKED
