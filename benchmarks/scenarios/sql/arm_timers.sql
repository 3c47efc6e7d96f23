-- Arms $1 timers of new orders, named by the run $2, due $3 from now.
INSERT INTO saga.timer (process, process_id, name, emits, data, metadata, due_at, armed_at)
SELECT
    'order', md5(CAST($2 AS text) || n), 'payment_deadline', 'PaymentTimedOut',
    jsonb_build_object('order_id', md5(CAST($2 AS text) || n)),
    jsonb_build_object('correlationid', md5(CAST($2 AS text) || n)),
    now() + CAST(CAST($3 AS text) AS interval) + make_interval(secs => n / 1000000.0), now() - interval '1 day'
FROM generate_series(1, CAST($1 AS bigint)) AS n
