"""Programs of another team, written from a contract alone: nothing here imports saga, or knows the order process."""
