#!/usr/bin/env python3
"""Shows the medications and lab values of a `medbot process` run, and where the results are.

Reads `documents.jsonl` in the folder given. A `?` marks what needs a person's review.
"""

import json
import sys
from pathlib import Path

COLUMNS = {
    "medication": ("Medications", ["name", "strength", "form", "dose", "route", "frequency", "duration", "quantity"]),
    "lab": ("Lab values", ["name", "value", "unit", "range", "flag"]),
}
WIDEST = 28


def table(title, names, rows):
    """Prints the columns that hold anything, each as wide as it needs, none wider than WIDEST."""
    names = [n for n in names if any(row["entity"].get(n) for row in rows)]
    lines = [["document", *names]]
    for row in rows:
        entity = row["entity"]
        cells = [row["file"], *(str(entity.get(n) or "") for n in names)]
        cells[1] += " ?" if entity.get("needs_review") else ""
        lines.append([" ".join(c.split()) for c in cells])
    lines = [[c if len(c) <= WIDEST else c[: WIDEST - 1] + "…" for c in line] for line in lines]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    print(f"\n{title} ({len(rows)})")
    for line in lines:
        print("  " + "  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip())


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: show_results.py FOLDER")
    folder = Path(sys.argv[1])
    try:
        with open(folder / "documents.jsonl", encoding="utf-8") as file:
            documents = [json.loads(line) for line in file if line.strip()]
    except (OSError, ValueError) as error:
        sys.exit(f"the results cannot be read: {error}")
    for kind, (title, names) in COLUMNS.items():
        rows = [
            {"file": document["file"], "entity": entity}
            for document in documents
            for entity in document["entities"]
            if entity["type"] == kind
        ]
        if rows:
            table(title, names, rows)
        else:
            print(f"\n{title}: none were read")
    print("\n? needs a person's review. Nothing here has been reviewed by anyone.")
    print(f"{len(documents)} documents were read. Results: {folder.resolve()}")
    print("  <document>.json with the evidence of every value, .txt, .hocr, and entities.csv for all")


if __name__ == "__main__":
    main()
