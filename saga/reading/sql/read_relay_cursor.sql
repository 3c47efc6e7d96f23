-- How far the relay has published a module's log.
-- Index: cursor_pkey.
SELECT watermark FROM saga.cursor WHERE consumer = 'relay' AND module = :module
