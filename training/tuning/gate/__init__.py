"""The gate: an adapter and its base model side by side on questions that were kept back, and a verdict."""
