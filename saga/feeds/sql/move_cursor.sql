-- Moves the cursor that this transaction holds.
-- Index: cursor_pkey.
UPDATE saga.cursor SET watermark = :position, updated_at = clock_timestamp()
WHERE consumer = :consumer AND module = :module
