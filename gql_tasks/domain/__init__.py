"""The vocabulary and the rules of tasks. No I/O, and nothing from the layers above."""
