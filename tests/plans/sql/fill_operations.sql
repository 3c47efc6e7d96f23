-- A thousand operations on dead letters; the last one is on 10,000 of them, and half done.
WITH asked AS (
    INSERT INTO saga.operation (actor, action, reason, ids, result)
    SELECT
        'ana', 'redrive', 'the parser is mended',
        ARRAY(SELECT CAST(i AS text) FROM generate_series(1, CASE WHEN n = 1000 THEN 10000 ELSE 10 END) AS i), '{}'
    FROM generate_series(1, 1000) AS n
    RETURNING operation_id, ids
), runs AS (
    INSERT INTO saga.operation_run (operation_id, request, state, batch, halt_after, answers, ended_at)
    SELECT
        operation_id, gen_random_uuid(), CASE WHEN cardinality(ids) > 10 THEN 'running' ELSE 'done' END, 100, 10,
        CASE WHEN cardinality(ids) = 10 THEN CAST('{"taken": 10}' AS jsonb) END,
        CASE WHEN cardinality(ids) = 10 THEN now() END
    FROM asked
)
INSERT INTO saga.operation_item (operation_id, item, process, process_id, answer)
SELECT operation_id, item, 'order', 'o-' || (operation_id * 10 + place), 'taken'
FROM asked, unnest(ids) WITH ORDINALITY AS one (item, place)
WHERE cardinality(ids) = 10 OR place <= 5000
