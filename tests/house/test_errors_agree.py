"""One error table: the tree, the service's table, and contract/errors.json say the same."""

from __future__ import annotations

import json

from menjin import errors
from menjin.errors import MenjinError
from menjin.problems import TABLE
from support.openapi_contract import CONTRACT, ROOT

OF_HTTP_ALONE = {"not_found", "method_not_allowed", "internal_error"}
AT_START_ALONE = {"configuration_invalid"}
ROOTS = {"CallerError", "AccountError", "WeChatError", "TransportError", "StoreError", "MenjinError"}


def tree(root: type[MenjinError] = MenjinError) -> set[type[MenjinError]]:
    """Return every class of the tree that menjin itself defines."""
    below = {leaf for child in root.__subclasses__() for leaf in tree(child)}
    return {kind for kind in {root, *below} if kind.__module__.startswith("menjin.")}


def test_every_code_of_the_tree_is_in_the_table_with_its_action() -> None:
    """An error can always become a problem, and library and service name the same action."""
    for kind in tree():
        if kind.code in AT_START_ALONE:
            continue
        assert kind.code in TABLE, kind
        if kind.__name__ not in ROOTS:
            assert TABLE[kind.code].action == kind.action, kind


def test_every_code_of_the_table_is_reachable() -> None:
    """Nothing stands in the table that neither the tree nor HTTP itself can say."""
    assert set(TABLE) == ({kind.code for kind in tree()} - AT_START_ALONE) | OF_HTTP_ALONE


def test_errors_json_says_the_same() -> None:
    """contract/errors.json has each code with status, action and both titles."""
    written = json.loads((ROOT / "contract" / "errors.json").read_text("utf-8"))["errors"]
    table = {
        code: {"status": entry.status, "action": entry.action, "title": {"zh": entry.zh, "en": entry.en}}
        for code, entry in TABLE.items()
    }
    assert written == table


def test_titles_are_sentences_of_two_languages() -> None:
    """Each title differs by language, and none is told twice for two codes."""
    for entry in TABLE.values():
        assert entry.en.isascii()
        assert not entry.zh.isascii()
    assert len({entry.en for entry in TABLE.values()}) == len({entry.zh for entry in TABLE.values()}) == len(TABLE)


def test_actions_and_statuses_are_those_of_the_contract() -> None:
    """The contract's list of actions is the table's; a code's status is documented somewhere."""
    actions = set(CONTRACT["components"]["schemas"]["Problem"]["properties"]["action"]["enum"])
    assert {entry.action for entry in TABLE.values()} <= actions
    documented = {
        int(status)
        for path in CONTRACT["paths"].values()
        for operation in path.values()
        for status in operation["responses"]
    }
    assert {entry.status for code, entry in TABLE.items() if code not in OF_HTTP_ALONE} <= documented


def test_the_drawing_names_every_error() -> None:
    """The tree drawn in the module's docstring has every class in it."""
    drawing = errors.__doc__ or ""
    assert {kind.__name__ for kind in tree() if kind.__name__ not in drawing} == set()
