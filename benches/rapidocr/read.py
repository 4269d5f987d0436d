#!/usr/bin/env python3
"""Reads a folder of documents with RapidOCR as its authors set it up.

read.py FOLDER OUT THREADS writes a line {"file", "text"} a document to OUT. PDFs are rendered at 200 dpi, as
medbot does; THREADS 0 leaves the number to RapidOCR.
"""

import json
import sys
from pathlib import Path

import numpy
import pypdfium2
from PIL import Image, ImageOps, ImageSequence
from rapidocr import RapidOCR

DPI = 200


def pages(path):
    """The pages of a document as arrays of blue, green and red, which RapidOCR expects."""
    if path.suffix.lower() == ".pdf":
        for page in pypdfium2.PdfDocument(path):
            yield page.render(scale=DPI / 72, rev_byteorder=False).to_numpy()[:, :, :3]
        return
    with Image.open(path) as image:
        for frame in ImageSequence.Iterator(image):
            upright = ImageOps.exif_transpose(frame.convert("RGB"))
            yield numpy.ascontiguousarray(numpy.asarray(upright)[:, :, ::-1])


def main():
    folder, out, threads = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    settings = {"Global.log_level": "critical"}
    if threads:
        settings["EngineConfig.onnxruntime.intra_op_num_threads"] = threads
        settings["EngineConfig.onnxruntime.inter_op_num_threads"] = threads
    reader = RapidOCR(params=settings)
    with open(out, "w", encoding="utf-8") as predictions:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            text = "\f".join("\n".join(reader(page).txts or ()) for page in pages(path))
            line = {"file": path.relative_to(folder).as_posix(), "text": text}
            predictions.write(json.dumps(line, ensure_ascii=False) + "\n")


main()
