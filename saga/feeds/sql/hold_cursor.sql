-- Creates and locks a follower's cursor of a module, and returns the end of the log; no row if another follower of this
-- name holds the cursor, or if there is no such log. The transaction's commit then does not wait for the disk.
-- Index: cursor_pkey.
WITH created AS (
    INSERT INTO saga.cursor (consumer, module)
    SELECT :consumer, m.name FROM saga.public_module AS m
    WHERE m.name = :module AND NOT EXISTS (SELECT FROM saga.cursor WHERE consumer = :consumer AND module = :module)
    ON CONFLICT DO NOTHING
    RETURNING watermark
), held AS (
    SELECT watermark FROM saga.cursor WHERE consumer = :consumer AND module = :module FOR UPDATE SKIP LOCKED
)
SELECT
    c.watermark, c.is_new, set_config('synchronous_commit', 'off', true) AS hurry,
    m.last_position, m.last_public_position, m.pruned_position, m.commit_ordered
FROM (SELECT watermark, true AS is_new FROM created UNION ALL SELECT watermark, false FROM held) AS c
CROSS JOIN saga.public_module AS m
WHERE m.name = :module
