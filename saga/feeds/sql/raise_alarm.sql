-- Stores why a log can't be read; null means that it can.
-- Index: cursor_pkey.
INSERT INTO saga.cursor AS c (consumer, module, alarm) VALUES (:consumer, :module, :alarm)
ON CONFLICT (consumer, module) DO UPDATE SET alarm = excluded.alarm
