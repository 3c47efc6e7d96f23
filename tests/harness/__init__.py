"""What makes the tests of this project a suite: their order, their seeds, and the end of what they start."""
