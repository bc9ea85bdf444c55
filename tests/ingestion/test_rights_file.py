from __future__ import annotations

import random
from pathlib import Path

import pytest

from ingestion.errors import RightsError
from ingestion.rights.names import NOBODY
from ingestion.rights.rights_file import parse_rights, read_rights

NONE = {NOBODY}


@pytest.mark.parametrize(
    ("rows", "path", "groups"),
    [
        ([("hr", "hr")], "hr/pay/2024.pdf", {"hr"}),
        ([("hr/", "hr")], "hr/pay/2024.pdf", {"hr"}),
        ([("/hr", "hr")], "hr/a.pdf", {"hr"}),
        ([("hr\\pay", "hr")], "hr/pay/a.pdf", {"hr"}),
        ([("hr", "hr")], "hrx/a.pdf", NONE),
        ([("hr", "hr")], "x/hr/a.pdf", NONE),
        ([(".", "staff")], "a.pdf", {"staff"}),
        ([(".", "staff"), ("hr", "hr")], "hr/a.pdf", {"hr"}),
        ([("hr", "hr"), (".", "staff")], "hr/a.pdf", {"hr"}),  # the deeper row counts, wherever it stands
        ([("hr", "hr"), ("**", "everybody")], "hr/a.pdf", {"hr"}),
        ([("hr", "hr"), ("**/*.pdf", "everybody")], "hr/a.pdf", {"hr"}),
        ([("hr", "hr"), ("hr/*.pdf", "everybody")], "hr/a.pdf", {"everybody"}),
        ([("hr/*.pdf", "everybody"), ("hr", "hr")], "hr/a.pdf", {"hr"}),  # as deep, and later
        ([("hr/*.pdf", "everybody"), ("hr/secret.pdf", "hr")], "hr/secret.pdf", {"hr"}),
        ([("hr/**/public", "everybody"), ("hr/pay", "hr")], "hr/pay/public/a.pdf", {"hr"}),
        ([("hr/**/public", "x")], "hr/public/a.pdf", {"x"}),
        ([("hr/**/public", "x")], "hr/a/b/public/c/a.pdf", {"x"}),
        ([("*.pdf", "x")], "sub/a.pdf", NONE),
        ([("*/a?.pdf", "x")], "sub/a1.pdf", {"x"}),
        ([("*/a?.pdf", "x")], "sub/a.pdf", NONE),
        ([("a[1].pdf", "x")], "a[1].pdf", {"x"}),  # brackets are letters like others
        ([("a[1].pdf", "x")], "a1.pdf", NONE),
        ([("人事/規程.pdf", "人事 総務")], "人事/規程.pdf", {"人事", "総務"}),
        ([("が", "x")], "が/a", {"x"}),  # in another Unicode form
        ([("hr", "a;b, c")], "hr/a", {"a", "b", "c"}),
        ([("hr", ""), (".", "staff")], "hr/a", NONE),
        ([(".", "everybody")], "rights.csv", NONE),
        ([(".", "everybody")], "sub/rights.csv", {"everybody"}),
    ],
)
def test_the_deepest_row_and_of_these_the_last_counts(
    rows: list[tuple[str, str]], path: str, groups: set[str]
) -> None:
    text = "path,groups\n" + "".join(f'"{where}","{who}"\n' for where, who in rows)
    assert parse_rights(text).groups_of(path) == groups


def test_a_plain_tree_against_brute_force() -> None:
    """Rows without wildcards: the nearest folder around a file that has one."""
    chance = random.Random(3)
    folders = [f"{a}/{b}/{c}" for a in "ab" for b in "ab" for c in "ab"]
    folders += [f"{a}/{b}" for a in "ab" for b in "ab"] + ["a", "b"]
    for _ in range(300):
        said = {folder: chance.choice("xyz") for folder in chance.sample(folders, chance.randint(0, 6))}
        rights = parse_rights("groups,path,note\n" + "".join(f"{g},{f},why\n" for f, g in said.items()))
        for folder in folders:
            around, wanted = f"{folder}/file", NONE
            while around := around.rpartition("/")[0]:
                if around in said:
                    wanted = {said[around]}
                    break
            assert rights.groups_of(f"{folder}/file") == wanted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: it must name the columns path and groups"),
        ("path;groups\nhr;hr\n", "line 1: it must name the columns"),
        ("hr,hr\n", "line 1: it must name the columns"),
        ("path,groups\nhr,hr\nx,(nobody)\n", "line 3: '(nobody)' cannot be the name of a group"),
        ("path,groups\nhr,a&b\n", "line 2: 'a&b' cannot be"),
        ("path,groups\n\n\nhr\n", "line 4: it has 1 columns, not 2"),
        ("path,groups\nhr,hr,more\n", "line 2: it has 3 columns, not 2"),
        ('path,groups\n"a\nb",hr\n../x,hr\n', "line 4: '../x' is no path"),
        ("path,groups\n,hr\n", "line 2: '' is no path"),
        ("path,groups\n*/*/*/*/*/*/*,hr\n", "line 2: '*/*/*/*/*/*/*' has more than 6 wildcards"),
        ('path,groups\nhr,hr\n"open,hr\n', "line 3: it is no CSV"),
    ],
)
def test_a_wrong_row_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(RightsError) as error:
        parse_rights(text)
    assert f"rights.csv, {told}" in str(error.value)


def test_encodings_and_what_is_no_such_file(tmp_path: Path) -> None:
    file, text = tmp_path / "rights.csv", "path,groups\r\n人事,hr\r\n"
    for encoding in ("utf-8", "utf-8-sig", "cp932"):
        file.write_bytes(text.encode(encoding))
        assert read_rights(file).groups_of("人事/a.pdf") == {"hr"}
    file.write_bytes(b"path,groups\n\xff\xfe\x81,hr\n")
    with pytest.raises(RightsError, match="neither in UTF-8 nor in Shift_JIS"):
        read_rights(file)
    file.write_bytes(b"path,groups\n" + b"#" * (5 << 20))
    with pytest.raises(RightsError, match="at most 4 MB"):
        read_rights(file)
    file.rename(tmp_path / "other.csv")
    with pytest.raises(RightsError, match="cannot be read"):
        read_rights(file)
    file.symlink_to(tmp_path / "other.csv")
    with pytest.raises(RightsError, match="is no file"):
        read_rights(file)
