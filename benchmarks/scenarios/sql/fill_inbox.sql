-- Inserts $1 old inbox rows, with random ids like those of the drained messages.
INSERT INTO saga.inbox (consumer, source, message_id, digest, received_at)
SELECT
    'order', '/benchmarks', md5('message-' || n), decode(md5('digest-' || n), 'hex'),
    now() - make_interval(secs => n % 100000000)
FROM generate_series(1, CAST($1 AS bigint)) AS n
