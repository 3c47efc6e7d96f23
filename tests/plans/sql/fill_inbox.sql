-- What the process took in, one message for each instance: seven in ten with a position, the others known by their ids.
INSERT INTO saga.inbox (consumer, module, position, source, message_id, digest, received_at)
SELECT
    'order',
    CASE WHEN n % 10 < 7 THEN m.module END,
    CASE WHEN n % 10 < 7 THEN n END,
    '/modules/' || m.module, m.module || '-' || n,
    decode(md5(CAST(n AS text)), 'hex'),
    now() - make_interval(secs => (CAST(:count AS bigint) - n) * 8)
FROM generate_series(1, CAST(:count AS bigint)) AS n,
    LATERAL (SELECT (ARRAY['orders', 'payments', 'scheduler'])[1 + n % 3]) AS m (module)
