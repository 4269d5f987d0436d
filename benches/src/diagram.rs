//! The reliability diagram (DeGroot and Fienberg 1983) as an SVG picture: how often words were right
//! against how sure was stated, with a 95 % interval a bin (Wilson 1927) and the diagonal, where both
//! are equal.

use std::fmt::Write as _;

/// One curve: its name, its colour, and pairs of what was stated and whether it was right.
pub struct Series<'a> {
    /// As the legend says it.
    pub name: &'a str,
    /// A CSS colour.
    pub colour: &'a str,
    /// Stated probability, right or not.
    pub pairs: &'a [(f32, bool)],
}

/// Upper ends of the bins: narrow where most words are.
const BINS: [f32; 10] = [0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0];
const SIDE: f32 = 420.0;
const MARGIN: f32 = 56.0;
/// The standard normal's quantile for 95 %.
const Z: f32 = 1.96;

/// The picture, with `title` over it.
#[must_use]
pub fn reliability(title: &str, series: &[Series<'_>]) -> String {
    let at = |stated: f32, right: f32| (MARGIN + stated * SIDE, MARGIN + (1.0 - right) * SIDE);
    let size = SIDE + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{MARGIN}\" y=\"20\" font-size=\"14\">{title}</text>\n"
    );
    for tick in 0..=5_u8 {
        let share = f32::from(tick) / 5.0;
        let ((x, bottom), (left, y)) = (at(share, 0.0), at(0.0, share));
        let (right, top) = (left + SIDE, bottom - SIDE);
        let _ = write!(
            svg,
            "<path d=\"M{x} {bottom}V{top}M{left} {y}H{right}\" stroke=\"#ddd\"/>\n\
             <text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{share:.1}</text>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{share:.1}</text>\n",
            bottom + 16.0,
            left - 6.0,
            y + 4.0
        );
    }
    let ((x0, y0), (x1, y1)) = (at(0.0, 0.0), at(1.0, 1.0));
    let _ = write!(
        svg,
        "<path d=\"M{x0} {y0}L{x1} {y1}\" stroke=\"#888\" stroke-dasharray=\"4 4\"/>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">stated probability of the word</text>\n\
         <text x=\"16\" y=\"{}\" text-anchor=\"middle\" transform=\"rotate(-90 16 {})\">share that was right</text>\n",
        MARGIN + SIDE / 2.0,
        y0 + 36.0,
        MARGIN + SIDE / 2.0,
        MARGIN + SIDE / 2.0
    );
    for (n, one) in series.iter().enumerate() {
        let mut path = String::new();
        for bin in bins(one.pairs) {
            let (x, y) = at(bin.stated, bin.right);
            let ((_, low), (_, high)) = (at(0.0, bin.interval[0]), at(0.0, bin.interval[1]));
            let _ = write!(
                path,
                "{}{x:.1} {y:.1}",
                if path.is_empty() { 'M' } else { 'L' }
            );
            let _ = write!(
                svg,
                "<path d=\"M{x:.1} {low:.1}V{high:.1}\" stroke=\"{c}\"/>\
                 <circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{c}\"/>\n",
                c = one.colour
            );
        }
        let y = MARGIN + 20.0 + 18.0 * n as f32;
        let _ = write!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{c}\"/>\n\
             <circle cx=\"{x}\" cy=\"{cy}\" r=\"4\" fill=\"{c}\"/><text x=\"{tx}\" y=\"{y}\">{name} ({count})</text>\n",
            c = one.colour,
            x = MARGIN + 14.0,
            cy = y - 4.0,
            tx = MARGIN + 24.0,
            name = one.name,
            count = one.pairs.len()
        );
    }
    svg.push_str("</svg>\n");
    svg
}

struct Bin {
    stated: f32,
    right: f32,
    interval: [f32; 2],
}

/// Bins that hold anything.
fn bins(pairs: &[(f32, bool)]) -> Vec<Bin> {
    let mut from = 0.0;
    let mut bins = Vec::new();
    for to in BINS {
        let inside: Vec<_> = pairs
            .iter()
            .filter(|(p, _)| *p >= from && (*p < to || to >= 1.0))
            .collect();
        from = to;
        if inside.is_empty() {
            continue;
        }
        let n = inside.len() as f32;
        let right = inside.iter().filter(|pair| pair.1).count() as f32 / n;
        bins.push(Bin {
            stated: inside.iter().map(|pair| pair.0).sum::<f32>() / n,
            right,
            interval: wilson(right, n),
        });
    }
    bins
}

fn wilson(share: f32, n: f32) -> [f32; 2] {
    let z2 = Z * Z;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    [(middle - half).max(0.0), (middle + half).min(1.0)]
}

#[cfg(test)]
mod tests {
    use super::{Series, bins, reliability, wilson};

    #[test]
    fn bins_hold_every_pair_once_and_intervals_hold_the_share() {
        let pairs: Vec<(f32, bool)> = (0..=100_u8)
            .map(|i| (f32::from(i) / 100.0, i % 4 != 0))
            .collect();
        let found = bins(&pairs);
        assert_eq!(found.len(), 10);
        for bin in &found {
            assert!(bin.interval[0] <= bin.right && bin.right <= bin.interval[1]);
        }
        // Eight of ten: .490 to .943 (Wilson 1927, as commonly tabulated).
        let [low, high] = wilson(0.8, 10.0);
        assert!((low - 0.490).abs() < 0.001 && (high - 0.943).abs() < 0.001);
        let svg = reliability(
            "words",
            &[Series {
                name: "all",
                colour: "black",
                pairs: &pairs,
            }],
        );
        assert_eq!(svg.matches("<circle").count(), 11);
    }
}
