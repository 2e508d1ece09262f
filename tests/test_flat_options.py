"""The options of the reader `flat`: mistakes in them, and the example of the reference."""

import pytest
import yaml

from tagline.settings import plugins
from tagline.settings.catalogue import Dataset
from tagline.settings.document import document
from tests.test_flat import AXIS, OPTIONS


def test_the_example_of_the_reference_is_valid():
    _, _, section = document().partition("### `flat`")
    example = yaml.safe_load(section.partition("```yaml")[2].partition("```")[0])
    entry = Dataset(**example["my_jets"])
    described = plugins.config_of("datasets", "flat")(**entry.options)
    assert set(described.tables) == {"vertices"}
    assert described.constituents.columns["d0"].missing == (-999,)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"jets": {"pt": "jet_pt"}}, "pt, eta and phi are needed"),
        ({"jets": AXIS | {"mass": "jet_M"}}, "'mass' is made otherwise"),
        ({"constituents": {"columns": {"px": "px"}}}, "px, py, pz and energy, or pt, eta"),
        ({"truth": "topp"}, "unknown truth 'topp'"),
        ({"truth": {"branch": "flavour", "codes": {5: "botom"}}}, "did you mean 'bottom'"),
        ({"truth": {}}, "either branch and codes, or flags"),
        (
            {"jets": AXIS | {"num_tracks": "n"}, "tables": {"tracks": {"columns": {}}}},
            "'num_tracks' is made otherwise",
        ),
        ({"tables": {"jets": {"columns": {}}}}, "'jets' is another table already"),
    ],
)
def test_a_mistake_of_the_configuration_is_named(changes, says):
    with pytest.raises(ValueError, match=says):
        plugins.config_of("datasets", "flat")(**OPTIONS | changes)
