-- Instances in each outcome. Reads the whole table, so it is asked once a minute at most.
SELECT process, outcome, count(*) AS instances
FROM saga.instance
GROUP BY process, outcome
ORDER BY process, outcome
