"""What a tuned adapter must reach, and may not lose, before it is published."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class GateSettings(BaseModel):
    """Shares are of questions, in [0, 1]: 0.1 are ten points."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gain: float = Field(0.1, ge=0, le=1, description="least gain in right refusals and right citations")
    gain_in: Literal["draft", "served"] = Field(
        "draft", description="where: in what the model writes, or in what people are given"
    )
    general_loss: float = Field(0.02, ge=0, le=1, description="most that may be lost on general questions")
    general_bound: float = Field(
        0.02, ge=0, le=1, description="most that the 95 % interval of that loss may reach to"
    )
    """Some 1,700 questions tell so much of an adapter that loses none; with 200 it would be 0.06."""
    slower: float = Field(1.5, ge=1, description="times as slow as the base it may be")
    """Rank 16 over all matrices of a model of 0.5 B makes writing 1.3 times as long on two idle cores."""
    least_answerable: int = Field(30, ge=1, description="fewer questions decide nothing")
    least_unanswerable: int = Field(10, ge=1)
    least_general: int = Field(200, ge=1)
