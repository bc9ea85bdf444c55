"""Values that the environment can give only as one string."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.settings import load_settings


@pytest.mark.parametrize(
    ("given", "passwords"),
    [
        ('["sesame", "合言葉 1"]', ("sesame", "合言葉 1")),
        ("sesame", ("sesame",)),
        ("sesame\n合言葉 1\n", ("sesame", "合言葉 1")),
        ("sesame\r\n\r\nb,c;d", ("sesame", "b,c;d")),
        ("[not JSON", ("[not JSON",)),
        ("[1, 2]", ("[1, 2]",)),
        ("[]", ()),
    ],
)
def test_passwords_are_a_json_list_or_lines(given: str, passwords: tuple[str, ...], tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "konkyo.toml", {"KONKYO_INGESTION__PASSWORDS": given})
    assert settings.ingestion.passwords == passwords


def test_the_environment_outranks_the_file(tmp_path: Path) -> None:
    path = tmp_path / "konkyo.toml"
    path.write_text('[ingestion]\npasswords = ["a\\nb", "c"]\n', "utf-8")
    assert load_settings(path, {}).ingestion.passwords == ("a\nb", "c")
    assert load_settings(path, {"KONKYO_INGESTION__PASSWORDS": "d"}).ingestion.passwords == ("d",)
