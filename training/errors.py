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


class ExportError(TrainingError):
    """An adapter cannot be written for llama.cpp, or merged into its base model."""


class ParityError(TrainingError):
    """An adapter cannot be compared in both runtimes: something that the comparison needs is missing."""


class RecipeError(TrainingError):
    """A recipe cannot be read, or a value in it cannot be used."""


class TuningError(TrainingError):
    """A chat model cannot be tuned: its weights, its data or the run itself."""


class TrainingRefusedError(TuningError):
    """A training was not started because it cannot fit into the memory of this machine."""


class GateError(TrainingError):
    """An adapter cannot be held against its base model, or nothing is there to ask."""
