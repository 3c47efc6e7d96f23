-- How many instances are not settled, up to so many.
-- Index: instance_open_idx.
SELECT count(*) FROM (SELECT FROM saga.instance WHERE process = :process AND NOT settled LIMIT :most) AS open
