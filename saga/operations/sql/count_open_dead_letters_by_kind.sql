-- Open dead letters of each consumer, by kind; the consumers with the most first, since strangers may make names up.
-- Index: dead_letter_open_idx.
SELECT consumer, kind, count(*) AS open
FROM saga.dead_letter
WHERE state = 'open'
GROUP BY consumer, kind
ORDER BY count(*) DESC, consumer, kind
LIMIT 100
