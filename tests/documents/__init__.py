"""What the documents show is run: examples in Python, commands with what they print, and the quickstart."""
