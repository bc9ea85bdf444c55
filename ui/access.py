"""Who may do what: one table of operations, and the operations as one user may use them.

A role may do what it is given and all that the roles before it may; a token only what its scopes name. What
shows documents is filtered by what its user may read. What cannot be filtered, because it is about the whole
library (training, evaluations), is for trainers and admins, and is marked `whole`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from assistant.accounts.roles import LOCAL, ROLES, Actor, Role, TokenScope
from assistant.errors import AccessRefusedError

if TYPE_CHECKING:
    from ui.local import LocalOperations
    from ui.operations import Operations


@dataclass(frozen=True, slots=True)
class Need:
    """What an operation needs. `whole`: trainers and admins are shown all that there is."""

    role: Role
    scope: TokenScope
    whole: bool = False


def _table(needs: Mapping[Need, str]) -> Mapping[str, Need]:
    return {name: need for need, names in needs.items() for name in names.split()}


NEEDS: Mapping[str, Need] = _table({
    Need("reader", "search"):
        "status models settings search documents document boxes page_image page_size original figure_image "
        "sources failures versions dictionary compare findings syncs publication adapters "
        "screening served_models embed",
    Need("reader", "ask"):
        "ask perform conversations conversation new_conversation rename_conversation delete_conversation "
        "give_feedback take_back_feedback choose_adapter",
    Need("reader", "ask", whole=True): "feedback",
    Need("reader", "search", whole=True): "job",
    Need("editor", "edit"):
        "verified verified_answer add_verified confirm_verified remove_verified rule_version put_word "
        "remove_word save_dictionary release withdraw_release",
    Need("trainer", "train", whole=True):
        "evaluation_reports evaluation_report remove_report compare_reports made_questions make_questions "
        "review_question edit_question question_set examples example example_counts review_examples "
        "edit_example assign_examples remove_examples build_examples start_build_examples import_examples "
        "export_examples taught adapter publish_adapter roll_back_adapter adapter_trial remove_adapter "
        "recipes estimate_training start_training training_runs training_run stop_training resume_training "
        "start_adapter_step gate_report",
    Need("admin", "admin"):
        "ingest start_ingest cancel_ingest upload remove_document index_check index_rebuild index_reembed "
        "sync start_sync forget_source preview retry_failures ignore_failure monitoring audit_verify "
        "audit_list audit_replay audit_export audit_erase",
})  # fmt: skip
"""By the name of the operation. One that is not here is refused to everybody who comes with a name."""
_SAID_BY = ("by", "editor")
"""Arguments that say who acts: with accounts it is known, and what is given does not count."""

_SAID_OF_OTHERS = ("audit_erase",)
"""Here `by` is who asked for it, and not who does it."""


def require(actor: Actor, operation: str) -> Need:
    """What the operation needs, when the actor has it.

    Raises:
        AccessRefusedError: the actor's role or token does not allow it.
    """
    need = NEEDS.get(operation)
    if need is None or ROLES.index(actor.role) < ROLES.index(need.role):
        wanted = "admin" if need is None else need.role
        raise AccessRefusedError(f"{actor.user.name} may not do this: it needs the role {wanted}.")
    if not actor.may(need.role, need.scope):
        raise AccessRefusedError(
            f"the token of {actor.user.name} may not do this: it needs the scope {need.scope}."
        )
    return need


def acting(
    operations: LocalOperations, actor: Actor, renewed: Callable[[], Actor] | None = None
) -> Operations:
    """The operations as `actor` may use them; all of them as long as there are no accounts.

    `renewed` reads the actor anew: an answer takes so long that rights may have changed before it is whole.
    """
    if actor == LOCAL:
        return operations
    return cast("Operations", _Acting(operations, actor, renewed))


class _Acting:
    """Looks an operation up in the table before it is done, and does it in the name of the actor."""

    def __init__(
        self, operations: LocalOperations, actor: Actor, renewed: Callable[[], Actor] | None
    ) -> None:
        self._operations = operations
        self._renewed = renewed
        self._actor = actor

    def close(self) -> None:
        """Close the operations that stand behind this."""
        self._operations.close()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        actor = self._actor
        need = require(actor, name)
        everything = need.whole and ROLES.index(actor.role) >= ROLES.index("trainer")
        renewed = self._renewed
        seen = self._operations.seen_by(
            actor.user, everything=everything,
            tests_models=ROLES.index(actor.role) >= ROLES.index("trainer"),
            renewed=None if renewed is None else lambda: renewed().user,
        )  # fmt: skip
        method = getattr(seen, name)
        return method if name in _SAID_OF_OTHERS else _said_by(method, actor.user.name)


def _said_by(method: Callable[..., Any], user: str) -> Callable[..., Any]:
    """`method`, in which whoever acts is the user, whatever the caller says."""
    signature = inspect.signature(method)
    names = [name for name in _SAID_BY if name in signature.parameters]
    if not names:
        return method

    @functools.wraps(method)
    def done(*arguments: Any, **named: Any) -> Any:
        given = signature.bind_partial(*arguments, **named)
        given.arguments.update(dict.fromkeys(names, user))
        return method(*given.args, **given.kwargs)

    return done
