"""The errors of ingestion. Each message says what failed, with which value, and what to do about it."""


class IngestionError(Exception):
    """Base of every error that this package raises on purpose."""


class ReadError(IngestionError):
    """A file cannot be read as a document. The message is the reason shown to people."""


class PassingError(ReadError):
    """The file may be good, but the machine failed: the disk is full, a share does not answer."""


class SettingsError(IngestionError):
    """konkyo.toml or the environment holds a value that cannot be used."""


class WorkspaceError(IngestionError):
    """The workspace folder cannot be used as it is."""


class WorkspaceBusyError(WorkspaceError):
    """Another process holds the workspace's write lock."""


class BackupError(IngestionError):
    """A backup cannot be written, or an archive is none that can be restored. Nothing was changed."""


class RestoreRefusedError(IngestionError):
    """A workspace stands where one is to be restored, and a person must agree first (exit code 3)."""


class UnsafeRemovalError(IngestionError):
    """A run would remove so many documents that a person must confirm it first (exit code 3)."""


class DictionaryError(IngestionError):
    """The company's dictionary cannot be changed as asked."""


class ModelError(IngestionError):
    """A model is missing, damaged, or of an unknown kind."""


class IndexMismatchError(IngestionError):
    """An index was built for another embedder or another library."""


class SourceError(IngestionError):
    """A source cannot be reached or listed. Nothing was changed."""


class FetchError(IngestionError):
    """One file cannot be fetched. `connection` tells that the way to the source may be at fault."""

    def __init__(self, reason: str, *, connection: bool = False) -> None:
        super().__init__(reason)
        self.connection = connection


class DescriptionError(IngestionError):
    """A figure was not described. `everywhere`: the next one would not be either."""

    def __init__(self, message: str, *, everywhere: bool = False) -> None:
        super().__init__(message)
        self.everywhere = everywhere


class RulingError(IngestionError):
    """What was said of a document's version cannot be."""


class RightsError(IngestionError):
    """Who may read a file cannot be told: nobody but admins may."""
