//! Grey morphology over squares of a small grid, row by row (Serra 1982).
//! Limit: each step costs its window's side a cell; meant for grids of some ten thousand cells.

/// Grey closing with a square of `2 * half + 1` cells: fills what is darker and thinner.
pub(super) fn close(grid: &[u8], width: usize, half: usize) -> Vec<u8> {
    extreme(&extreme(grid, width, half, u8::max), width, half, u8::min)
}

/// Grey opening: removes what is brighter and thinner.
pub(super) fn open(grid: &[u8], width: usize, half: usize) -> Vec<u8> {
    extreme(&extreme(grid, width, half, u8::min), width, half, u8::max)
}

/// Running extreme over a square, cut at the edges.
pub(super) fn extreme(grid: &[u8], width: usize, half: usize, pick: fn(u8, u8) -> u8) -> Vec<u8> {
    let height = grid.len() / width.max(1);
    let window = |at: usize, count: usize| at.saturating_sub(half)..(at + half + 1).min(count);
    let best = |values: &mut dyn Iterator<Item = u8>| values.reduce(pick).unwrap_or(0);
    let rows: Vec<u8> = (0..grid.len())
        .map(|i| best(&mut window(i % width, width).map(|x| grid[i / width * width + x])))
        .collect();
    (0..grid.len())
        .map(|i| best(&mut window(i / width, height).map(|y| rows[y * width + i % width])))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{close, open};

    #[test]
    fn closing_fills_dark_and_opening_removes_light() {
        let mut grid = vec![9u8; 49];
        grid[24] = 1;
        assert_eq!(close(&grid, 7, 1), [9; 49]);
        assert_eq!(
            open(&grid.iter().map(|v| 10 - v).collect::<Vec<_>>(), 7, 1),
            [1; 49]
        );
    }

    proptest! {
        #[test]
        fn closing_and_opening_bound_the_image_and_settle(
            grid in proptest::collection::vec(any::<u8>(), 60), half in 0usize..4,
        ) {
            let (closed, opened) = (close(&grid, 10, half), open(&grid, 10, half));
            for i in 0..60 {
                prop_assert!(opened[i] <= grid[i] && grid[i] <= closed[i]);
            }
            prop_assert_eq!(&close(&closed, 10, half), &closed);
            prop_assert_eq!(&open(&opened, 10, half), &opened);
        }
    }
}
