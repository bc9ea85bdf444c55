"""The errors of training. Each message says what failed, with which value, and what to do about it."""


class TrainingError(Exception):
    """Base of every error that this package raises on purpose."""


class ExampleError(TrainingError):
    """A row of a data set cannot be read as a training example."""
