//! Cuts a text line out of a page as an upright strip of a given height.
//!
//! Lines are parallelograms after deskewing, so an affine map is enough; strips that shrink are
//! averaged over the source pixels that they cover, or thin strokes would vanish.

use image::{ImageBuffer, Pixel};
use schemas::{Point, Quad};

/// The strip under `line`, `height` pixels high and as wide as its proportions ask (at least 1 px).
#[must_use]
pub fn strip<P: Pixel<Subpixel = u8>>(
    page: &ImageBuffer<P, Vec<u8>>,
    line: &Quad,
    height: u32,
) -> ImageBuffer<P, Vec<u8>> {
    let scale = line.height().max(1.0) / height as f32;
    let width = (line.width() / scale).round().max(1.0) as u32;
    sized(page, line, width, height)
}

/// The strip under `line` in this size.
#[must_use]
pub fn sized<P: Pixel<Subpixel = u8>>(
    page: &ImageBuffer<P, Vec<u8>>,
    line: &Quad,
    width: u32,
    height: u32,
) -> ImageBuffer<P, Vec<u8>> {
    let scale = line.height().max(1.0) / height as f32;
    let [tl, tr, _, bl] = line.0;
    let across = [
        (tr[0] - tl[0]) / width as f32,
        (tr[1] - tl[1]) / width as f32,
    ];
    let down = [
        (bl[0] - tl[0]) / height as f32,
        (bl[1] - tl[1]) / height as f32,
    ];
    let samples = scale.round().clamp(1.0, 4.0) as u32;
    ImageBuffer::from_fn(width, height, |x, y| {
        average(page, samples, |i, j| {
            let u = x as f32 + (i as f32 + 0.5) / samples as f32;
            let v = y as f32 + (j as f32 + 0.5) / samples as f32;
            [
                tl[0] + across[0] * u + down[0] * v - 0.5,
                tl[1] + across[1] * u + down[1] * v - 0.5,
            ]
        })
    })
}

/// The line with its upper and lower edge moved outwards by this share of its height; inwards when it
/// is negative.
#[must_use]
pub fn grown(line: &Quad, share: f32) -> Quad {
    let [tl, tr, br, bl] = line.0;
    let out = |from: Point, to: Point| {
        [
            to[0] + (to[0] - from[0]) * share,
            to[1] + (to[1] - from[1]) * share,
        ]
    };
    Quad([out(bl, tl), out(br, tr), out(tr, br), out(tl, bl)])
}

/// The mean of `n * n` bilinear samples.
fn average<P: Pixel<Subpixel = u8>>(
    page: &ImageBuffer<P, Vec<u8>>,
    n: u32,
    at: impl Fn(u32, u32) -> Point,
) -> P {
    let mut sums = [0.0_f32; 4];
    for j in 0..n {
        for i in 0..n {
            bilinear(page, at(i, j), &mut sums);
        }
    }
    let share = 1.0 / (n * n) as f32;
    // The cast cuts off at both ends of the range.
    let bytes = sums.map(|sum| (sum * share + 0.5) as u8);
    *P::from_slice(&bytes[..usize::from(P::CHANNEL_COUNT)])
}

fn bilinear<P: Pixel<Subpixel = u8>>(
    page: &ImageBuffer<P, Vec<u8>>,
    [x, y]: Point,
    sums: &mut [f32; 4],
) {
    let channels = usize::from(P::CHANNEL_COUNT);
    let (w, h) = (page.width() as usize, page.height() as usize);
    let x = x.clamp(0.0, w as f32 - 1.0);
    let y = y.clamp(0.0, h as f32 - 1.0);
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(w - 1), (y0 + 1).min(h - 1));
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let pixel = |x: usize, y: usize| &page.as_raw()[(y * w + x) * channels..][..channels];
    let corners = [pixel(x0, y0), pixel(x1, y0), pixel(x0, y1), pixel(x1, y1)];
    let weights = [
        (1.0 - fx) * (1.0 - fy),
        fx * (1.0 - fy),
        (1.0 - fx) * fy,
        fx * fy,
    ];
    for (channel, sum) in sums.iter_mut().enumerate().take(channels) {
        for (corner, weight) in corners.iter().zip(weights) {
            *sum += weight * f32::from(corner[channel]);
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};
    use schemas::{BBox, Quad};

    use super::strip;

    #[test]
    fn a_strip_has_the_lines_proportions_and_pixels() {
        let page = GrayImage::from_fn(100, 50, |x, _| Luma([if x < 50 { 0 } else { 255 }]));
        let cut = strip(&page, &BBox::new(30.0, 10.0, 70.0, 20.0).quad(), 20);
        assert_eq!(cut.dimensions(), (80, 20));
        assert_eq!(
            (cut.get_pixel(10, 10)[0], cut.get_pixel(70, 10)[0]),
            (0, 255)
        );
    }

    #[test]
    fn a_turned_line_comes_out_upright() {
        // Text that runs downwards: its own top left is the right end of the upper edge.
        let page = GrayImage::from_fn(50, 100, |_, y| Luma([if y < 50 { 0 } else { 255 }]));
        let line = Quad([[30.0, 10.0], [30.0, 90.0], [20.0, 90.0], [20.0, 10.0]]);
        let cut = strip(&page, &line, 10);
        assert_eq!(cut.dimensions(), (80, 10));
        assert_eq!((cut.get_pixel(5, 5)[0], cut.get_pixel(75, 5)[0]), (0, 255));
    }

    #[test]
    fn a_shrunk_thin_stroke_stays() {
        let page = GrayImage::from_fn(400, 200, |x, _| Luma([if x == 201 { 0 } else { 255 }]));
        let cut = strip(&page, &BBox::new(0.0, 0.0, 400.0, 200.0).quad(), 50);
        assert!(cut.pixels().any(|p| p[0] < 230));
    }
}
