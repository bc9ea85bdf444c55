"""`konkyo dictionary`: the file is checked, listed and changed without any model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from test_cli_docs import documented, keys

from ui.cli.main import main


@pytest.fixture
def konkyo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("KONKYO_WORKSPACE", str(tmp_path / "ws"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["konkyo", "dictionary", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def test_words_come_and_go_with_the_keys_that_are_documented(konkyo: Any, tmp_path: Path) -> None:
    code, out, _ = konkyo("add", "年次有給休暇", "年休", "有休", "--reading", "ねんきゅう", "--json")
    assert code == 0 and keys(json.loads(out)) == keys(documented("dictionary add"))
    code, out, _ = konkyo("list", "--json")
    assert json.loads(out) == [
        {"row": 2, "term": "年次有給休暇", "reading": "ねんきゅう", "synonyms": ["年休", "有休"]}
    ]
    assert keys(json.loads(out)) == keys(documented("dictionary list"))
    assert konkyo("list")[1] == "年次有給休暇 (ねんきゅう): 年休 | 有休\n"
    assert json.loads(konkyo("remove", "年次有給休暇", "--json")[1]) == {"done": True, "term": "年次有給休暇"}
    assert konkyo("list")[1].startswith("The dictionary is empty")
    code, _, err = konkyo("remove", "年次有給休暇")
    assert code == 1 and "no term" in err


def test_check_names_row_and_field_and_add_leaves_a_broken_file_alone(konkyo: Any, tmp_path: Path) -> None:
    assert konkyo("check")[1].startswith("All right: 0 entries")
    path = tmp_path / "ws" / "dictionary.csv"
    path.write_bytes("年休,漢字,有休\n".encode("cp932"))
    code, out, _ = konkyo("check", "--json")
    found = json.loads(out)
    assert code == 0 and keys(found) == keys(documented("dictionary check"))
    assert (found["ok"], [(p["row"], p["field"]) for p in found["problems"]]) == (False, [(1, "reading")])
    assert "row 1 reading" in konkyo("check")[1]
    code, _, err = konkyo("add", "経費", "費用")
    assert code == 1 and "row 1" in err
    assert path.read_bytes() == "年休,漢字,有休\n".encode("cp932")
    code, _, err = konkyo("add", "経費", "費用|コスト")
    assert code == 2 and "without |" in err
