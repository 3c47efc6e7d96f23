-- Inserts the ranges that this step covered; a transaction that gets the cursor row folds them.
INSERT INTO saga.cursor_advance (consumer, module, covered)
SELECT :consumer, c.module, range_agg(int8range(c.after + 1, c.position + 1))
FROM unnest(CAST(:modules AS text[]), CAST(:afters AS bigint[]), CAST(:positions AS bigint[]))
    AS c (module, after, position)
GROUP BY c.module
