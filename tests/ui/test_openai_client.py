"""The official client of the OpenAI API at a service on a real socket: answers, streams, rights, leaving."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import openai
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from interface_fakes import TEXT, FakeAssistant, LetterEmbedder, LightResources
from rights_world import AccountsForTests, RightsWorld
from served import served, until

from ingestion.settings import Settings
from ingestion.workspace import open_workspace
from ui.api.token import ServiceAddress
from ui.local import LocalOperations

pytestmark = pytest.mark.network
Json = dict[str, Any]
ASKED: Any = [{"role": "user", "content": "期限は？"}]
DOCUMENTS = 4
QUESTION = "What is the secret word of the paper about travel?"


def client_of(address: ServiceAddress, key: str, **more: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{address.url}/v1", api_key=key, max_retries=0, timeout=60, **more)


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> LightResources:
    return LightResources(open_workspace(tmp_path_factory.mktemp("api") / "ws", {}), Settings())


@pytest.fixture(scope="module")
def operations(resources: LightResources) -> Iterator[LocalOperations]:
    with closing(LocalOperations(resources.workspace, owns_lock=True, resources=resources)) as found:
        yield found


@pytest.fixture(scope="module")
def address(operations: LocalOperations) -> Iterator[ServiceAddress]:
    with served(operations) as found:
        yield found


@pytest.fixture
def client(address: ServiceAddress, resources: LightResources) -> Iterator[openai.OpenAI]:
    resources.fake = FakeAssistant()
    with client_of(address, address.token) as found:
        yield found


def test_an_answer_with_its_grounds_and_a_row_in_the_log(
    client: openai.OpenAI, operations: LocalOperations, resources: LightResources
) -> None:
    earlier: Any = [
        {"role": "user", "content": "パスワードの変更の期限は？"},
        {"role": "assistant", "content": "90日です。"},
    ]
    found = client.chat.completions.create(
        model="konkyo", messages=[*earlier, *ASKED], max_tokens=70, temperature=0.2
    )
    [choice] = found.choices
    more: Json = choice.message.konkyo  # type: ignore[attr-defined]
    assert choice.message.content == "90日です。" and choice.finish_reason == "stop"
    [claim] = more["claims"]
    assert claim["verdict"] == "supported" and claim["citations"][0]["quote"] == TEXT
    assert more["ignored"] == ["temperature"] and more["abstained"] is False
    [(question, turns, *_)] = resources.fake.asked
    assert question == "期限は？"
    assert [(turn.question, turn.answer, turn.hits) for turn in turns] == [
        ("パスワードの変更の期限は？", "90日です。", ())
    ]
    assert found.usage is not None  # the fake's tokens are characters, its prompt the role and the question
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (
        len("役割期限は？"),
        len("90日です。"),
    )
    entry, contents = next(resources.audit.log.entries(newest_first=True))
    assert (entry.user, entry.kind, entry.readable["max_tokens"]) == ("local", "question", 70)
    said = next(json.loads(one.text) for one in contents if one.name == "question")
    assert said["asked"] == "期限は？"
    assert said["earlier"] == [{"question": "パスワードの変更の期限は？", "answer": "90日です。"}]
    assert operations.conversations() == []


def test_a_stream_ends_with_grounds_and_usage(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="konkyo", messages=ASKED, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "90日です。"
    *_, last, usage = chunks
    assert last.choices[0].finish_reason == "stop"
    assert last.choices[0].delta.konkyo["claims"][0]["verdict"] == "supported"  # type: ignore[attr-defined]
    assert usage.usage is not None and usage.usage.total_tokens == len("役割期限は？90日です。")


@pytest.mark.parametrize("endless", [False, True])
def test_leaving_a_stream_frees_the_model(
    client: openai.OpenAI, operations: LocalOperations, resources: LightResources, endless: bool
) -> None:
    resources.fake = FakeAssistant(pause=None if endless else threading.Event(), endless=endless)
    with client.chat.completions.create(model="konkyo", messages=ASKED, stream=True) as stream:
        next(stream)
        assert until(lambda: operations.waiting == 1)
    assert resources.fake.closed.wait(60), "the generation goes on without a reader"
    assert until(lambda: operations.waiting == 0)
    entry, _contents = next(resources.audit.log.entries(newest_first=True))
    assert entry.readable["stopped"] is True


@pytest.mark.parametrize("endless", [False, True])
def test_leaving_a_whole_answer_frees_the_model_too(
    client: openai.OpenAI, operations: LocalOperations, resources: LightResources, endless: bool
) -> None:
    resources.fake = FakeAssistant(pause=None if endless else threading.Event(), endless=endless)
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=1.5).chat.completions.create(model="konkyo", messages=ASKED)
    assert resources.fake.closed.wait(60), "the generation goes on without a reader"
    assert until(lambda: operations.waiting == 0)


def test_errors_are_those_of_the_client(client: openai.OpenAI, address: ServiceAddress) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="konkyo", messages=ASKED, n=2)
    assert (refused.value.param, refused.value.code) == ("n", "unsupported_parameter")
    empty: Any = [{"role": "user", "content": " "}]
    with pytest.raises(openai.BadRequestError, match="the question is empty"):
        client.chat.completions.create(model="konkyo", messages=empty, stream=True)
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="text-embedding-3-small", input="a")
    with pytest.raises(openai.BadRequestError, match="number 1 is empty"):
        client.embeddings.create(model="konkyo", input=["a", " "])
    with pytest.raises(openai.BadRequestError, match="number 0 has 600 tokens"):
        client.embeddings.create(model="konkyo", input="a" * 600)
    with client_of(address, "wrong") as stranger, pytest.raises(openai.AuthenticationError):
        stranger.models.list()


@pytest.mark.parametrize("form", ["float", "base64"])
def test_vectors_are_those_of_the_embedder(client: openai.OpenAI, form: Any) -> None:
    texts = [f"規程 {number}" for number in range(40)]  # more than one batch
    found = client.embeddings.create(model="konkyo", input=texts, encoding_format=form)
    assert [one.index for one in found.data] == list(range(40))
    vectors = [
        np.frombuffer(base64.b64decode(str(one.embedding)), "<f4") if form == "base64" else one.embedding
        for one in found.data
    ]  # type: ignore[arg-type]
    assert np.allclose(np.array(vectors), LetterEmbedder().embed_passages(texts), atol=1e-6)
    assert found.usage.total_tokens == sum(map(len, texts))
    assert found.model == Settings().models.embedder


def test_the_models_are_listed(client: openai.OpenAI) -> None:
    assert next(model.id for model in client.models.list()) == "konkyo"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RightsWorld]:
    with closing(RightsWorld(tmp_path_factory.mktemp("rights"), DOCUMENTS)) as made:
        yield made


class People:
    """Two users with tokens, at a service over documents with rights."""

    def __init__(self, world: RightsWorld, address: ServiceAddress, files: AccountsForTests) -> None:
        self.world = world
        accounts = files.open()
        accounts.add_user("chief", role="admin")
        self.clients: dict[str, openai.OpenAI] = {}
        for name in ("ann", "bob"):
            accounts.add_user(name)
            accounts.add_group(f"of-{name}")
            accounts.put_into(f"of-{name}", users=[name])
            token = accounts.add_token(name, scopes=["ask", "search"])["token"]
            self.clients[name] = client_of(address, token)
        searching = accounts.add_token("ann", scopes=["search"])["token"]
        self.searching = client_of(address, searching)
        self.service = client_of(address, address.token, default_headers={"X-Konkyo-User": "bob"})

    def grant(self, readable: dict[str, frozenset[int]]) -> None:
        """Name → the documents that this user may read from now on."""
        self.world.grant({
            path: frozenset(f"of-{name}" for name, numbers in readable.items() if number in numbers)
            for number, paths in self.world.places.items()
            for path in paths
        })  # fmt: skip

    def secrets(self, unread: frozenset[int]) -> list[str]:
        found = []
        for number in unread:
            found += [self.world.word(number), self.world.hidden(number), f"tt{number:03d}hh"]
            found += [self.world.ids[number], *self.world.places[number]]
        return found


@pytest.fixture(scope="module")
def people(world: RightsWorld) -> Iterator[People]:
    with (
        closing(AccountsForTests(world.workspace)) as files,
        served(world.operations, files) as address,
    ):
        yield People(world, address, files)


def test_two_users_are_told_what_each_may_read(people: People, world: RightsWorld) -> None:
    people.grant({"ann": frozenset({0}), "bob": frozenset({1})})
    asked: Any = [{"role": "user", "content": QUESTION}]
    for name, own, other in (("ann", 0, 1), ("bob", 1, 0)):
        found = people.clients[name].chat.completions.create(model="konkyo", messages=asked)
        told = found.to_json()
        assert world.word(own) in (found.choices[0].message.content or "")
        assert world.ids[own] in told and not any(
            word in told for word in people.secrets(frozenset({other, 2, 3}))
        )
        entry, _contents = next(world.resources.audit.log.entries(newest_first=True))
        assert (entry.user, entry.kind) == (name, "question")
    through = people.service.chat.completions.create(model="konkyo", messages=asked)
    assert world.word(1) in (through.choices[0].message.content or "")
    with pytest.raises(openai.PermissionDeniedError, match="scope ask"):
        people.searching.chat.completions.create(model="konkyo", messages=asked)
    assert people.searching.embeddings.create(model="konkyo", input="a").data


READS = st.frozensets(st.integers(0, DOCUMENTS - 1))


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(ann=READS, bob=READS, about=st.integers(0, DOCUMENTS - 1), stream=st.booleans())
def test_nothing_is_told_of_what_may_not_be_read(
    people: People, ann: frozenset[int], bob: frozenset[int], about: int, stream: bool
) -> None:
    """Also not to one who names a document, or brings along what another one was told."""
    people.grant({"ann": ann, "bob": bob})
    world, everything = people.world, frozenset(range(DOCUMENTS))
    told_bob = people.clients["bob"].chat.completions.create(
        model="konkyo", messages=[{"role": "user", "content": QUESTION}]
    )
    brought = told_bob.choices[0].message.content or ""
    messages: Any = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": brought},
        {"role": "user", "content": "And what else does it say about travel?"},
    ]
    for scope in (None, {"documents": [world.ids[about]]}):
        found: Any = people.clients["ann"].chat.completions.create(
            model="konkyo", messages=messages, stream=stream,
            extra_body={"konkyo": {"scope": scope, "events": stream}},
        )  # fmt: skip
        told = "".join(chunk.to_json() for chunk in found) if stream else found.to_json()
        assert not [word for word in people.secrets(everything - ann) if word in told]
    assert not [word for word in people.secrets(everything - bob) if word in told_bob.to_json()]
