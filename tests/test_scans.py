"""A list where a method takes one value is a scan: a variant a value, all in one study."""

import pytest

from tagline.settings.scans import variants_of, with_scans

DISCO = {"method": "disco", "when": "training", "title": "DisCo"}
DDT = {"method": "ddt", "when": "post_hoc", "parameters": {"efficiencies": [0.1, 0.2]}}


def scan(**parameters):
    return DISCO | {"parameters": parameters}


def test_each_value_is_a_variant_with_its_own_name_and_title():
    variants = variants_of("disco", scan(strength=[1, 0.5, 1e-05], grows=True))
    assert list(variants) == ["disco_strength_1", "disco_strength_0p5", "disco_strength_1em05"]
    half = variants["disco_strength_0p5"]
    assert half["parameters"] == {"strength": 0.5, "grows": True}
    assert half["title"] == "DisCo, strength 0.5"
    assert half["scan"] == "DisCo"


def test_two_lists_are_a_grid():
    variants = variants_of("disco", scan(strength=[1, 2], grows=[False, True]))
    assert list(variants) == [
        "disco_strength_1_grows_false",
        "disco_strength_1_grows_true",
        "disco_strength_2_grows_false",
        "disco_strength_2_grows_true",
    ]


def test_a_parameter_that_is_a_list_is_no_scan():
    assert variants_of("ddt", DDT) == {}


def test_a_study_has_all_variants_in_their_place():
    values = with_scans(
        {
            "decorrelations": {"disco": scan(strength=[1, 10]), "ddt": DDT},
            "study": {"decorrelations": ["ddt", "disco"], "name": "some"},
        }
    )
    assert list(values["decorrelations"]) == ["disco_strength_1", "disco_strength_10", "ddt"]
    assert values["study"]["decorrelations"] == ("ddt", "disco_strength_1", "disco_strength_10")
    assert values["study"]["name"] == "some"


def test_one_variant_can_be_chosen():
    entries = {"disco": scan(strength=[1, 10])}
    values = with_scans(
        {"decorrelations": entries, "study": {"decorrelations": ["disco_strength_10"]}}
    )
    assert values["study"]["decorrelations"] == ("disco_strength_10",)


def test_a_variant_may_not_hide_another_entry():
    entries = {"disco_strength_1": DISCO, "disco": scan(strength=[1, 10])}
    with pytest.raises(ValueError, match="'disco_strength_1' is there already"):
        with_scans({"decorrelations": entries, "study": {}})


@pytest.mark.parametrize("entry", [None, 3, {"method": "none_such", "parameters": {"a": [1]}}])
def test_what_is_no_entry_is_left_to_those_who_check_it(entry):
    values = {"decorrelations": {"odd": entry}, "study": None}
    assert with_scans(values) == values
