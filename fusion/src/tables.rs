//! Tables: runs of lines whose cells stand in common columns.
//!
//! Columns are looked for on the upright page, before words get their ids and their places on the
//! raster; [`Grid::table`] fills them in afterwards. A line of one cell inside a table is a heading
//! of its first column. Limit: a cell that runs over several lines stays several rows.

use schemas::{BBox, Cell, Line, Table};
use serde::{Deserialize, Serialize};

use crate::order::OrderedLine;

/// Rows of several cells that make a table.
const LEAST_ROWS: usize = 3;
/// Columns that make a table: two are a form.
const LEAST_COLUMNS: usize = 3;

/// A table as lines of a page and the columns of their cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    first_line: usize,
    columns: usize,
    /// Of each line, the column of each of its cells.
    places: Vec<Vec<usize>>,
}

/// The tables of a page.
#[must_use]
pub fn grids(lines: &[OrderedLine]) -> Vec<Grid> {
    let cells: Vec<Vec<BBox>> = lines.iter().map(cells).collect();
    let mut grids = Vec::new();
    let mut start = 0;
    while start < cells.len() {
        let end = run_end(&cells, start);
        grids.extend(grid(&cells[start..end], start));
        start = end.max(start + 1);
    }
    grids
}

/// Of each line, the column of each of its cells; none where it is no row of a table.
pub(crate) fn columns_of_cells(lines: &[OrderedLine]) -> Vec<Vec<usize>> {
    let mut out = vec![Vec::new(); lines.len()];
    for grid in grids(lines) {
        for (row, places) in out[grid.first_line..].iter_mut().zip(grid.places) {
            *row = places;
        }
    }
    out
}

/// Boxes of a line's cells: segments that no wide gap parts belong together.
fn cells(line: &OrderedLine) -> Vec<BBox> {
    let mut cells: Vec<BBox> = Vec::new();
    for (wide, segment) in &line.segments {
        match cells.last_mut() {
            Some(last) if !wide => *last = last.union(&segment.bbox()),
            _ => cells.push(segment.bbox()),
        }
    }
    cells
}

/// Where the run of table-like lines from `start` ends: at two lines of one cell in a row.
fn run_end(cells: &[Vec<BBox>], start: usize) -> usize {
    let mut end = start;
    while end < cells.len() {
        let single = |i: usize| cells.get(i).is_none_or(|c: &Vec<BBox>| c.len() < 2);
        if single(end) && (end == start || single(end + 1)) {
            break;
        }
        end += 1;
    }
    end
}

fn grid(rows: &[Vec<BBox>], first_line: usize) -> Option<Grid> {
    let full = rows.iter().filter(|row| row.len() >= LEAST_COLUMNS).count();
    if full < LEAST_ROWS || full * 2 < rows.len() {
        return None;
    }
    let columns = columns(rows);
    if columns.len() < LEAST_COLUMNS {
        return None;
    }
    let place = |cell: &BBox| {
        let shared = |(x0, x1): &(f32, f32)| cell.x1.min(*x1) - cell.x0.max(*x0);
        (0..columns.len()).max_by(|a, b| shared(&columns[*a]).total_cmp(&shared(&columns[*b])))
    };
    let places = rows
        .iter()
        .map(|row| row.iter().map(|cell| place(cell).unwrap_or(0)).collect())
        .collect();
    Some(Grid {
        first_line,
        columns: columns.len(),
        places,
    })
}

/// Extents of the columns: cells of full rows that overlap share one.
fn columns(rows: &[Vec<BBox>]) -> Vec<(f32, f32)> {
    let mut extents: Vec<(f32, f32)> = rows
        .iter()
        .filter(|row| row.len() >= LEAST_COLUMNS)
        .flatten()
        .map(|cell| (cell.x0, cell.x1))
        .collect();
    extents.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut columns: Vec<(f32, f32)> = Vec::new();
    for (x0, x1) in extents {
        match columns.last_mut() {
            Some(last) if x0 < last.1 => last.1 = last.1.max(x1),
            _ => columns.push((x0, x1)),
        }
    }
    columns
}

impl Grid {
    /// The table with the words of the page's finished lines.
    #[must_use]
    pub fn table(&self, lines: &[Line]) -> Option<Table> {
        let rows = lines.get(self.first_line..self.first_line + self.places.len())?;
        let bbox = rows
            .iter()
            .map(|line| line.bbox)
            .reduce(|a, b| a.union(&b))?;
        let mut cells: Vec<Cell> = Vec::new();
        for (row, (line, places)) in rows.iter().zip(&self.places).enumerate() {
            let mut words = line.words.iter();
            let filled = line.text.split('\t').filter(|text| !text.is_empty());
            for (text, &column) in filled.zip(places) {
                let count = text.split(' ').count();
                let ids: Vec<String> = words.by_ref().take(count).map(|w| w.id.clone()).collect();
                match cells
                    .iter_mut()
                    .find(|cell| (cell.row, cell.column) == (row, column))
                {
                    Some(cell) => {
                        cell.text.push(' ');
                        cell.text.push_str(text);
                        cell.words.extend(ids);
                    }
                    None => cells.push(Cell {
                        row,
                        column,
                        text: text.to_owned(),
                        words: ids,
                    }),
                }
            }
        }
        Some(Table {
            bbox,
            rows: self.places.len(),
            columns: self.columns,
            cells,
        })
    }
}

#[cfg(test)]
mod tests {
    use schemas::{BBox, Confidence};

    use super::grids;
    use crate::{
        assemble,
        order::{OrderedLine, Segment},
        vote::FusedWord,
    };

    /// A line of cells `(text, x)` at the given row.
    fn line(row: usize, cells: &[(&str, f32)]) -> OrderedLine {
        let segments = cells
            .iter()
            .enumerate()
            .map(|(i, (text, x))| {
                let y = 30.0 * row as f32;
                let quad = BBox::new(*x, y, x + 10.0 * text.len() as f32, y + 20.0).quad();
                let words = text
                    .split(' ')
                    .map(|word| FusedWord {
                        text: word.into(),
                        quad,
                        confidence: Confidence::ONE,
                        votes: vec![],
                    })
                    .collect();
                (i > 0, Segment { quad, words })
            })
            .collect();
        OrderedLine { segments }
    }

    #[test]
    fn cells_find_their_columns_even_where_some_are_empty() {
        let page = vec![
            line(0, &[("Laboratory report", 0.0)]),
            line(
                1,
                &[
                    ("Test", 0.0),
                    ("Result", 200.0),
                    ("Flag", 300.0),
                    ("Range", 400.0),
                ],
            ),
            line(2, &[("Sodium", 0.0), ("140", 210.0), ("135-145", 395.0)]),
            line(3, &[("Lipids", 0.0)]),
            line(
                4,
                &[
                    ("HDL cholesterol", 0.0),
                    ("31", 210.0),
                    ("L", 310.0),
                    (">40", 400.0),
                ],
            ),
            line(5, &[("Signed by nobody", 0.0)]),
            line(6, &[("Page 1", 0.0)]),
        ];
        let found = grids(&page);
        assert_eq!(found.len(), 1, "{found:?}");
        let lines = assemble(vec![page]).pages.remove(0);
        let table = found[0].table(&lines).unwrap();
        assert_eq!((table.rows, table.columns), (4, 4));
        let at = |row: usize, column: usize| {
            table
                .cells
                .iter()
                .find(|c| (c.row, c.column) == (row, column))
                .map(|c| c.text.as_str())
        };
        assert_eq!(at(1, 3), Some("135-145"));
        assert_eq!(at(1, 2), None);
        assert_eq!(at(3, 0), Some("HDL cholesterol"));
        assert_eq!(at(3, 2), Some("L"));
        let hdl = table
            .cells
            .iter()
            .find(|c| c.text == "HDL cholesterol")
            .unwrap();
        assert_eq!(hdl.words.len(), 2);
        // A tab for each column, whether its cell is empty or not.
        assert_eq!(lines[2].text, "Sodium\t140\t\t135-145");
        assert_eq!(lines[4].text, "HDL cholesterol\t31\tL\t>40");
    }

    #[test]
    fn a_form_of_two_columns_is_no_table() {
        let page: Vec<_> = (0..5)
            .map(|row| line(row, &[("Name", 0.0), ("Jane Roe", 200.0)]))
            .collect();
        assert!(grids(&page).is_empty());
    }
}
