"""Measurements of retrieval and of answers on data sets."""
