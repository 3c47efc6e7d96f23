-- Some thousand dead letters, of which one in ten is open.
INSERT INTO saga.dead_letter
    (consumer, fingerprint, kind, reason, type, process_id, source, message_id, body, properties, state, closed_at)
SELECT
    'order', decode(md5(CAST(n AS text)), 'hex'), 'poison', 'wrong data', 'OrderPlaced', 'o-' || n, '/modules/orders',
    'orders-' || n, CAST(repeat('{"amount": "four"}', 10) AS bytea), '{}',
    CASE WHEN n % 10 = 0 THEN 'open' ELSE 'redriven' END,
    CASE WHEN n % 10 <> 0 THEN now() END
FROM generate_series(1, CAST(:count AS bigint) / 100) AS n
