"""Tuning the chat model on a company's own questions and answers."""
