"""What a check costs: a proof with thirty types of messages, and a search with ten."""
