-- Messages of one source that were taken in.
-- Index: inbox_message_key.
SELECT count(*) FROM saga.inbox WHERE consumer = 'order' AND source = :source AND position IS NULL
