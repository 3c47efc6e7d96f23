-- Clears the alarms on a consumer's cursors in modules that it does not consume.
-- Index: cursor_pkey.
UPDATE saga.cursor SET alarm = NULL
WHERE consumer = :consumer AND module <> ALL (CAST(:modules AS text[])) AND alarm IS NOT NULL
