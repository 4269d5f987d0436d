#!/usr/bin/env python3
"""Reads a folder of documents with the programs of Tesseract or of OCRmyPDF, as their users call them.

read.py tesseract|ocrmypdf FOLDER OUT writes a line {"file", "text"} a document to OUT. PDFs are rendered at 200 dpi
for Tesseract, as medbot does; pictures that do not say their density are taken for 200 dpi. OCRmyPDF turns and deskews
pages, and its text is that of the sidecar. What a program refuses counts as empty.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

DPI = "200"


def run(*command):
    """What a program says on standard output; nothing when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        print(f"{command[0]} refuses a document: {said[-1:]}", file=sys.stderr)
        return ""
    return done.stdout.decode(errors="replace")


def tesseract(path, scratch):
    pages = [path]
    if path.suffix.lower() == ".pdf":
        run("pdftoppm", "-r", DPI, "-png", path, scratch / "page")
        pages = sorted(scratch.glob("page*.png"))
    return "\f".join(run("tesseract", page, "-", "-l", "eng").strip("\f\n") for page in pages)


def ocrmypdf(path, scratch):
    sidecar = scratch / "text"
    options = ["--quiet", "--force-ocr", "--rotate-pages", "--deskew", "--optimize", "0", "--output-type", "pdf"]
    if path.suffix.lower() != ".pdf":
        options += ["--image-dpi", DPI]
    run("ocrmypdf", *options, "--sidecar", sidecar, path, scratch / "out.pdf")
    return sidecar.read_text(encoding="utf-8") if sidecar.exists() else ""


def main():
    read = {"tesseract": tesseract, "ocrmypdf": ocrmypdf}[sys.argv[1]]
    folder, out = Path(sys.argv[2]), sys.argv[3]
    with open(out, "w", encoding="utf-8") as predictions:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            with tempfile.TemporaryDirectory() as scratch:
                text = read(path, Path(scratch))
            line = {"file": path.relative_to(folder).as_posix(), "text": text}
            predictions.write(json.dumps(line, ensure_ascii=False) + "\n")


main()
