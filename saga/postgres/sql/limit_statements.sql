-- How long a statement of this transaction may take, as '2000ms'.
SELECT set_config('statement_timeout', :timeout, true)
