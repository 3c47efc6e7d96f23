-- The time before which rows are old enough, by this database's clock.
SELECT clock_timestamp() - CAST(:older_than AS interval)
