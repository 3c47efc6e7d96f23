INSERT INTO gateway.command (command_id, order_id, effect, type, revision, body, metadata, digest, result, deliveries)
VALUES ('c-{n}', 'order-{n}', 'payment_request', 'RequestPayment', 1, '{}', '{}', decode(md5('{n}'), 'hex'), 'captured', 1);
INSERT INTO gateway.effect (order_id, effect, revision, command_id)
VALUES ('order-{n}', 'payment_request', 1, 'c-{n}');
INSERT INTO gateway.ledger (idempotency_key, kind, order_id, effect, payment_id, amount, currency)
VALUES ('c-{n}', 'capture', 'order-{n}', 'payment_request', 'p-{n}', 4200, 'EUR');
INSERT INTO gateway.pending (command_id, number, step, event_id, due_at)
VALUES ('c-{n}', 1, 'answer', 'e-{n}', '2026-11-23 12:00+00');
INSERT INTO gateway.rejected (fingerprint, reason, body, properties)
VALUES (decode(md5('{n}'), 'hex'), 'no command', 'what', '{}');
