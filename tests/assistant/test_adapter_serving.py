from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path

import pytest
from adapter_files import WEIGHTS, add, serving

from assistant.adapter_serving import Checksums, Choice, asker_of, choose, in_trial
from assistant.adapters import BASE, GGUF, Publication
from assistant.errors import AdapterError
from ingestion.documents import LOCAL_USER, User

TRIAL = Publication(current="old", trial={"adapter": "new", "share": 0.5})
INSIDE = next(str(i) for i in range(99) if in_trial(str(i), "new", 0.5))
OUTSIDE = next(str(i) for i in range(99) if not in_trial(str(i), "new", 0.5))


@pytest.mark.parametrize(
    ("publication", "own", "asker", "expected"),
    [
        (Publication(), None, "c", Choice(None, "base")),
        (Publication(current="old"), None, None, Choice("old", "published")),
        (TRIAL, None, INSIDE, Choice("new", "trial")),
        (TRIAL, None, OUTSIDE, Choice("old", "published")),
        (TRIAL, None, None, Choice("old", "published")),
        (TRIAL, "third", INSIDE, Choice("third", "chosen")),
        (TRIAL, BASE, INSIDE, Choice(None, "chosen")),
        (Publication(trial={"adapter": "new", "share": 0.5}), None, OUTSIDE, Choice(None, "base")),
    ],
)
def test_own_choice_then_trial_then_publication_then_base(
    publication: Publication, own: str | None, asker: str | None, expected: Choice
) -> None:
    assert choose(publication, own=own, asker=asker) == expected


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9])
def test_a_share_of_the_askers_is_drawn(share: float) -> None:
    drawn = sum(in_trial(f"user-{i}", "terms-1", share) for i in range(4000)) / 4000
    assert abs(drawn - share) < 4 * (share * (1 - share) / 4000) ** 0.5  # four standard errors


@pytest.mark.parametrize("asker", ["", "c1", "佐藤", "user\n7", "0f3a" * 20])
def test_who_tries_keeps_trying_and_a_larger_share_keeps_them(asker: str) -> None:
    shares = [place / 200 for place in range(1, 200)]
    drawn = [in_trial(asker, "terms-1", share) for share in shares]
    assert drawn == sorted(drawn) == [in_trial(asker, "terms-1", share) for share in shares]


def test_another_trial_draws_anew() -> None:
    askers = [f"user-{i}" for i in range(400)]
    both = sum(in_trial(one, "a", 0.5) and in_trial(one, "b", 0.5) for one in askers)
    assert 60 < both < 140  # about a quarter, where the same draw would give a half


def test_the_conversation_stands_for_the_user_where_there_is_one_only() -> None:
    assert asker_of(LOCAL_USER, "c1") == "c1"
    assert asker_of(LOCAL_USER, None) is None
    assert asker_of(User("佐藤", None), "c1") == "佐藤"


def test_a_fit_adapter_is_served_with_the_digest_of_its_file(tmp_path: Path) -> None:
    adapters = serving(tmp_path)
    add(adapters.folder, "terms-1", content=b"weights")
    found = adapters.file_of("terms-1")
    assert (found.name, found.sha256) == ("terms-1", sha256(b"weights").hexdigest())
    assert found.path.read_bytes() == b"weights"
    assert adapters.problem("terms-1") is None


def test_what_is_not_there_damaged_or_foreign_is_refused_by_name(tmp_path: Path) -> None:
    adapters = serving(tmp_path)
    with pytest.raises(AdapterError, match="no adapter 'none'"):
        adapters.file_of("none")
    add(adapters.folder, "plain", gguf=None)
    with pytest.raises(AdapterError, match=r"not exported yet.*konkyo train export plain"):
        adapters.file_of("plain")
    add(adapters.folder, "gone")
    (adapters.folder.folder("gone") / GGUF).unlink()
    with pytest.raises(AdapterError, match=r"cannot be read.*konkyo train export gone"):
        adapters.file_of("gone")
    add(adapters.folder, "cut", content=b"whole file")
    (adapters.folder.folder("cut") / GGUF).write_bytes(b"whole fil")
    with pytest.raises(AdapterError, match="not the one that was exported"):
        adapters.file_of("cut")
    add(adapters.folder, "foreign", base={"model": "large", "sha256": "ff" * 32, "family": "qwen2"})
    with pytest.raises(
        AdapterError, match=r"tuned on large \(ffffffffffff…\), but small \(.*rollback --to base"
    ):
        adapters.file_of("foreign")
    assert "tuned on large" in str(adapters.problem("foreign"))


def test_what_was_trained_on_another_form_of_the_weights_fits_where_parity_was_proven(tmp_path: Path) -> None:
    adapters, base = serving(tmp_path), {"model": "/hub/small", "sha256": "ee" * 32, "family": "qwen2"}
    file, model = sha256(b"weights").hexdigest(), sha256(WEIGHTS).hexdigest()
    proven = {"passed": True, "adapter_sha256": file, "base_sha256": model}
    add(adapters.folder, "a", content=b"weights", base=base, parity=proven)
    assert adapters.file_of("a").sha256 == file
    for wrong in (
        {**proven, "passed": False}, {**proven, "adapter_sha256": "ff"}, {**proven, "base_sha256": "ff"},
        {"passed": True}, None,
    ):  # fmt: skip
        add(adapters.folder, "a", content=b"weights", base=base, parity=wrong)
        with pytest.raises(AdapterError, match="tuned on /hub/small"):
            adapters.file_of("a")


def test_an_adapter_fits_the_model_that_is_asked_for_not_only_the_configured_one(tmp_path: Path) -> None:
    adapters = serving(tmp_path)
    add(adapters.folder, "terms-1")
    (tmp_path / "other.gguf").write_bytes(b"other weights")
    with pytest.raises(AdapterError, match="but other"):
        adapters.file_of("terms-1", "other")
    with pytest.raises(AdapterError, match="chat model none cannot be read"):
        adapters.file_of("terms-1", "none")


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    path, sums = tmp_path / "file", Checksums()
    path.write_bytes(b"one")
    assert sums.of(path) == sha256(b"one").hexdigest()
    path.write_bytes(b"another")
    assert sums.of(path) == sha256(b"another").hexdigest()


def test_a_fetched_models_digest_is_taken_from_its_manifest_while_its_size_fits(tmp_path: Path) -> None:
    path, sums = tmp_path / "model.gguf", Checksums()
    path.write_bytes(WEIGHTS)
    noted = {"files": {"model.gguf": {"sha256": "ab" * 32, "bytes": len(WEIGHTS)}}}
    (tmp_path / "konkyo.json").write_text(json.dumps(noted), "utf-8")
    assert sums.of_model(path) == "ab" * 32
    path.write_bytes(WEIGHTS + b"!")
    assert sums.of_model(path) == sha256(WEIGHTS + b"!").hexdigest()


def test_another_model_of_the_same_size_is_another_model(tmp_path: Path) -> None:
    path, sums = tmp_path / "model.gguf", Checksums()
    path.write_bytes(WEIGHTS)
    noted = {"files": {"model.gguf": {"sha256": sha256(WEIGHTS).hexdigest(), "bytes": len(WEIGHTS)}}}
    manifest = tmp_path / "konkyo.json"
    manifest.write_text(json.dumps(noted), "utf-8")
    assert sums.of_model(path) == sha256(WEIGHTS).hexdigest()
    path.write_bytes(WEIGHTS[::-1])
    later = manifest.stat().st_mtime + 5
    os.utime(path, (later, later))
    assert sums.of_model(path) == sha256(WEIGHTS[::-1]).hexdigest()
