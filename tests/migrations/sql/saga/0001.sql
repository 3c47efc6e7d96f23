INSERT INTO saga.module (name) VALUES ('{m}') ON CONFLICT DO NOTHING;
WITH taken AS (
    UPDATE saga.module SET last_position = last_position + 1, last_public_position = last_position + 1
    WHERE name = '{m}' RETURNING last_position
)
INSERT INTO saga.event_log (module, position, stream_id, stream_version, event_id, type, visibility, data, metadata)
SELECT '{m}', last_position, 'order-{n}', 1, 'event-{n}', 'OrderPlaced', 'public', '{"order_id": "order-{n}"}', '{}'
FROM taken;
INSERT INTO saga.inbox (consumer, module, position, source, message_id, digest)
VALUES ('order', '{m}', {n}, '/modules/orders', 'event-{n}', decode(md5('{n}'), 'hex')),
    ('order', NULL, NULL, '/elsewhere', 'message-{n}', decode(md5('{n}'), 'hex'));
INSERT INTO saga.instance (process, process_id, process_version, stream_version, outcome, settled, state)
VALUES ('order', 'order-{n}', 1, 1, 'paid', {n} % 2 = 0, '{"payment": "paid"}');
UPDATE saga.instance SET stream_version = 2, updated_at = clock_timestamp() WHERE process_id = 'order-{n}';
INSERT INTO saga.timer (process, process_id, name, emits, data, metadata, due_at)
VALUES ('order', 'order-{n}', 'payment_deadline', 'PaymentTimedOut', '{}', '{}', '2026-11-23 12:00+00');
INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('consumer-{n}', 'orders', {n});
INSERT INTO saga.cursor_advance (consumer, module, covered) VALUES ('order', 'orders', int8multirange(int8range({n}, {n} + 1)));
INSERT INTO saga.dead_letter (consumer, fingerprint, kind, reason, body, properties)
VALUES ('order', decode(md5('{n}'), 'hex'), 'poison', 'no JSON', 'what', '{}');
