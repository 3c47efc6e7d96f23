INSERT INTO fulfilment.command
    (command_id, order_id, effect, type, revision, body, metadata, digest, result, deliveries)
VALUES ('c-{n}', 'order-{n}', 'fulfilment', 'StartFulfilment', 1, '{}', '{}', decode(md5('{n}'), 'hex'), 'started', 1);
INSERT INTO fulfilment.effect (order_id, effect, revision, command_id)
VALUES ('order-{n}', 'fulfilment', 1, 'c-{n}');
INSERT INTO fulfilment.fulfilment (order_id, effect, state, revision, command_id, starts, stops)
VALUES ('order-{n}', 'fulfilment', 'started', 1, 'c-{n}', 1, 0);
INSERT INTO fulfilment.rejected (fingerprint, reason, body, properties)
VALUES (decode(md5('{n}'), 'hex'), 'no command', 'what', '{}');
