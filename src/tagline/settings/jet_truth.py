"""What a reader says that jets are: one name of TRUTH for all, or the flavour in its file."""

from typing import Annotated

from pydantic import AfterValidator

from tagline.data.columns import TRUTH
from tagline.settings.strict import did_you_mean

FLAVOUR = "flavour"
DESCRIPTION = f"what the jets are: a name of TRUTH, or `{FLAVOUR}`"


def _known(truth: str) -> str:
    known = [FLAVOUR, *TRUTH]
    if truth not in known:
        raise ValueError(f"unknown truth {truth!r}: {did_you_mean(truth, known)}")
    return truth


JetTruth = Annotated[str, AfterValidator(_known)]
