-- Removes the cursors of a consumer in modules that it does not consume, with the advances that were not folded yet.
-- Index: cursor_pkey.
WITH advances AS (
    DELETE FROM saga.cursor_advance WHERE consumer = :consumer AND module <> ALL (CAST(:modules AS text[]))
)
DELETE FROM saga.cursor WHERE consumer = :consumer AND module <> ALL (CAST(:modules AS text[]))
RETURNING module
