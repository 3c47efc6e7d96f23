-- Locks a consumer's cursor in a module before it is rewritten.
-- Index: cursor_pkey.
SELECT watermark, CAST(handled AS text) AS handled FROM saga.cursor
WHERE consumer = :consumer AND module = :module
FOR UPDATE
