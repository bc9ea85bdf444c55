"""An answer holds what is accepted, whole and undenied."""

from __future__ import annotations

import pytest

from assistant.evaluation.containing import contains


@pytest.mark.parametrize(
    ("text", "accepted", "expected"),
    [
        ("費用は１２，０００ 円です", "12,000円", True),
        ("費用は12000円です", "12,000円", True),
        ("年110日です", "10日", False),
        ("10日、または20日", "10日", True),
        ("3.5時間", "3", False),
        ("13.5", "3.5", False),
        ("約3。", "3", True),
        ("上限は二十日です", "十日", False),
        ("上限は十日です", "十日", True),
        ("1万2千円です", "2千円", False),
        ("2千円です", "千円", False),
        ("3万円です", "3", False),
        ("3つ、① 千葉県", "千葉県", True),
        ("① 一人です", "一人", True),
        ("三十一人です", "一人", False),
        ("See VPN Guide", "vpn guide", True),
        ("何か", " ", False),
        ("持ち出しは不可能です", "可能", False),
        ("持ち出しは可能です", "可能", True),
        ("承認は必要ありません", "必要", False),
        ("承認は必要ではない", "必要", False),
        ("利用できません", "利用", False),
        ("承認が必要。ない場合は差し戻す", "必要", True),
        ("経理部ではなく総務部です", "経理部", False),
        ("経理部ではなく総務部です", "総務部", True),
        ("税理士でなければできない", "税理士", True),
        ("不要ですが、必要な場合もあります", "必要", True),
        ("That is illegal.", "legal", False),
        ("That is legal.", "Legal", True),
        ("I do not know.", "No", False),
        ("No, it is not.", "No", True),
        ("A receipt is not required.", "required", False),
        ("It isn’t allowed.", "allowed", False),
        ("Monthly fees are due.", "monthly fee", True),
        ("The non-smoking room", "smoking room", False),
        ("申請はWorkflowで行う", "workflow", True),
    ],
)
def test_containment_ignores_spelling_and_minds_digits(text: str, accepted: str, expected: bool) -> None:
    assert contains(text, accepted) is expected
