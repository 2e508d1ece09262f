"""How a configuration describes the branches of the reader `flat`."""

from typing import Literal, Self

from pydantic import Field, model_validator

from tagline.settings.strict import Name, Strict


class Branch(Strict):
    """Where a column is, in which units, and what it is; a text alone names the branch."""

    branch: str = Field(description="its name; in HDF5 of an array, or `array/field`")
    scale: float = Field(1, description="multiplied by this, as 0.001 for MeV or 0.1 for mm")
    missing: tuple[float, ...] = Field((), description="values that stand for nothing, as -999")
    nan_is_missing: bool = Field(False, description="so do those that are not a number")
    instead: float = Field(0, description="what such values are taken as; the ledger counts them")
    dtype: Literal["float32", "float64", "int8", "int32", "int64"] = Field(
        "float32", description="of a column of one's own; integers cut fractions off"
    )
    unit: str = Field("", description="of a column of one's own, after scaling")
    meaning: str = Field("", description="of a column of one's own")


class Truth(Strict):
    """What jets are: what the values of a branch stand for, or which branches flag it."""

    branch: str = Field("", description="of a code")
    codes: dict[int, str] = Field(default_factory=dict, description="names of TRUTH by value")
    flags: dict[str, str] = Field(
        default_factory=dict, description="branches that are not zero, by name of TRUTH"
    )

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if bool(self.branch) == bool(self.flags):
            raise ValueError("truth: either branch and codes, or flags")
        return self


class Lists(Strict):
    """Lists in jets: their columns, and which slots are filled where they are padded."""

    columns: dict[Name, Branch | str] = Field(description="by name; `Branch`, or its name alone")
    count: str = Field("", description="branch of how many leading slots are filled")
    valid: str = Field("", description="branch that is true where a slot is filled")


def described(entry: Branch | str) -> Branch:
    """Return the description of a branch of which perhaps only the name is given."""
    return Branch(branch=entry) if isinstance(entry, str) else entry
