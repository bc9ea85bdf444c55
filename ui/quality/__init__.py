"""Evaluations that a company runs itself: measured, kept as reports, shown, compared, repeated by a job."""
