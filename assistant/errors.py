"""The errors of the assistant. Each message says what failed, with which value, and what to do about it."""


class AssistantError(Exception):
    """Base of every error that this package raises on purpose."""


class GenerationError(AssistantError):
    """The chat model cannot be loaded, reached, or does not answer."""


class PromptTooLongError(AssistantError):
    """The question and its sources do not fit into the model's context."""


class TaskError(AssistantError):
    """A task cannot be done with what it was given; the message says what it needs."""


class PromptFileError(AssistantError):
    """A prompt of the workspace cannot be used."""


class RecordNotFoundError(AssistantError):
    """A conversation or message with this id does not exist."""


class VerifiedAnswerError(AssistantError):
    """An answer cannot be kept as verified: something is missing, or its passages are not there."""


class EvaluationError(AssistantError):
    """An evaluation data set cannot be read or does not fit its layout."""


class MonitoringError(AssistantError):
    """A report on use cannot be made of what was asked for."""


class AdapterError(AssistantError):
    """An adapter does not exist, cannot be read, or does not fit the model that is served."""


class AuditError(AssistantError):
    """The audit log cannot be read or written, or holds no such row. Nothing is done that it cannot hold."""


class ExampleConflictError(AssistantError):
    """An example was changed by somebody else since it was looked at; nothing of the change was made."""


class AdapterRefusedError(AdapterError):
    """An adapter may not be published, served again or removed; the message says what is missing."""
