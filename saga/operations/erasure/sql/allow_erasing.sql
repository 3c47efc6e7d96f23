-- From here on the log lets entries change their contents, until the transaction ends.
SELECT set_config('saga.erasing', 'on', true)
