-- One deadline for each instance: of the youngest two in a hundred it is armed, and due for a tenth of these.
INSERT INTO saga.timer (process, process_id, name, emits, data, metadata, due_at, armed_at, fired_at)
SELECT
    'order', 'o-' || n, 'payment', 'PaymentTimedOut',
    jsonb_build_object('order_id', 'o-' || n), jsonb_build_object('correlationid', 'o-' || n),
    due_at, due_at - interval '1 h',
    CASE WHEN n <= CAST(:count AS bigint) * 98 / 100 THEN due_at + interval '1 s' END
FROM generate_series(1, CAST(:count AS bigint)) AS n,
    LATERAL (SELECT now() - make_interval(secs => (CAST(:count AS bigint) * 982 / 1000 - n) * 8)) AS t (due_at)
