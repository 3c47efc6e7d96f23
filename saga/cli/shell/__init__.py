"""What the commands share: addresses, terminal, tables, failures."""
