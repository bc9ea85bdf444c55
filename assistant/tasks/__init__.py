"""What is done with whole documents and texts: summaries, comparisons, translations, tables."""
