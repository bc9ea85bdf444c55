from __future__ import annotations

import re
from pathlib import Path

import pytest

from training.errors import RecipeError
from training.tuning.recipes import BUILT_IN, Recipe, find_recipe, parse_recipe, recipe_keys

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_recipes_of_the_program_are_valid_and_differ(name: str) -> None:
    stem, text = find_recipe(name)
    assert stem == name and parse_recipe(text, name) != Recipe()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_field_is_documented_with_its_default(language: str) -> None:
    page = (DOCS / language / "tuning.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| `([^`]*)` \|", page, re.MULTILINE))
    expected = {}
    for key in recipe_keys():
        section, field = key.split(".")
        value = getattr(getattr(Recipe(), section), field)
        shown = ", ".join(value) if isinstance(value, tuple) else value
        expected[key] = str(shown).lower() if isinstance(value, bool) else f"{shown:g}" if isinstance(
            value, float) else str(shown) or '""'  # fmt: skip
    assert rows == expected


def test_a_file_of_ones_own_and_its_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[lora]\nrank = 3\n", "utf-8-sig")
    stem, text = find_recipe(str(path))
    assert stem == "mine" and parse_recipe(text, "mine").lora.rank == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[lora]\nrnak = 3", "x: unknown key lora.rnak. Did you mean lora.rank?"),
        ("[lor]\nrank = 3", "x: unknown key lor. Did you mean lora?"),
        ("[training]\nepochs = 0", "x: training.epochs = 0"),
        ("[training]\nmethod = 'grpo'", "x: training.method = 'grpo'"),
        ("[training]\nmethod = 'continued'\n[data]\nmax_tokens = 64", "data.block_tokens = 512 is more"),
        ("[training", "x is not valid TOML"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(said)):
        parse_recipe(text, "x")


def test_no_such_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="smoke, cpu, gpu"):
        find_recipe("fast")
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RecipeError, match="UTF-8"):
        find_recipe(str(tmp_path / "a.toml"))


def test_the_rate_suits_the_method() -> None:
    rates = [parse_recipe(f"[training]\nmethod = '{name}'", "x").training.learning_rate for name in
             ("sft", "continued", "dpo")]  # fmt: skip
    assert rates == [1e-4, 1e-4, 1e-5]
    assert parse_recipe("[training]\nrate = 3e-4", "x").training.learning_rate == 3e-4
