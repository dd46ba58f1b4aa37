"""Names stand in the order of the Kazakh alphabet and are found however they are typed."""

import random
import unicodedata
from itertools import pairwise

import pytest

from storage.alphabet import folded, sort_key

ALPHABET = "АӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩЪЫІЬЭЮЯ"


def test_letters_stand_in_the_order_of_the_kazakh_alphabet() -> None:
    shuffled = random.Random(1).sample(ALPHABET, len(ALPHABET))
    assert "".join(sorted(shuffled, key=sort_key)) == ALPHABET


@pytest.mark.parametrize(
    "ordered",
    [
        ["Абаев", "Ахметова", "Әбілов", "Баймұханов"],
        ["Иванов", "Йүсіпов", "Қайратов", "Құрманов"],
        ["Ыбыраев", "Ісмағұлов", "Эргешов"],
        ["Ұлан", "Үсен"],
        ["Ли", "Ли Ван", "Ли-Ван", "Лиан"],
        ["Ахмет", "Ахметов"],
        ["Яковлев", "Smith"],
        ["Smith", "Šmid"],
        ["Ван 2", "Ван А"],
    ],
)
def test_names_stand_in_the_order_of_a_kazakh_list(ordered: list[str]) -> None:
    assert all(sort_key(one) < sort_key(next_one) for one, next_one in pairwise(ordered))


def test_case_and_the_way_a_letter_is_composed_do_not_count() -> None:
    assert sort_key("ЙҮСІПОВ") == sort_key(unicodedata.normalize("NFD", "йүсіпов"))


def test_a_surname_is_compared_before_any_given_name() -> None:
    assert sort_key("Ли", "Яна") < sort_key("Лиан", "Анна")
    assert sort_key("Ли", "Анна") < sort_key("Ли", "Яна")


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Нұрғалиева", "нургалиева"),
        ("Әбілқасым", "АБИЛКАСЫМ"),
        ("Алёна", "алена"),
        ("Іңкәр Өзбекұлы", "инкар озбекулы"),
    ],
)
def test_a_kazakh_letter_and_the_russian_one_typed_for_it_fold_alike(written: str, typed: str) -> None:
    assert folded(written) == folded(typed)
