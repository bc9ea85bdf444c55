"""The wheel holds the four packages and no tests, and nobody else in the environment owns their names."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"ingestion", "assistant", "training", "ui"}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of a wheel that is built from a copy, so that the tree stays clean."""
    copy = tmp_path_factory.mktemp("tree")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, listed):
        if (ROOT / name).is_file() and not name.startswith(("samples/", "docs/")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    out = tmp_path_factory.mktemp("wheel")
    # The build tools of this environment: an isolated build would need the network.
    code = f"from setuptools.build_meta import build_wheel; build_wheel({str(out)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=copy, check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_four_packages_only(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert not any("test" in Path(name).name for name in names if name.endswith(".py"))


def test_every_module_and_text_is_in_the_wheel(names: set[str]) -> None:
    kinds = {".py", ".toml", ".mako", ".css", ".js", ".jsonl"}
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in kinds and "__pycache__" not in path.parts
    }
    assert wanted - names == set()


def test_the_wheel_carries_command_and_licence(names: set[str]) -> None:
    endings = {name.split(".dist-info/")[1] for name in names if ".dist-info/" in name}
    assert {"entry_points.txt", "licenses/LICENSE", "METADATA"} <= endings


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_no_other_distribution_owns_our_names(package: str) -> None:
    """They are common words; beside another package of that name one of the two would be hidden."""
    owners = set(packages_distributions().get(package, []))
    assert owners <= {"konkyo"}, f"{owners - {'konkyo'}} also install a package {package}: remove them"
    module = __import__(package)
    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(ROOT)
