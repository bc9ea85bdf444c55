"""A question becomes a grounded answer: retrieve, select evidence, generate, check every sentence."""
