"""Columns of the file reach the tagger as they are, and a lacking one is named."""

import numpy as np
import pytest

from tagline.prepare import load
from tagline.settings.catalogue import Representation
from tests.toy_splits import toy_split_jets


def test_columns_of_the_reader_are_features():
    jets = toy_split_jets(40, seed=1)
    jets.jets["btag"] = np.linspace(0, 1, 40, dtype=np.float32)
    parameters = {"columns": ("btag", "pt"), "standardise": False}
    representation = load(Representation(kind="jet_columns", parameters=parameters))
    prepared = representation.transform(jets, representation.fit(jets))
    for name in ("btag", "pt"):
        np.testing.assert_allclose(prepared.jets[f"feature_{name}"], jets.jets[name], rtol=1e-6)


def test_a_lacking_column_is_named_with_the_nearest():
    representation = load(Representation(kind="jet_columns", parameters={"columns": ("mas",)}))
    with pytest.raises(ValueError, match="no column 'mas'; did you mean 'mass'"):
        representation.fit(toy_split_jets(5, seed=1))
