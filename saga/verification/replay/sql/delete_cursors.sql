-- Removes the cursors that a consumer has in modules that it does not hear, with what was to be folded into them.
-- Index: cursor_pkey.
WITH advances AS (
    DELETE FROM saga.cursor_advance WHERE consumer = :consumer AND module <> ALL (CAST(:modules AS text[]))
)
DELETE FROM saga.cursor WHERE consumer = :consumer AND module <> ALL (CAST(:modules AS text[]))
RETURNING module
