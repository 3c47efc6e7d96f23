-- Four logs, side by side in rounds of twenty events: the process's own (answers, commands and its progress, all of it
-- internal), the orders' (every fourth event is internal), the payments' and the scheduler's (all public).
INSERT INTO saga.event_log
    (module, position, previous_public_position, stream_id, stream_version, event_id, type, visibility, target, data,
    metadata, recorded_at)
SELECT
    e.module, p.position, CASE WHEN e.back IS NOT NULL THEN greatest(p.position - e.back, 0) END,
    CASE WHEN e.instance IS NULL THEN '' ELSE 'o-' || p.instance END,
    CASE WHEN e.instance IS NULL THEN p.round * 2 + e.version ELSE e.version END,
    e.module || '-' || p.position, e.type,
    CASE WHEN e.back IS NULL THEN 'internal' ELSE 'public' END,
    e.target,
    jsonb_build_object('order_id', 'o-' || p.instance, 'type', 'OrderPlaced', 'amount', 4200, 'currency', 'EUR'),
    jsonb_strip_nulls(jsonb_build_object(
        'id', m.module || '-' || p.instance,
        'source', '/modules/' || m.module,
        'module', CASE WHEN p.instance % 10 < 7 THEN m.module END,
        'position', CASE WHEN p.instance % 10 < 7 THEN p.instance END,
        'correlationid', 'o-' || p.instance
    )),
    now() - (CAST(:count AS bigint) / 20 - p.round) * interval '2 min'
FROM generate_series(0, CAST(:count AS bigint) / 20 - 1) AS round,
    (VALUES
        ('order-process', 10, 1, 'InputTaken', NULL, CAST(NULL AS bigint), 1, 1),
        ('order-process', 10, 2, 'RequestPayment', 'gateway', NULL, 1, 2),
        ('order-process', 10, 3, 'InputTaken', NULL, NULL, 2, 1),
        ('order-process', 10, 4, 'StartFulfilment', 'fulfilment', NULL, 2, 2),
        ('order-process', 10, 5, 'CursorMoved', NULL, NULL, NULL, 1),
        ('order-process', 10, 6, 'InputTaken', NULL, NULL, 3, 1),
        ('order-process', 10, 7, 'RequestPayment', 'gateway', NULL, 3, 2),
        ('order-process', 10, 8, 'InputTaken', NULL, NULL, 4, 1),
        ('order-process', 10, 9, 'RequestPayment', 'gateway', NULL, 4, 2),
        ('order-process', 10, 10, 'CursorMoved', NULL, NULL, NULL, 2),
        ('orders', 4, 1, 'OrderPlaced', NULL, 2, 1, 1),
        ('orders', 4, 2, 'OrderPlaced', NULL, 1, 2, 1),
        ('orders', 4, 3, 'OrderCancelled', NULL, 1, 3, 1),
        ('orders', 4, 4, 'FraudScoreComputed', NULL, NULL, 4, 1),
        ('payments', 4, 1, 'PaymentReceived', NULL, 1, 1, 1),
        ('payments', 4, 2, 'PaymentReceived', NULL, 1, 2, 1),
        ('payments', 4, 3, 'PaymentReceived', NULL, 1, 3, 1),
        ('payments', 4, 4, 'PaymentReceived', NULL, 1, 4, 1),
        ('scheduler', 2, 1, 'PaymentTimedOut', NULL, 1, 1, 1),
        ('scheduler', 2, 2, 'PaymentTimedOut', NULL, 1, 2, 1)
    ) AS e (module, size, number, type, target, back, instance, version),
    LATERAL (SELECT
        round,
        round * e.size + e.number,
        CAST(:count AS bigint) * 8 / 10 + round * 4 + e.instance
    ) AS p (round, position, instance),
    LATERAL (SELECT (ARRAY['orders', 'payments', 'scheduler'])[1 + p.instance % 3]) AS m (module)
