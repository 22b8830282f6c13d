"""Make the list of first names from other countries than the United States in ``pipeline/match/data``.

    python bench/make_given_names.py PERSON_FOLDER OUTPUT_FOLDER

PERSON_FOLDER is ``faker/providers/person`` of the PyPI package ``Faker`` 40.63.0 (copyright Daniele Faraglia, MIT).
Names in Latin and Cyrillic letters are taken, of one word and four letters and more; folded, one a line.
"""

from __future__ import annotations

import ast
import gzip
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

# Spelt as newspapers of these and other countries spell them; romanised names of Asia are other words too often.
LOCALES = (
    "bg_BG cs_CZ da_DK de_AT de_CH de_DE es_AR es_ES es_MX et_EE fi_FI fr_CH fr_FR ga_IE hr_HR hu_HU is_IS it_IT lt_LT"
    " lv_LV nl_BE nl_NL no_NO pl_PL pt_BR pt_PT ro_RO ru_RU sk_SK sl_SI sv_SE tr_TR uk_UA"
)
SHORTEST = 4


def main() -> None:
    persons, out = map(Path, sys.argv[1:3])
    names = {fold(name) for locale in LOCALES.split() for name in listed(persons / locale / "__init__.py")}
    kept = sorted(name for name in names if len(name) >= SHORTEST and name.isalpha())
    path = out / "given_names_abroad.txt.gz"
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as file:
        file.write("\n".join(kept).encode())
    print(f"{path.name}: {len(kept)} names, {path.stat().st_size} bytes")


def listed(module: Path) -> Iterator[str]:
    """The texts of every table of first names in the module."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id.startswith("first_name") for target in targets):
                texts = (part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant))
                yield from (text for text in texts if isinstance(text, str))


def fold(name: str) -> str:
    """Lower case, without accents."""
    return "".join(char for char in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(char))


if __name__ == "__main__":
    main()
