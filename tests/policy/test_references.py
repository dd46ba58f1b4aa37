"""Every rule and every number says where it comes from, and every rule has cases."""

import importlib
import pkgutil
import tomllib

import policy
from policy.citation import ENCODED, HOUSE, Citation, sources
from policy.profile import load_profile
from tests.policy.case import FOLDER

for module in pkgutil.iter_modules(policy.__path__, "policy."):
    importlib.import_module(module.name)

CASES = {path.stem: tomllib.loads(path.read_text(encoding="utf-8"))["case"] for path in FOLDER.glob("*.toml")}


def is_known(cites: Citation) -> bool:
    return cites == HOUSE or (cites.source in sources() and cites.clause in sources()[cites.source].clauses)


def test_every_encoded_clause_is_one_of_a_document() -> None:
    assert ENCODED
    assert [name for name, cites in ENCODED.items() if not all(map(is_known, cites))] == []


def test_every_encoded_rule_has_cases_that_cite_its_clauses() -> None:
    encoded = {name.removeprefix("policy."): {str(clause) for clause in cites} for name, cites in ENCODED.items()}
    assert encoded == {rule: {case["cites"] for case in cases} for rule, cases in CASES.items()}


def test_every_case_is_a_sentence_of_its_own() -> None:
    names = [case["name"] for cases in CASES.values() for case in cases]
    assert len(names) == len(set(names))


def test_every_parameter_cites_a_clause_or_is_ours_and_has_a_unit() -> None:
    parameters = load_profile(None).parameters.values()
    assert [one.key for one in parameters if not one.unit] == []
    assert [one.key for one in parameters for value in one.values if not is_known(value.cites)] == []


def test_every_document_has_titles_in_both_languages() -> None:
    for source in sources().values():
        assert source.title_kk
        assert source.title_ru
        assert source.clauses
        assert all(kk and ru for kk, ru in source.clauses.values())
