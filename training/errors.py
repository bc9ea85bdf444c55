"""The errors of training. Each message says what failed, with which value, and what to do about it."""


class TrainingError(Exception):
    """Base of every error that this package raises on purpose."""


class ExampleError(TrainingError):
    """A row of a data set cannot be read as a training example."""


class TrainingDataError(TrainingError):
    """The folder of training data lacks what is needed, or nothing in it may be learnt from."""


class EncoderError(TrainingError):
    """A verifier or reranker cannot be trained, saved or read."""


class GateError(TrainingError):
    """An adapter cannot be held against its base model, or nothing is there to ask."""
