"""The store without a network: catalogue, import, check, advice, and the weights' format."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from pathlib import Path

import gguf
import numpy as np
import pytest

from ingestion.catalog import catalog
from ingestion.e5_weights import BLOCK, FourBit, read_packed
from ingestion.errors import ModelError
from ingestion.hardware import Gpu, available_cores, total_memory
from ingestion.model_advice import recommend
from ingestion.model_files import read_manifest, sha256_of
from ingestion.model_store import FILES_VARIABLE, ModelStore

CONTRACT_KEYS = {"name", "role", "licence", "bytes", "memory_bytes", "present", "default"}


@pytest.fixture
def chat_file(tmp_path: Path) -> Path:
    path = tmp_path / "Our Model Q4.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_license("mit")
    writer.add_context_length(2048)
    writer.add_tensor("token_embd.weight", np.ones((4, 8), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", environ={})


def test_the_catalogue_has_one_default_of_each_role_and_public_hosts_only() -> None:
    defaults = {entry.role: entry.name for entry in catalog() if entry.default}
    assert defaults == {"chat": "qwen2.5-coder-1.5b-instruct", "embedder": "multilingual-e5-small"}
    names = [entry.name for entry in catalog()]
    assert len(set(names)) == len(names)
    text = Path("ingestion/catalog.toml").read_text("utf-8")
    assert (
        "://" not in text
    )  # packages and repositories by name: hosts come from pip and the hub's own setting


def test_pinned_single_files_agree_with_their_sources() -> None:
    for entry in catalog():
        for source in entry.sources:
            for file in getattr(source, "files", ()):
                if entry.file:
                    assert (file.name, file.bytes, file.sha256) == (entry.file, entry.bytes, entry.sha256)


def test_list_has_the_keys_that_others_script_against(store: ModelStore) -> None:
    models = [model.as_json() for model in store.list()]
    assert all(model.keys() >= CONTRACT_KEYS for model in models)
    assert [model["present"] for model in models] == [False] * len(catalog())


def test_an_imported_gguf_is_read_found_and_checked(store: ModelStore, chat_file: Path) -> None:
    model = store.import_(chat_file)
    assert (model.name, model.role, model.family) == ("our-model-q4", "chat", "llama")
    assert (model.licence, model.context, model.bytes) == ("mit", 2048, chat_file.stat().st_size)
    assert store.path_of("our-model-q4").read_bytes() == chat_file.read_bytes()
    assert [check.as_json()["ok"] for check in store.check()] == [True]
    assert store.list()[-1] == model


def test_a_changed_file_is_found(store: ModelStore, chat_file: Path) -> None:
    path = store.path_of(store.import_(chat_file, "mine").name)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    (check,) = store.check()
    assert not check.ok
    assert path.name in check.detail


def test_a_name_is_taken_once(store: ModelStore, chat_file: Path) -> None:
    store.import_(chat_file, "mine")
    with pytest.raises(ModelError, match="mine is here already"):
        store.import_(chat_file, "mine")


def test_an_imported_file_of_the_catalogue_is_known_by_its_checksum(tmp_path: Path, chat_file: Path) -> None:
    known = catalog()[0].model_copy(
        update={"bytes": chat_file.stat().st_size, "sha256": sha256_of(chat_file), "file": "known.gguf"}
    )
    store = ModelStore(tmp_path / "models", entries=[known], environ={})
    assert store.import_(chat_file).name == known.name
    assert store.info(known.name).present


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a model", b"GGUF", b"GGUF\x03\x00\x00\x00junk"])
def test_other_files_are_refused_with_a_reason(store: ModelStore, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"x\.gguf"):
        store.import_(path)
    assert not (tmp_path / "models").exists()


def test_an_adapter_is_not_a_model(store: ModelStore, tmp_path: Path) -> None:
    path = tmp_path / "adapter.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ModelError, match="whole model"):
        store.import_(path)


def test_a_folder_without_modules_is_refused(store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"modules\.json"):
        store.import_(tmp_path)


def test_a_missing_chat_model_names_three_ways(store: ModelStore) -> None:
    with pytest.raises(ModelError) as caught:
        store.path_of("qwen2.5-coder-1.5b-instruct")
    for way in ("konkyo models pull qwen2.5", "konkyo models import PATH", "base_url", "copy the folder"):
        assert way in str(caught.value)


def test_an_unknown_name_lists_the_catalogue(store: ModelStore) -> None:
    with pytest.raises(ModelError, match="multilingual-e5-small"):
        store.pull("gpt-9")


def test_too_little_space_is_said_before_the_start(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(shutil.disk_usage("/"))(10**12, 10**12 - 10**8, 10**8)
    monkeypatch.setattr("ingestion.model_files.shutil.disk_usage", lambda path: usage)
    with pytest.raises(ModelError, match=r"needs 1\.4 GB, .* has 0\.1 GB free"):
        store.pull("qwen2.5-coder-1.5b-instruct")


def test_model_files_on_a_share_are_taken_without_a_download(tmp_path: Path, chat_file: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    shutil.copyfile(chat_file, share / "known.gguf")
    known = catalog()[0].model_copy(update={"sha256": sha256_of(chat_file), "file": "known.gguf", "bytes": 1})
    environ = {FILES_VARIABLE: str(share)}
    first = ModelStore(tmp_path / "models", entries=[known], environ=environ)
    assert first.pull(known.name).present
    second = ModelStore(tmp_path / "second", entries=[known], environ={FILES_VARIABLE: str(first.folder)})
    assert sha256_of(second.pull(known.name).path or Path()) == known.sha256
    assert read_manifest(second.folder / known.name) == read_manifest(first.folder / known.name)


def test_a_wrong_file_on_a_share_is_refused(tmp_path: Path, chat_file: Path) -> None:
    known = catalog()[0].model_copy(update={"sha256": "0" * 64, "file": chat_file.name, "bytes": 1})
    store = ModelStore(tmp_path / "m", entries=[known], environ={FILES_VARIABLE: str(chat_file.parent)})
    with pytest.raises(ModelError, match="expected 0000"):
        store.pull(known.name)
    assert not store.info(known.name).present


@pytest.mark.parametrize(
    ("cores", "gigabytes", "gpu", "chat"),
    [
        (2, 24, None, "qwen2.5-coder-1.5b-instruct"),
        (2, 3, None, "qwen2.5-coder-0.5b-instruct"),
        (1, 2, None, "qwen2.5-coder-0.5b-instruct"),
        (2, 24, Gpu("RTX", "cuda", 8 * 10**9), "llm-jp-4-8b-instruct"),
    ],
)
def test_advice_fits_the_machine(cores: int, gigabytes: int, gpu: Gpu | None, chat: str) -> None:
    advice = recommend(catalog(), cores=cores, memory_bytes=gigabytes * 10**9, gpu=gpu).as_json()
    assert advice["chat"]["name"] == chat
    assert advice["embedder"]["name"] == ("ruri-v3-130m" if gpu else "multilingual-e5-small")


def test_a_bigger_machine_gets_a_bigger_model_that_fits() -> None:
    sizes = {entry.name: entry.memory_bytes for entry in catalog()}
    chosen = [
        sizes[recommend(catalog(), cores=cores, memory_bytes=32 * 10**9).chat.name] for cores in (2, 4, 8, 16)
    ]
    assert chosen == sorted(chosen)
    assert chosen[-1] > chosen[0]


@pytest.mark.parametrize(("text", "cores"), [("max 100000", None), ("150000 100000", 1), ("50000 100000", 1)])
def test_cores_respect_the_quota_of_a_container(tmp_path: Path, text: str, cores: int | None) -> None:
    (tmp_path / "cpu.max").write_text(text + "\n")
    (tmp_path / "memory.max").write_text("123456789\n")
    assert available_cores(tmp_path) == (cores or available_cores(tmp_path / "absent"))
    assert total_memory(tmp_path) == 123456789


def packed_file(path: Path, rows: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """A file with one 4-bit table and one float table; returns their values, computed one by one."""
    generator = np.random.default_rng(3)
    nibbles = generator.integers(0, 16, (rows, BLOCK))
    scales = generator.random(rows).astype(np.float16)
    body = b""
    for row in range(rows):
        body += scales[row].tobytes()
        body += bytes(int(nibbles[row, j]) | int(nibbles[row, j + 16]) << 4 for j in range(16))
    floats = generator.random((2, BLOCK)).astype(np.float32)
    head = b"E5S1" + struct.pack("<I7ifi", 1, BLOCK, 0, 1, BLOCK, rows, 2, 1, 1e-12, BLOCK)
    tokenizer = (
        struct.pack("<i4iQ", 1, 0, 2, 1, 3, 2) + bytes(8) + bytes(4) + b"ab" + struct.pack("<iI", 0, 0)
    )
    names = [(b"emb.word", 1, rows * BLOCK, len(body)), (b"emb.pos", 0, 2 * BLOCK, floats.nbytes)]
    size = 4 + sum(2 + len(name) + 1 + 4 + 16 for name, *_ in names)
    offset = len(head) + len(tokenizer) + size
    directory = struct.pack("<i", len(names))
    for name, kind, count, length in names:
        directory += struct.pack(f"<H{len(name)}sBIQQ", len(name), name, kind, count, offset, length)
        offset += length
    path.write_bytes(head + tokenizer + directory + body + floats.tobytes())
    values = [[float(scales[row]) * (int(n) - 8) for n in nibbles[row]] for row in range(rows)]
    return np.array(values, np.float32), floats


def test_packed_weights_are_read_value_by_value(tmp_path: Path) -> None:
    words, positions = packed_file(tmp_path / "packed.bin")
    encoder = read_packed(tmp_path / "packed.bin")
    assert encoder.shape.epsilon == 1e-12
    assert isinstance(encoder.tensors["embeddings.word_embeddings.weight"], FourBit)
    np.testing.assert_array_equal(encoder.dense("embeddings.word_embeddings.weight"), words)
    np.testing.assert_array_equal(encoder.dense("embeddings.position_embeddings.weight"), positions)


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    path = tmp_path / "packed.bin"
    packed_file(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ModelError, match=r"packed\.bin is damaged"):
        read_packed(path)
    path.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelError, match="not a packed E5 encoder"):
        read_packed(path)


def test_a_manifest_notes_each_file(store: ModelStore, chat_file: Path) -> None:
    store.import_(chat_file, "mine")
    manifest = json.loads((store.folder / "mine/konkyo.json").read_text("utf-8"))
    digest = hashlib.sha256(chat_file.read_bytes()).hexdigest()
    assert manifest["files"] == {chat_file.name: {"sha256": digest, "bytes": chat_file.stat().st_size}}
