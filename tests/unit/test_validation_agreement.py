"""What a validation run counts: compared, failed, explained, unsupported; and how it ends."""

import json
import math

import pytest

from validation.agreement import Agreement, count_numbers, numbers
from validation.meta.__main__ import main


def test_numbers_as_they_stand_in_files():
    assert numbers([1, None, "Inf", "-Inf"]).tolist()[2:] == [math.inf, -math.inf]
    assert math.isnan(numbers(None)[0])
    assert count_numbers({"a": [1, None, "Inf", "word"], "b": {"c": 2.5, "d": True}}) == 3


def test_within_tolerance_beyond_it_and_missing():
    agreement = Agreement()
    agreement.compare("x", "held", 1 + 1e-10, 1, 1e-9)
    agreement.compare("x", "beyond", [1, 2.1], [1, 2], 1e-9)
    agreement.compare("x", "missing", None, 3, 1e-9)
    agreement.compare("x", "nothing to compare", 5, None, 1e-9)
    assert (agreement.checked, agreement.failed) == (4, 2)
    assert list(agreement.report())[-1] == "4 checked, 2 failed, 0 unsupported"


def test_near_zero_a_scale_says_what_is_small():
    agreement = Agreement()
    agreement.compare("mean", "tiny", 1e-12, -1e-12, 1e-9, scale=0.1)
    assert agreement.failed == 0
    agreement.compare("mean", "not tiny", 1e-9, -1e-9, 1e-9, scale=0.1)
    assert agreement.failed == 1


def test_a_looser_reference_has_to_be_shown():
    agreement = Agreement()
    agreement.compare("x", "shown", 1, 2, 1e-9, arbiter=lambda: "their equation is not solved")
    agreement.compare("x", "not shown", 1, 2, 1e-9, arbiter=lambda: None)
    assert agreement.failed == 1
    assert any("their equation is not solved" in line for line in agreement.report())


def test_what_the_engine_does_not_give_is_counted():
    agreement = Agreement()
    agreement.skip("network", {"a": [1, 2, None], "b": {"error": "did not converge"}})
    agreement.fail("rma", "file:A", {"beta": [1, 2]}, "EvidenceError: no variance")
    assert list(agreement.report())[-1] == "2 checked, 2 failed, 2 unsupported"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot be read as JSON"),
        ("[1]", "holds no JSON object"),
        ('{"a": 1}', "is not of the formats"),
        ('{"tables": {"A": {"measure": "OR"}}, "cases": []}', "is not laid out"),
    ],
)
def test_what_is_no_reference_file_is_told_in_words(tmp_path, capsys, content, words):
    path = tmp_path / "uni-x.json"
    path.write_text(content)
    assert main([str(path)]) == 2
    assert words in capsys.readouterr().err


def test_an_empty_folder_has_not_held(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "No reference file" in capsys.readouterr().err


def test_a_wrong_number_ends_with_status_one(tmp_path, capsys):
    table = {"measure": "MD", "options": [], "yi": [1.0], "vi": [99.0]}
    table["inputs"] = {
        k: [v]
        for k, v in zip(
            ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"), (2, 1, 10, 1, 1, 10), strict=True
        )
    }
    path = tmp_path / "uni-wrong.json"
    path.write_text(json.dumps({"tables": {"MD": table}, "cases": []}))
    assert main([str(path)]) == 1
    assert capsys.readouterr().out.rstrip().endswith("2 checked, 1 failed, 0 unsupported")
