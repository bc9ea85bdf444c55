"""Old files that we cannot read ourselves, converted by LibreOffice where the machine has it."""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ingestion.errors import ReadError
from ingestion.readers.ole import MAGIC

PROGRAMS = ("soffice", "libreoffice")
_SECONDS = 120


@contextmanager
def converted(
    content: bytes, suffix: str, target: str, reason: ReadError, names: Sequence[str] = PROGRAMS,
    magic: bytes = MAGIC,
) -> Iterator[Path]:  # fmt: skip
    """The file in the format `target` ("docx"), removed afterwards. `reason` is why we cannot read it.

    `magic` is how files of its kind begin.

    Raises:
        ReadError: it does not begin so, there is no LibreOffice, or that cannot read the file either.
    """
    if not content.startswith(magic):
        raise reason  # LibreOffice takes anything else for text
    program = next((found for name in names if (found := shutil.which(name))), None)
    if program is None:
        raise ReadError(
            f"{reason} If LibreOffice is installed on this machine, it is asked to read such files."
        ) from reason
    with tempfile.TemporaryDirectory(prefix="konkyo-") as folder:
        source = Path(folder, f"source{suffix}")
        source.write_bytes(content)
        _run(program, source, target)
        result = Path(folder, f"source.{target}")
        if not result.is_file():
            raise ReadError(f"{reason} LibreOffice cannot read it either.") from reason
        yield result


def _run(program: str, source: Path, target: str) -> None:
    profile = (source.parent / "profile").as_uri()  # its own: another LibreOffice may hold the user's
    command = [
        program,
        f"-env:UserInstallation={profile}",
        "--headless",
        "--norestore",
        "--convert-to",
        target,
    ]
    with subprocess.Popen(
        [*command, "--outdir", str(source.parent), str(source)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        # The kernel ends it too when this process is killed before it can.
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise ReadError(f"LibreOffice takes more than {_SECONDS} seconds for it.") from error
