-- Takes the alarms off the cursors that a consumer has in modules that it does not hear.
-- Index: cursor_pkey.
UPDATE saga.cursor SET alarm = NULL
WHERE consumer = :consumer AND module <> ALL (CAST(:modules AS text[])) AND alarm IS NOT NULL
