-- Inserts $1 instances that ended long ago, with random keys. Each is as large as a paid order.
INSERT INTO saga.instance
    (process, process_id, process_version, stream_version, outcome, settled, state, created_at, updated_at)
SELECT
    'order', o.id, 1, 5, 'paid', true,
    CAST(replace(
        '{
            "parts": {"payment": "paid", "request": "placed", "deadline": "running", "cancellation": "open"},
            "commanded": {
                "fulfilment": ["started", 1], "payment_request": ["voided", 2], "payment_deadline": ["armed", 1]
            },
            "registers": {
                "order": {"ID": {
                    "amount": 4200, "currency": "EUR", "order_id": "ID", "payment_timeout_seconds": null
                }},
                "payments": {"pay-ID": {
                    "amount": 4200, "currency": "EUR", "order_id": "ID", "payment_id": "pay-ID", "received_at": null
                }}
            },
            "revisions": {"gateway": 2, "fulfilment": 1}
        }',
        'ID', o.id
    ) AS jsonb),
    now() - make_interval(secs => n % 100000000), now() - make_interval(secs => n % 100000000)
FROM generate_series(1, CAST($1 AS bigint)) AS n, LATERAL (SELECT md5('order-' || n)) AS o (id)
