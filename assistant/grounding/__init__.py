"""Claims of an answer, the rules and measures that check them, and their verdicts."""
