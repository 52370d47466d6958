"""A spreadsheet becomes a catalogue, or every wrong row is named; nothing in it is ever run."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.catalogue import Article, Catalogue, parse_catalogue
from kiosk.hub.errors import ItemsError
from kiosk.hub.items import FORMULA, merge, read_items, write_items

GTIN = "00614141123452"
OTHER = "00614141999996"
EPC = "30340257BF7194E4000007E1"


def read(text: str, currency: str = "EUR") -> tuple[Article, ...]:
    return read_items(text.encode(), "items.csv", currency)


def problems(text: str, currency: str = "EUR") -> list[str]:
    with pytest.raises(ItemsError) as refused:
        read(text, currency)
    return str(refused.value).splitlines()


def catalogue(*articles: Article, version: int = 1) -> Catalogue:
    merged = merge(None, articles, "EUR", replace=False)
    return parse_catalogue({**merged.payload, "version": version})


def test_a_row_is_an_article() -> None:
    text = f"gtin,epc,name,price,tax\n{GTIN},,Trail mix,5.99,full\n,{EPC.lower()},Lamp,20,\n"
    assert read(text) == (
        Article(GTIN, "", "Trail mix", 599, "full"),
        Article("", EPC, "Lamp", 2000),
    )


@pytest.mark.parametrize(
    "text",
    [
        f"name,gtin,price_minor\nA,{GTIN},599\n",
        f"NAME , Gtin,price\n A , {GTIN} , 5.99 \n",
        f"name;gtin;price\nA;{GTIN};5,99\n",
        f"name\tgtin\tprice\r\nA\t{GTIN}\t5.99\r\n",
        f'\ufeffname,gtin,price\n"A","{GTIN}","5,99"\n',
        "name,gtin,price\n\nA,614141123452,5.99\n,,\n",
    ],
)
def test_the_usual_spellings_of_a_spreadsheet_are_read(text: str) -> None:
    assert read(text) == (Article(GTIN, "", "A", 599),)


@pytest.mark.parametrize(
    ("currency", "price", "minor"),
    [("JPY", "599", 599), ("TND", "5.990", 5990), ("RSD", "599.00", 59900)],
)
def test_a_price_has_the_decimals_of_its_currency(currency: str, price: str, minor: int) -> None:
    assert read(f"name,gtin,price\nA,{GTIN},{price}\n", currency)[0].price_minor == minor


@pytest.mark.parametrize("price", ['"1,000"', "1e999999", "1_000", "nan", "9999999999999", "-5"])
@pytest.mark.parametrize("column", ["price", "price_minor"])
def test_a_price_that_may_mean_another_is_named(column: str, price: str) -> None:
    (line,) = problems(f"name,gtin,{column}\nA,{GTIN},{price}\n")
    assert line.startswith(f"items.csv:2: {column}")


def test_a_price_is_shown_as_it_was_typed_but_for_what_a_terminal_obeys() -> None:
    (line,) = problems(f"name,gtin,price\nA,{GTIN},€1.20\x1b\n")
    assert "price: '€1.20\\x1b': want an amount such as 5.99" in line


def test_every_wrong_row_is_named_at_once_with_its_line() -> None:
    text = "\n".join(
        [
            "gtin,epc,name,price,tax",
            f"{GTIN},,Fine,1,",
            "00614141123453,,Check digit,1,",
            "6.14141E+11,,Rounded,1,",
            "12,,Short,1,",
            ",,Nothing,1,",
            ",zz,No hex,1,",
            f"{OTHER},,,1,",
            f"{OTHER},,Dear,x,",
            f"{OTHER},,Fine coins,1.999,",
            f"{OTHER},,Minus,-1,",
            f"{OTHER},,Tax,1,a b",
            f"{GTIN},,Again,1,",
            f"{OTHER},,Too many,1,,,",
            f'{OTHER},,"Two',
            'lines",1,',
            f"{OTHER},,NaN,NaN,",
        ]
    )
    found = problems(text)
    assert [line.split(" ")[0] for line in found] == [
        f"items.csv:{n}:" for n in (*range(3, 16), 17)
    ]
    for words in ("check digit", "rounded", "8, 12, 13 or 14", "needs a gtin or an epc", "hex"):
        assert any(words in line for line in found), words
    assert "same item as in line 2" in found[10]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "want the columns"),
        ("gtin,price\n", "want the columns name"),
        ("name,price\n", "gtin or epc"),
        ("name,gtin\n", "price and price_minor"),
        ("name,gtin,price,price_minor\n", "one of the columns"),
        ("name,gtin,price,colour\n", "'colour' is not one of"),
        ("name,gtin,price,name\n", "twice"),
        ("name,gtin,price\n", "no items"),
        (f'name,gtin,price\n"A,{GTIN},1\n', "check the quotes"),
    ],
)
def test_a_table_that_is_none_is_refused_in_one_line(text: str, problem: str) -> None:
    (line,) = problems(text)
    assert line.startswith("items.csv")
    assert problem in line


def test_bytes_that_are_no_text_are_named_by_line() -> None:
    with pytest.raises(ItemsError, match=r"items\.csv:2: not UTF-8"):
        read_items(b"name,gtin,price\n\xff,1,1\n", "items.csv", "EUR")


def test_a_file_that_nobody_could_have_typed_is_refused() -> None:
    with pytest.raises(ItemsError, match="longer than"):
        read_items(b"x" * (33 << 20), "items.csv", "EUR")


def test_a_problem_shows_no_control_characters() -> None:
    (line,) = problems(f"name,gtin,price\nA,{GTIN},\x1b[31m\u202e9\n")
    assert line.isascii()
    assert line.isprintable()


def test_a_list_is_merged_over_what_is_there() -> None:
    old = catalogue(Article(GTIN, "", "Old", 100), Article("", EPC, "Lamp", 2000), version=4)
    merged = merge(
        old, [Article(GTIN, "", "New", 100), Article(OTHER, "", "More", 5)], "EUR", replace=False
    )
    assert (merged.new, merged.changed, merged.kept, merged.removed) == (1, 1, 1, 0)
    after = parse_catalogue(merged.payload)
    assert after.version == 5
    assert {a.name for a in (*after.by_gtin.values(), *after.by_epc.values())} == {
        *("New", "More", "Lamp")
    }


def test_a_list_may_take_the_place_of_what_is_there() -> None:
    old = catalogue(Article(GTIN, "", "Old", 100), Article("", EPC, "Lamp", 2000))
    merged = merge(old, [Article(GTIN, "", "Old", 100)], "EUR", replace=True)
    assert (merged.kept, merged.removed, merged.differs) == (1, 1, True)


def test_the_same_list_again_changes_nothing() -> None:
    old = catalogue(Article(GTIN, "", "Old", 100))
    assert not merge(old, [Article(GTIN, "", "Old", 100)], "EUR", replace=False).differs


def test_what_was_sold_stays_sold() -> None:
    old = parse_catalogue({**merge(None, [], "EUR", replace=False).payload, "sold": [EPC]})
    assert merge(old, [], "EUR", replace=True).payload["sold"] == [EPC]


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")),
    min_size=1,
    max_size=20,
).filter(lambda name: name == name.strip())


@given(NAMES, st.integers(0, 10**9))
def test_what_goes_out_comes_back_the_same_and_is_no_formula(name: str, minor: int) -> None:
    article = Article(GTIN, "", name, minor)
    text = write_items(catalogue(article))
    assert read(text) == (article,)
    for row in csv.reader(io.StringIO(text)):
        assert not any(cell.startswith(FORMULA) for cell in row)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-2+3", "@SUM(A1)", "'=1", "''", "'x", "x=1"])
def test_a_formula_is_only_a_name(name: str) -> None:
    article = Article(GTIN, "", name, 1)
    text = write_items(catalogue(article))
    assert read(text) == (article,)
    assert not any(
        cell.startswith(FORMULA) for row in csv.reader(io.StringIO(text)) for cell in row
    )
