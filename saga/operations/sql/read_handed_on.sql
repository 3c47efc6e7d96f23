-- How far a module's log has been handed on, by whom: by the relay, and to collaborators that follow it themselves.
-- Index: cursor_pkey.
SELECT consumer, watermark FROM saga.cursor WHERE consumer = ANY (CAST(:consumers AS text[])) AND module = :module
