"""The units are ones that systemd takes, and the Dockerfile names what is there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from ui.cli.main import app
from ui.connecting import WAIT

ROOT = Path(__file__).parents[1]
UNITS = sorted((ROOT / "packaging" / "systemd").iterdir())
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def values(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text("utf-8"), re.MULTILINE)


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """With a program in the place of ours, which is not installed where tests run."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not here")
    for unit in UNITS:
        text = unit.read_text("utf-8").replace("/opt/konkyo/.venv/bin/konkyo", "/bin/true")
        (tmp_path / unit.name).write_text(text, "utf-8")
    places = [str(tmp_path / unit.name) for unit in UNITS]
    done = subprocess.run(
        [program, "verify", "--man=no", *places], capture_output=True, text=True, timeout=120,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    told = [line for line in done.stderr.splitlines() if "konkyo" in line]
    assert (done.returncode, told) == (0, []), done.stderr


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda u: u.name)
def test_every_service_is_shut_in(unit: Path) -> None:
    for key, wanted in (
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("CapabilityBoundingSet", ""),
    ):
        assert values(unit, key) == [wanted]
    network = values(unit, "PrivateNetwork") == ["yes"] or values(unit, "IPAddressDeny") == ["any"]
    assert network and values(unit, "User") == ["konkyo"]


def test_commands_of_the_units_and_the_image_exist() -> None:
    known = get_command(app).commands  # type: ignore[attr-defined]
    texts = [unit.read_text("utf-8") for unit in UNITS]
    called = [name for text in texts for name in re.findall(r"/bin/konkyo ([a-z]+)", text)]
    called += re.findall(r'/bin/konkyo", "([a-z]+)"', DOCKERFILE) + re.findall(
        r"/bin/konkyo ([a-z]+)", DOCKERFILE
    )
    assert {"serve", "ui", "backup", "models", "users"} == set(called)
    for name in called:
        assert name in known


def test_all_units_speak_of_one_workspace() -> None:
    found = {value for unit in UNITS for value in values(unit, "Environment")}
    assert found == {"KONKYO_WORKSPACE=/var/lib/konkyo/workspace", f"{WAIT}=1"}
    (page,) = [unit for unit in UNITS if unit.name == "konkyo-page.service"]
    assert f"{WAIT}=1" in values(page, "Environment")


def test_paths_and_targets_of_the_dockerfile_exist() -> None:
    for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE):
        *sources, _ = line.split()
        assert [name for name in sources if not (ROOT / name).exists()] == []
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^RUN make ([a-z]+)", DOCKERFILE, re.MULTILINE)
    assert targets and all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_what_the_program_needs_is_copied_into_the_image() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE))
    assert copied == {"ingestion", "assistant", "training", "ui"}
    assert {"pyproject.toml", "README.md", "LICENSE"} <= set(re.findall(r"[\w.]+", DOCKERFILE))
