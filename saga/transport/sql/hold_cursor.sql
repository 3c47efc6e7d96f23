-- Creates and locks a follower's cursor of a module; no row where another follower of this name holds it.
-- Index: cursor_pkey.
WITH created AS (
    INSERT INTO saga.cursor (consumer, module)
    SELECT :consumer, :module
    WHERE NOT EXISTS (SELECT FROM saga.cursor WHERE consumer = :consumer AND module = :module)
    ON CONFLICT DO NOTHING
    RETURNING watermark
), held AS (
    SELECT watermark FROM saga.cursor WHERE consumer = :consumer AND module = :module FOR UPDATE SKIP LOCKED
)
SELECT watermark FROM created UNION ALL SELECT watermark FROM held
