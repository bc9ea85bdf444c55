"""Who may do what: the tables are complete, and the service lets nobody do more than they say."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from interface_fakes import FakeOperations
from rights_world import PASSWORD, AccountsForTests, RightsWorld

from assistant.accounts.roles import LOCAL, ROLES, Actor
from assistant.adapters import Manifest
from assistant.errors import AccessRefusedError, AccountError
from ingestion.documents import LOCAL_USER, User
from ingestion.settings import Settings
from ingestion.workspace import Workspace, open_workspace
from ui.access import NEEDS, acting, require
from ui.account_files import AccountFiles
from ui.api.acting import Gate, of_request
from ui.api.guard import Guard, allowed_hosts
from ui.api.route_table import METRICS, PUBLIC, ROUTES, SERVICE, TOOLS
from ui.api.service import create_app
from ui.api.serving import refuse_strangers
from ui.local import LocalOperations
from ui.operations import Operations
from ui.personal_resources import PersonalResources
from ui.resources import Resources

Json = dict[str, Any]
TOKEN = "the-token-of-service-json"
HOST = "http://127.0.0.1:8000"


class FakeLocal(FakeOperations):
    """Operations of whoever asks; remembers for whom."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[User, bool]] = []
        self.streams["served_models"] = list

    def seen_by(self, user: User, *, everything: bool = False, **more: object) -> FakeLocal:
        self.seen.append((user, everything))
        return self


def routes_of(accounts: AccountFiles) -> dict[tuple[str, str], Any]:
    app = create_app(of_request(), workspace="/ws", shut_down=lambda: None, accounts=accounts)
    found: dict[tuple[str, str], Any] = {}
    routes = list(app.routes)
    while routes:
        route: Any = routes.pop()
        if (inner := getattr(route, "original_router", None)) is not None:
            routes += inner.routes
            continue
        for method in set(getattr(route, "methods", ())) - {"HEAD"}:
            found[method, route.path] = route
    return found


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "ws", {})


@pytest.fixture
def files(workspace: Workspace) -> Iterator[AccountsForTests]:
    with closing(AccountsForTests(workspace)) as found:
        yield found


@pytest.fixture
def people(files: AccountsForTests) -> AccountsForTests:
    accounts = files.open()
    accounts.add_user("admin1", role="admin", password=PASSWORD)
    for role in ROLES[:-1]:
        accounts.add_user(f"{role}1", role=role, password=PASSWORD)
    return files


@pytest.fixture
def operations() -> FakeLocal:
    return FakeLocal()


def web_of(operations: Any, files: AccountFiles) -> TestClient:
    app = create_app(of_request(), workspace="/ws", shut_down=lambda: None, accounts=files)
    guard = Guard(app, token=TOKEN, hosts=allowed_hosts("127.0.0.1"), gate=Gate(operations, files))
    return TestClient(guard, base_url=HOST)


@pytest.fixture
def web(operations: FakeLocal, people: AccountsForTests) -> Iterator[TestClient]:
    with web_of(operations, people) as client:
        yield client


def bearer(secret: str, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}", **more}


def signed_in(web: TestClient, name: str) -> dict[str, str]:
    answer = web.post("/session", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return bearer(answer.json()["token"])


def test_every_route_has_a_line_and_every_line_a_route(files: AccountFiles) -> None:
    assert set(routes_of(files)) == set(ROUTES)
    assert set(ROUTES.values()) - {PUBLIC, SERVICE, METRICS, TOOLS} == set(NEEDS)


def test_every_operation_is_in_the_table() -> None:
    named = {
        name
        for name, value in inspect.getmembers(Operations)
        if inspect.isfunction(value) and not name.startswith("_")
    }
    assert named - {"close"} == set(NEEDS)


def test_each_route_does_what_its_line_says(files: AccountFiles) -> None:
    """The operation that the source of the endpoint calls is the one of the table."""
    for key, route in routes_of(files).items():
        if ROUTES[key].startswith("("):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(route.endpoint)))
        called = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "operations"
        }
        assert called == {ROUTES[key]}, key


def test_the_view_of_one_user_leaves_nothing_to_all() -> None:
    public = {name for name in vars(Resources) if not name.startswith("_")}
    assert public <= set(vars(PersonalResources))


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_what_the_table_says_and_no_more(
    web: TestClient, operations: FakeLocal, role: str
) -> None:
    mine = signed_in(web, f"{role}1")
    for (method, path), does in ROUTES.items():
        if does in (PUBLIC, TOOLS):
            continue
        plain = path.replace("{", "").replace("}", "")
        operations.calls.clear()
        answer = web.request(method, plain, headers=mine)
        need = NEEDS.get(does)
        if does == METRICS:
            allowed = role == "admin"
        else:
            allowed = need is not None and ROLES.index(need.role) <= ROLES.index(role)  # type: ignore[arg-type]
        assert (answer.status_code != 403) is allowed, (method, path, answer.text)
        assert answer.status_code != 401
        if not allowed:
            assert operations.calls == []
            assert answer.json()["error"] == {
                "kind": "AccessRefusedError", "message": answer.json()["error"]["message"], "refused": True,
            }  # fmt: skip


@pytest.mark.parametrize("headers", [{}, bearer(""), bearer("wrong"), {"authorization": "Basic YTpi"}])
def test_without_a_name_only_the_probes_answer(
    web: TestClient, operations: FakeLocal, headers: dict[str, str]
) -> None:
    for (method, path), does in ROUTES.items():
        if does != PUBLIC:
            answer = web.request(method, path.replace("{", "").replace("}", ""), headers=headers)
            assert answer.status_code == 401, (method, path)
    assert operations.calls == []
    assert web.get("/health", headers=headers).json() == {"ok": True}


def test_the_services_token_alone_acts_for_nobody_once_there_are_accounts(
    web: TestClient, operations: FakeLocal
) -> None:
    answer = web.get("/documents", headers=bearer(TOKEN))
    assert answer.status_code == 401
    assert "--user NAME" in answer.json()["error"]["message"]
    named = web.get("/documents", headers=bearer(TOKEN, **{"x-konkyo-user": "reader1"}))
    assert named.status_code == 200
    assert [user.name for user, _ in operations.seen] == ["reader1"]
    unknown = web.get("/documents", headers=bearer(TOKEN, **{"x-konkyo-user": "nobody"}))
    assert unknown.status_code == 401
    assert web.get("/health", headers=bearer(TOKEN)).json()["workspace"] == "/ws"


def test_head_tells_no_more_than_get(web: TestClient, operations: FakeLocal) -> None:
    mine = signed_in(web, "reader1")
    assert web.head("/openapi.json").status_code == 401
    assert web.head("/openapi.json", headers=mine).status_code == 403
    assert web.head("/openapi.json", headers=bearer(TOKEN)).status_code == 200
    for (method, path), does in ROUTES.items():
        if method == "GET" and does != PUBLIC and does not in NEEDS:
            assert web.head(path, headers=mine).status_code == 403
    assert operations.calls == []


def test_nobody_has_the_service_keep_long_bodies_before_signing_in(web: TestClient) -> None:
    body = json.dumps({"name": "reader1", "password": PASSWORD}).encode()
    kind = {"content-type": "application/json"}
    assert web.post("/session", content=body + b" " * 60_000, headers=kind).status_code == 200
    for content in (body + b" " * 65_536, iter([body])):  # the other one does not say how long it is
        answer = web.post("/session", content=content, headers=kind)
        assert (answer.status_code, answer.json()["error"]["kind"]) == (413, "ServiceError")
    here = bearer(TOKEN) | kind
    assert web.post("/session", content=body + b" " * 65_536, headers=here).status_code == 200


def test_who_has_a_session_cannot_choose_another_name(web: TestClient, operations: FakeLocal) -> None:
    mine = signed_in(web, "reader1") | {"x-konkyo-user": "admin1"}
    assert web.get("/documents", headers=mine).status_code == 200
    assert [user.name for user, _ in operations.seen] == ["reader1"]
    assert web.get("/audit", headers=mine).status_code == 403


def test_a_session_ends_with_the_sign_out(web: TestClient) -> None:
    mine = signed_in(web, "reader1")
    assert web.get("/session", headers=mine).json()["user"] == "reader1"
    assert web.delete("/session", headers=mine).json() == {"done": True}
    for path in ("/session", "/documents"):
        assert web.get(path, headers=mine).status_code == 401


def test_a_wrong_password_and_too_many_of_them(web: TestClient) -> None:
    for _ in range(10):
        answer = web.post("/session", json={"name": "reader1", "password": "wrong"})
        assert (answer.status_code, answer.json()["error"]["kind"]) == (401, "SignInError")
    answer = web.post("/session", json={"name": "reader1", "password": PASSWORD})
    assert (answer.status_code, answer.json()["error"]["kind"]) == (429, "SignInLimitError")
    assert PASSWORD not in answer.text


def test_the_page_says_where_people_sit_and_others_cannot(web: TestClient, people: AccountsForTests) -> None:
    where = {"x-konkyo-address": "10.0.0.7"}
    for headers in (bearer(TOKEN) | where, where):
        web.post("/session", json={"name": "nobody", "password": "wrong"}, headers=headers)
    with people.open()._engine.connect() as connection:
        addresses = connection.exec_driver_sql("SELECT address FROM attempts ORDER BY id").scalars().all()
    assert addresses == ["10.0.0.7", "testclient"]


def test_a_token_does_no_more_than_its_scopes(web: TestClient, people: AccountsForTests) -> None:
    made = people.open().add_token("admin1", scopes=["search"])
    assert web.get("/documents", headers=bearer(made["token"])).status_code == 200
    for method, path in (("POST", "/ask"), ("GET", "/audit"), ("GET", "/conversations"), ("GET", "/metrics")):
        refused = web.request(method, path, headers=bearer(made["token"]))
        assert refused.status_code == 403
        assert "scope" in refused.json()["error"]["message"]


def test_the_name_of_who_acts_is_not_for_the_caller_to_say(web: TestClient, operations: FakeLocal) -> None:
    class Reviewing(FakeLocal):
        def review_examples(self, decisions: list[Json], *, by: str) -> Json:
            return {"by": by}

    found = acting(Reviewing(), Actor(User("ann", frozenset()), "trainer"))  # type: ignore[arg-type]
    assert found.review_examples([], by="the boss") == {"by": "ann"}


def test_an_operation_that_is_in_no_table_is_refused() -> None:
    with pytest.raises(AccessRefusedError):
        require(Actor(User("root", None), "admin"), "something_new")


def test_without_accounts_all_is_as_ever(operations: FakeLocal, files: AccountsForTests) -> None:
    with web_of(operations, files) as web:
        assert web.get("/documents", headers=bearer(TOKEN)).json()["name"] == "documents"
        assert web.get("/audit", headers=bearer(TOKEN)).status_code == 200
        assert web.get("/documents", headers=bearer("kks_x")).status_code == 401
        assert web.post("/session", json={"name": "a", "password": "b"}).status_code == 401
        assert web.get("/session").json() == {"accounts": False, "user": None}
        named = web.get("/documents", headers=bearer(TOKEN, **{"x-konkyo-user": "ann"}))
        assert named.status_code == 401
    assert not files._workspace.accounts_path.exists()
    assert operations.seen == []
    assert acting(operations, LOCAL) is operations  # type: ignore[arg-type]


def test_the_first_account_counts_at_the_next_request(
    operations: FakeLocal, files: AccountsForTests, workspace: Workspace
) -> None:
    with web_of(operations, files) as web:
        assert web.get("/documents", headers=bearer(TOKEN)).status_code == 200
        with closing(AccountsForTests(workspace)) as others:
            others.open().add_user("chief", role="admin", password=PASSWORD)
        assert web.get("/documents", headers=bearer(TOKEN)).status_code == 401
        assert web.get("/documents", headers=signed_in(web, "chief")).status_code == 200


def test_accounts_that_cannot_be_read_let_nobody_in(operations: FakeLocal, files: AccountsForTests) -> None:
    files._workspace.accounts_path.write_bytes(b"damaged" * 1000)
    with web_of(operations, files) as web:
        here, stranger = (web.get("/documents", headers=bearer(secret)) for secret in (TOKEN, "x"))
        body = {"name": "a", "password": "b"}
        asked = [
            web.get("/session"), web.get("/session", headers=bearer("x")), web.delete("/session"),
            web.post("/session", json=body),
        ]  # fmt: skip
        assert web.get("/session", headers=bearer(TOKEN)).status_code == 400
    assert (here.status_code, stranger.status_code) == (503, 503)
    assert "Restore it from a backup" in here.text
    assert str(files._workspace.root) not in stranger.text
    for answer in asked:
        assert (answer.status_code, answer.json()["error"]["kind"]) == (401, "SignInError")
        assert "accounts.db" not in answer.text
    assert operations.calls == []


def test_nobody_else_reaches_a_service_without_accounts(files: AccountsForTests) -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        refuse_strangers(host, files)
    for host in ("0.0.0.0", "::", "10.0.0.5", "server.example"):
        with pytest.raises(AccessRefusedError, match="konkyo users add"):
            refuse_strangers(host, files)
    files.open().add_user("chief", role="admin", password=PASSWORD)
    refuse_strangers("0.0.0.0", files)


def test_on_the_command_line_a_name_is_needed_where_there_are_accounts(files: AccountsForTests) -> None:
    assert files.actor(None) == LOCAL
    with pytest.raises(AccountError, match="no accounts here"):
        files.actor("ann")
    files.open().add_user("chief", role="admin")
    with pytest.raises(AccountError, match="--user NAME"):
        files.actor(None)
    assert files.actor("chief").user == User("chief", None)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RightsWorld]:
    with closing(RightsWorld(tmp_path_factory.mktemp("two"), 4)) as made:
        yield made


def test_two_people_over_http_see_what_each_may_read(world: RightsWorld) -> None:
    world.grant({place: frozenset({"hr"}) for place in world.places[0]})
    world.grant({place: frozenset({"it"}) for place in world.places[1]})
    with closing(AccountsForTests(world.workspace)) as files:
        accounts = files.open()
        accounts.add_user("chief", role="admin", password=PASSWORD)
        for user, group in (("hana", "hr"), ("ito", "it")):
            accounts.add_user(user, password=PASSWORD)
            accounts.add_group(group)
            accounts.put_into(group, users=[user])
        with web_of(world.operations, files) as web:
            hana, ito, chief = (signed_in(web, name) for name in ("hana", "ito", "chief"))

            def ids(headers: dict[str, str]) -> set[str]:
                return {one["id"] for one in web.get("/documents", headers=headers).json()}

            def found(headers: dict[str, str]) -> set[str]:
                body = {"query": "secret word", "top_k": 50}
                return {one["document"] for one in web.post("/search", json=body, headers=headers).json()}

            assert ids(hana) == found(hana) == {world.ids[0]}
            assert ids(ito) == found(ito) == {world.ids[1]}
            assert ids(chief) == found(chief) == set(world.ids.values())
            key = web.post("/conversations", json={"title": "mine"}, headers=hana).json()["id"]
            asked = web.post("/ask", json={"question": "secret word?", "conversation": key}, headers=hana)
            assert world.hidden(0) in asked.text
            assert world.hidden(1) not in asked.text
            for headers in (ito, chief):  # conversations are private, also to admins
                assert web.get(f"/conversations/{key}", headers=headers).status_code == 404
                assert web.get("/conversations", headers=headers).json() == []
            kept = web.get(f"/conversations/{key}", headers=hana)
            assert world.hidden(0) in kept.text
            accounts.take_out("hr", users=["hana"])  # counts at the next question
            assert ids(hana) == found(hana) == set()
            for path in (f"/conversations/{key}", "/conversations"):
                told = web.get(path, headers=hana).text
                assert world.hidden(0) not in told
                assert world.ids[0] not in told
            rows = list(world.resources.audit.log.entries())
            assert "hana" in {row.user for row, _ in rows if row.kind == "question"}
            assert LOCAL_USER.name not in {row.user for row, _ in rows if row.kind == "question"}


def test_feedback_is_shown_to_who_gave_it_and_to_trainers(world: RightsWorld) -> None:
    world.grant({place: frozenset({"hr"}) for place in world.places[0]})
    operations: LocalOperations = world.operations
    ann, bob, tom = (
        acting(operations, Actor(User(name, groups), role))
        for name, groups, role in (
            ("ann", frozenset({"hr"}), "reader"),
            ("bob", frozenset({"hr"}), "reader"),
            ("tom", frozenset[str](), "trainer"),
        )
    )
    key = str(ann.new_conversation(title="t")["id"])
    operations.resources.records.seen_by("ann").append_turn(key, "Which?", world.kept_answer([0]))
    message = ann.conversation(key)["messages"][1]["id"]
    ann.give_feedback(key, message, rating="up")
    assert [(one["user"], one["rating"]) for one in ann.feedback()] == [("ann", "up")]
    assert bob.feedback() == []
    assert len(tom.feedback()) == 1
    with pytest.raises(Exception, match="has no answer"):
        bob.give_feedback(key, message, rating="down")
    assert world.hidden(0) in json.dumps(tom.feedback())  # it is what examples are made of


def test_a_reader_is_not_told_which_unreadable_documents_there_are(world: RightsWorld) -> None:
    """Neither by the lineage of an adapter, nor by folders that the settings name."""
    world.grant({place: frozenset({"hr"}) for place in world.places[0]})
    world.grant({place: frozenset({"it"}) for place in world.places[1]})
    reader = acting(world.operations, Actor(User("hana", frozenset({"hr"})), "reader"))
    chief = acting(world.operations, Actor(User("chief", None), "admin"))
    data = {"hash": "1" * 64, "documents": [world.ids[0], world.ids[1]]}
    world.resources.adapters.folder.write(
        Manifest("taught", "2026-01-01T00:00:00+00:00", {"model": "m"}, "sft", {}, "run", data, 0, {})
    )
    assert reader.adapters()[0]["lineage"]["documents"] == [world.ids[0]]
    assert chief.adapters()[0]["lineage"]["documents"] == [world.ids[0], world.ids[1]]


def test_a_reader_is_not_told_which_folders_the_settings_name(
    world: RightsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {
        "screening": {"folders": {"/srv/layoffs": {"personal": "mask"}}},
        "ingestion": {"ocr_folders": {"/srv/board": "always"}},
        "sources": {"mergers": {"kind": "folder", "path": "/srv/mergers"}},
    }
    monkeypatch.setattr(world.resources, "settings", Settings.model_validate(named))
    reader, chief = (
        acting(world.operations, Actor(User(name, groups), role))
        for name, groups, role in (("hana", frozenset({"hr"}), "reader"), ("chief", None, "admin"))
    )
    for word in ("layoffs", "board", "mergers"):
        assert word not in json.dumps(reader.settings())
        assert word in json.dumps(chief.settings())


def test_what_is_said_beside_an_answer_names_no_document_that_has_gone(tmp_path: Path) -> None:
    """Who might read it now is not known any more; admins read everything."""
    with closing(RightsWorld(tmp_path, 1)) as own:
        own.grant({place: frozenset({"hr"}) for place in own.places[0]})
        stored = own.operations.resources.library.document(own.ids[0], LOCAL_USER)
        assert stored is not None
        named = {
            "warnings": [f"{stored.title} is not in force any more."],
            "ask_whom": [{"owner": "x", "documents": [{"document": stored.id, "title": stored.title}]}],
        }
        keys = {}
        for name, groups in (("hana", frozenset({"hr"})), ("chief", None)):
            one = acting(own.operations, Actor(User(name, groups), "reader"))
            keys[one] = str(one.new_conversation(title="t")["id"])
            records = own.operations.resources.records.seen_by(name)
            records.append_turn(keys[one], "Which?", own.kept_answer([0]) | named)
        hana, chief = keys
        assert json.dumps(hana.conversation(keys[hana])).count(stored.title) > 2
        own.operations.remove_document(own.ids[0])
        told = json.dumps(hana.conversation(keys[hana]))
        assert stored.title not in told and own.ids[0] not in told
        assert stored.title in json.dumps(chief.conversation(keys[chief]))
