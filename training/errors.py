"""The errors of training. Each message says what failed, with which value, and what to do about it."""


class TrainingError(Exception):
    """Base of every error that this package raises on purpose."""


class ExampleError(TrainingError):
    """A row of a data set cannot be read as an example. `field` is the one at fault, "" for the row."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class TrainingDataError(TrainingError):
    """The folder of training data lacks what is needed, or nothing in it may be learnt from."""


class EncoderError(TrainingError):
    """A verifier or reranker cannot be trained, saved or read."""
