from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.answers import Language
from assistant.errors import PromptFileError
from assistant.prompting import beginning, build_messages
from assistant.task_prompts import (
    LANGUAGES,
    TASKS,
    Task,
    TaskPrompts,
    default_prompt,
    default_text,
    parse_prompt,
)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_task_has_a_prompt_in_each_language(task: Task, language: Language) -> None:
    prompt = default_prompt(task, language)
    japanese = any("\u3040" <= char <= "\u30ff" for char in prompt.system)
    assert japanese == (language == "ja")
    assert bool(prompt.request_whole) == (task == "summarise")


def test_a_copy_in_the_workspace_takes_effect_when_it_changes_and_ends_with_its_removal(
    tmp_path: Path,
) -> None:
    prompts = TaskPrompts(tmp_path)
    assert prompts.get("answer", "ja") == default_prompt("answer", "ja")
    own = prompts.own_file("answer", "ja")
    assert own is not None and not prompts.is_own("answer", "ja")
    own.write_text(default_text("answer", "ja").replace("案内係", "総務の先輩"), "utf-8")
    assert "総務の先輩" in prompts.get("answer", "ja").system
    own.write_text(default_text("answer", "ja").replace("案内係", "名人"), "utf-8")
    os.utime(own, ns=(1, 1))
    assert "名人" in prompts.get("answer", "ja").system
    own.unlink()
    assert prompts.get("answer", "ja") == default_prompt("answer", "ja")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("request =", "requests =", "unknown key requests. Did you mean request?"),
        ("{question}", "", "request: {question} is missing"),
        ("{question}", "{question} {user}", "request: unknown field {user}"),
        ("{question}", "{question.__class__}", "unknown field {question.__class__}"),
        ("{question}", "{question} {", "request: a brace is not closed"),
        ("role =", "temperature = 3\nrole =", "temperature: Input should be less than or equal to 2"),
        ("role =", "role = \n", "is not valid TOML"),
        ('role = "あなたは社内文書の案内係です。"', "", "the key role is missing"),
        ("request =", 'examples = [{question = "q"}]\nrequest =', "the key examples.0.reply is missing"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(old: str, new: str, said: str) -> None:
    with pytest.raises(PromptFileError) as caught:
        parse_prompt(default_text("answer", "ja").replace(old, new, 1), "answer", "prompts/answer.ja.toml")
    assert str(caught.value).startswith("prompts/answer.ja.toml") and said in str(caught.value)


def test_a_file_that_is_no_utf8_and_files_of_no_task_are_named(tmp_path: Path) -> None:
    (tmp_path / "answer.ja.toml").write_bytes("役割".encode("cp932"))
    (tmp_path / "anser.ja.toml").write_text("", "utf-8")
    prompts = TaskPrompts(tmp_path)
    with pytest.raises(PromptFileError, match=r"answer\.ja\.toml cannot be read as UTF-8"):
        prompts.get("answer", "ja")
    assert [path.name for path in prompts.strange_files()] == ["anser.ja.toml"]


def test_examples_stand_before_the_question_as_turns_and_braces_in_questions_are_data() -> None:
    example = (
        '\n[[examples]]\nsources = "[1] 規程\\n上限は5円。"\nquestion = "上限は？"\nreply = "5円です。[1]"\n'
    )
    prompt = parse_prompt(default_text("answer", "ja") + example, "answer", "x")
    messages, _ = build_messages("{role} とは？", (), "ja", prompt=prompt)
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[1].content == "【資料】\n[1] 規程\n上限は5円。\n【資料おわり】\n\n質問: 上限は？"
    assert messages[3].content == "質問: {role} とは？"
    start = beginning(prompt, "ja")
    assert start[:3] == messages[:3] and start[3].content == "【資料】\n[1] "
