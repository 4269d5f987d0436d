//! hOCR 1.2: lines and words with boxes and confidences, for viewers and PDF tools.

use std::fmt::Write as _;

use schemas::{BBox, Document};

use super::xml::escaped;

/// The document as hOCR. The name of the file stands nowhere in it.
pub(crate) fn hocr(document: &Document) -> String {
    let mut html = String::from(concat!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n",
        "<meta charset=\"utf-8\"/>\n<title>medbot</title>\n",
        "<meta name=\"ocr-system\" content=\"medbot\"/>\n",
        "<meta name=\"ocr-capabilities\" content=\"ocr_page ocr_line ocrx_word\"/>\n",
        "</head>\n<body>\n"
    ));
    for page in &document.pages {
        let n = page.index;
        let whole = BBox::new(0.0, 0.0, page.width as f32, page.height as f32);
        push(
            &mut html,
            format_args!(
                "<div class=\"ocr_page\" id=\"page_{n}\" title=\"{}; ppageno {n}\">\n",
                place(&whole)
            ),
        );
        for (i, line) in page.lines.iter().enumerate() {
            push(
                &mut html,
                format_args!(
                    "<span class=\"ocr_line\" id=\"line_{n}_{i}\" title=\"{}\">\n",
                    place(&line.bbox)
                ),
            );
            for word in &line.words {
                push(
                    &mut html,
                    format_args!(
                        "<span class=\"ocrx_word\" id=\"{}\" title=\"{}; x_wconf {:.0}\">{}</span>\n",
                        word.id,
                        place(&word.bbox),
                        word.confidence.get() * 100.0,
                        escaped(&word.text)
                    ),
                );
            }
            html.push_str("</span>\n");
        }
        html.push_str("</div>\n");
    }
    html.push_str("</body>\n</html>\n");
    html
}

/// Writing to a string cannot fail.
fn push(html: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = html.write_fmt(text);
}

fn place(b: &BBox) -> String {
    format!(
        "bbox {:.0} {:.0} {:.0} {:.0}",
        b.x0.floor(),
        b.y0.floor(),
        b.x1.ceil(),
        b.y1.ceil()
    )
}
