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


class AccountError(AssistantError):
    """An account, a group or a token cannot be made or changed as asked, or does not exist."""


class SignInError(AssistantError):
    """Nobody is signed in: name, password, session or token are not known, or not valid any more."""


class SignInLimitError(SignInError):
    """Too many attempts to sign in failed; another one is refused for a while, even a right one."""


class DirectoryError(AssistantError):
    """The directory that knows people's passwords cannot be asked; nothing is said of who asks."""


class AccessRefusedError(AssistantError):
    """Who acts may not do this, or it would be open to people who may not (exit code 3)."""


class ExampleConflictError(AssistantError):
    """An example was changed by somebody else since it was looked at; nothing of the change was made."""


class AdapterRefusedError(AdapterError):
    """An adapter may not be published, served again or removed; the message says what is missing."""
