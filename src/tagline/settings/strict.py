"""The base of every configuration model: frozen, and an unknown key is refused by name."""

from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_NAMED = 50  # of known words, of which a file may have thousands
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]  # of an entry of the catalogue


def did_you_mean(word: str, known: list[str]) -> str:
    """Return a phrase naming the nearest of the known words, or the first where none is near."""
    nearest = get_close_matches(word, known, n=1, cutoff=0.5)
    if nearest:
        return f"did you mean {nearest[0]!r}?"
    listed = ", ".join(sorted(known)[:MOST_NAMED]) or "none"
    more = len(known) - MOST_NAMED
    return f"known are: {listed}" + (f" and {more} more" if more > 0 else "")


class Strict(BaseModel):
    """A frozen model that refuses keys it does not declare."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, values: Any) -> Any:  # noqa: ANN401 (whatever the YAML holds)
        if isinstance(values, dict):
            for key in values:
                if key not in cls.model_fields:
                    raise ValueError(
                        f"unknown key {key!r}: {did_you_mean(str(key), list(cls.model_fields))}"
                    )
        return values
