"""Finds personal data and planted instructions in text."""
