//! A PDF of many small pages of text, which are read in seconds.

use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str};

/// Width and height of a page in points: A7.
const SIZE: (f32, f32) = (210.0, 298.0);
const LINES: usize = 14;

pub fn of_pages(count: i32) -> Vec<u8> {
    let (catalog, tree, font) = (Ref::new(1), Ref::new(2), Ref::new(3));
    let page = |index: i32| Ref::new(4 + 2 * index);
    let text = |index: i32| Ref::new(5 + 2 * index);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids((0..count).map(page)).count(count);
    pdf.type1_font(font).base_font(Name(b"Helvetica"));
    for index in 0..count {
        let mut made = pdf.page(page(index));
        made.media_box(Rect::new(0.0, 0.0, SIZE.0, SIZE.1));
        made.parent(tree).contents(text(index));
        made.resources().fonts().pair(Name(b"F1"), font);
        made.finish();
        pdf.stream(text(index), &lines(index));
    }
    pdf.finish()
}

fn lines(page: i32) -> Vec<u8> {
    let mut content = Content::new();
    content.begin_text().set_font(Name(b"F1"), 6.0);
    content.set_leading(14.0).next_line(15.0, SIZE.1 - 30.0);
    for line in 0..LINES {
        let words = format!(
            "Page {} line {line}: walked {} steps on the ward, seen at noon",
            page + 1,
            130 + line
        );
        content
            .show(Str(words.as_bytes()))
            .next_line_using_leading();
    }
    content.end_text();
    content.finish().to_vec()
}
