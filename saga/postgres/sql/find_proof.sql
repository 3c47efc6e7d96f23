-- Whether the last transaction that used a slot is the one with this token. Waits for one that is still open. It has to
-- write: only an insert waits for a slot whose first transaction is open, and a write that is safe on the disk (and on
-- the standbys that are waited for) makes everything safe that it has seen.
-- Index: commit_proof_pkey.
INSERT INTO saga.commit_proof AS p (slot, token) VALUES (:slot, '00000000-0000-0000-0000-000000000000')
ON CONFLICT (slot) DO UPDATE SET token = p.token
RETURNING
    token = :token AS is_proved,
    set_config(
        'synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END,
        true
    )
