//! Fitting a logistic model: Newton's method on the penalised likelihood (iteratively reweighted least
//! squares; Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 4.4.1).

use fusion::Logistic;

/// Weight of the squared weights, so that what separates perfectly stays finite.
const RIDGE: f64 = 1.0;
const ROUNDS: usize = 30;

/// Fits weights to rows of features and whether each was right.
#[must_use]
pub fn fit<const N: usize>(rows: &[([f32; N], bool)]) -> Logistic {
    let mut weights = [0.0_f64; N];
    for _ in 0..ROUNDS {
        let mut gradient = weights.map(|w| -RIDGE * w);
        let mut hessian = [[0.0_f64; N]; N];
        for (n, row) in hessian.iter_mut().enumerate() {
            row[n] = RIDGE;
        }
        for (features, right) in rows {
            let x = features.map(f64::from);
            let sum: f64 = x.iter().zip(&weights).map(|(x, w)| x * w).sum();
            let p = 1.0 / (1.0 + (-sum).exp());
            let residual = f64::from(u8::from(*right)) - p;
            let weight = (p * (1.0 - p)).max(1e-6);
            for i in 0..N {
                gradient[i] += residual * x[i];
                for j in 0..N {
                    hessian[i][j] += weight * x[i] * x[j];
                }
            }
        }
        let step = solve(hessian, gradient);
        for (weight, step) in weights.iter_mut().zip(step) {
            *weight += step.clamp(-2.0, 2.0);
        }
        if step.iter().all(|step| step.abs() < 1e-6) {
            break;
        }
    }
    Logistic(weights.map(|w| ((w * 1e4).round() / 1e4) as f32).to_vec())
}

/// A row of features as places and values of what is not 0.
pub type Sparse = Vec<(usize, f32)>;

/// Sweeps over all features of [`fit_sparse`].
const SWEEPS: usize = 200;
/// Largest step that is still worth a sweep.
const SETTLED: f64 = 1e-3;

/// Fits `count` weights to rows of many features, one after the other by Newton's step (coordinate descent; Friedman,
/// Hastie and Tibshirani, Regularization Paths for Generalized Linear Models via Coordinate Descent, 2010). The
/// first feature, the bias, is not penalised.
#[must_use]
pub fn fit_sparse(rows: &[(&Sparse, bool)], count: usize, ridge: f64) -> Vec<f32> {
    let rows: Vec<(&Sparse, bool, f64)> = rows
        .iter()
        .map(|(row, right)| (*row, *right, 1.0))
        .collect();
    fit_weighted(&rows, count, ridge)
}

/// The same of rows that count more or less, by their last part.
#[must_use]
pub fn fit_weighted(rows: &[(&Sparse, bool, f64)], count: usize, ridge: f64) -> Vec<f32> {
    let mut columns: Vec<Vec<(usize, f64)>> = vec![Vec::new(); count];
    for (n, (features, ..)) in rows.iter().enumerate() {
        for (place, value) in *features {
            columns[*place].push((n, f64::from(*value)));
        }
    }
    let mut weights = vec![0.0_f64; count];
    let mut sums = vec![0.0_f64; rows.len()];
    for _ in 0..SWEEPS {
        let mut largest = 0.0_f64;
        for (place, column) in columns.iter().enumerate() {
            let penalty = if place == 0 { 1e-6 } else { ridge };
            let (mut gradient, mut curvature) = (-penalty * weights[place], penalty);
            for (n, x) in column {
                let p = 1.0 / (1.0 + (-sums[*n]).exp());
                let (_, right, counts) = rows[*n];
                gradient += counts * (f64::from(u8::from(right)) - p) * x;
                curvature += counts * (p * (1.0 - p)).max(1e-6) * x * x;
            }
            let step = (gradient / curvature).clamp(-1.0, 1.0);
            if step.abs() < 1e-9 {
                continue;
            }
            weights[place] += step;
            for (n, x) in column {
                sums[*n] += step * x;
            }
            largest = largest.max(step.abs());
        }
        if largest < SETTLED {
            break;
        }
    }
    weights.into_iter().map(|w| w as f32).collect()
}

/// Rounds of [`newton`], and the step that ends them.
const NEWTON_ROUNDS: usize = 60;
const NEWTON_SETTLED: f64 = 1e-7;

/// The same weights as [`fit_weighted`], to the last digit: Newton's method over all of them at once, which takes a table
/// of `count` by `count` and goes on until nothing moves, where one weight after the other stops early when features
/// tell nearly the same. The penalised likelihood has one maximum, so that it is what any other way would find.
#[must_use]
pub fn newton(rows: &[(&Sparse, bool, f64)], count: usize, ridge: f64) -> Vec<f32> {
    let penalty = |place: usize| if place == 0 { 1e-6 } else { ridge };
    let sum = |features: &Sparse, weights: &[f64]| -> f64 {
        let parts = features.iter();
        parts
            .map(|(place, x)| f64::from(*x) * weights[*place])
            .sum()
    };
    let loss = |weights: &[f64]| -> f64 {
        let told: f64 = rows
            .iter()
            .map(|(features, right, counts)| {
                let sum = sum(features, weights);
                let wrong_way = if *right { -sum } else { sum };
                counts * (wrong_way.max(0.0) + (-wrong_way.abs()).exp().ln_1p())
            })
            .sum();
        let squares = weights.iter().enumerate();
        told + squares.map(|(n, w)| penalty(n) * w * w / 2.0).sum::<f64>()
    };
    let mut weights = vec![0.0_f64; count];
    let mut lost = loss(&weights);
    for _ in 0..NEWTON_ROUNDS {
        let mut gradient: Vec<f64> = (0..count).map(|n| -penalty(n) * weights[n]).collect();
        let mut hessian = vec![vec![0.0_f64; count]; count];
        for (n, row) in hessian.iter_mut().enumerate() {
            row[n] = penalty(n);
        }
        for (features, right, counts) in rows {
            let p = 1.0 / (1.0 + (-sum(features, &weights)).exp());
            let residual = counts * (f64::from(u8::from(*right)) - p);
            let weight = counts * (p * (1.0 - p)).max(1e-9);
            for (at, (i, x)) in features.iter().enumerate() {
                gradient[*i] += residual * f64::from(*x);
                let scaled = weight * f64::from(*x);
                for (j, y) in &features[..=at] {
                    hessian[*i][*j] += scaled * f64::from(*y);
                }
            }
        }
        let step = cholesky(hessian, gradient);
        // Far from the maximum a whole step may go too far.
        let mut share = 1.0_f64;
        let (next, left) = loop {
            let next: Vec<f64> = weights
                .iter()
                .zip(&step)
                .map(|(w, s)| w + share * s)
                .collect();
            let left = loss(&next);
            if left <= lost || share < 1e-4 {
                break (next, left);
            }
            share /= 2.0;
        };
        (weights, lost) = (next, left);
        if step.iter().all(|step| step.abs() < NEWTON_SETTLED) {
            break;
        }
    }
    weights.into_iter().map(|w| w as f32).collect()
}

/// Solves a positive definite system of which the lower half is given.
fn cholesky(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let count = right.len();
    for i in 0..count {
        for j in 0..=i {
            let (above, below) = matrix.split_at_mut(i);
            let row = &mut below[0];
            let other: &[f64] = if j == i { &[] } else { &above[j] };
            let done: f64 = if j == i {
                row[..i].iter().map(|x| x * x).sum()
            } else {
                row[..j].iter().zip(other).map(|(x, y)| x * y).sum()
            };
            row[j] = if j == i {
                (row[i] - done).max(f64::MIN_POSITIVE).sqrt()
            } else {
                (row[j] - done) / other[j]
            };
        }
        let done: f64 = matrix[i][..i].iter().zip(&right).map(|(x, y)| x * y).sum();
        right[i] = (right[i] - done) / matrix[i][i];
    }
    for i in (0..count).rev() {
        let done: f64 = (i + 1..count).map(|j| matrix[j][i] * right[j]).sum();
        right[i] = (right[i] - done) / matrix[i][i];
    }
    right
}

/// The weighted sum of a row.
#[must_use]
pub fn sum(features: &Sparse, weights: &[f32]) -> f32 {
    features
        .iter()
        .map(|(place, value)| value * weights[*place])
        .sum()
}

/// Gaussian elimination of a positive definite system.
fn solve<const N: usize>(mut matrix: [[f64; N]; N], mut right: [f64; N]) -> [f64; N] {
    for i in 0..N {
        for j in i + 1..N {
            let factor = matrix[j][i] / matrix[i][i];
            let pivot = matrix[i];
            for (cell, pivot) in matrix[j].iter_mut().zip(pivot).skip(i) {
                *cell -= factor * pivot;
            }
            right[j] -= factor * right[i];
        }
    }
    for i in (0..N).rev() {
        for j in i + 1..N {
            right[i] -= matrix[i][j] * right[j];
        }
        right[i] /= matrix[i][i];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::{Sparse, fit, fit_sparse, fit_weighted, newton};

    #[test]
    fn weights_come_back() {
        // Right with the probability that the weights -1 and 2 give.
        let rows: Vec<([f32; 2], bool)> = (0..4000)
            .map(|n| {
                let x = (n % 40) as f32 / 20.0 - 1.0;
                let p = 1.0 / (1.0 + (1.0 - 2.0 * x).exp());
                ([1.0, x], ((n / 40) as f32 + 0.5) / 100.0 < p)
            })
            .collect();
        let fitted = fit(&rows).0;
        assert!((fitted[0] + 1.0).abs() < 0.1, "{fitted:?}");
        assert!((fitted[1] - 2.0).abs() < 0.1, "{fitted:?}");
    }

    #[test]
    fn sparse_rows_give_the_same_weights() {
        let rows: Vec<(Sparse, bool)> = (0..4000)
            .map(|n| {
                let x = (n % 40) as f32 / 20.0 - 1.0;
                let p = 1.0 / (1.0 + (1.0 - 2.0 * x).exp());
                (vec![(0, 1.0), (2, x)], ((n / 40) as f32 + 0.5) / 100.0 < p)
            })
            .collect();
        let rows: Vec<(&Sparse, bool)> = rows.iter().map(|(x, right)| (x, *right)).collect();
        let fitted = fit_sparse(&rows, 3, 1.0);
        assert!((fitted[0] + 1.0).abs() < 0.1, "{fitted:?}");
        assert!(fitted[1].abs() < f32::EPSILON, "{fitted:?}");
        assert!((fitted[2] - 2.0).abs() < 0.1, "{fitted:?}");
    }

    #[test]
    fn a_row_that_counts_twice_is_two_rows() {
        let (one, other): (Sparse, Sparse) = (vec![(0, 1.0), (1, 1.0)], vec![(0, 1.0), (1, -1.0)]);
        let twice = fit_weighted(
            &[(&one, true, 2.0), (&other, false, 1.0), (&one, false, 1.0)],
            2,
            1.0,
        );
        let rows = [(&one, true), (&one, true), (&other, false), (&one, false)];
        let same = fit_sparse(&rows, 2, 1.0);
        for (a, b) in twice.iter().zip(&same) {
            assert!((a - b).abs() < 1e-3, "{twice:?} {same:?}");
        }
    }

    #[test]
    fn all_weights_at_once_are_at_the_maximum() {
        // The second and third feature tell nearly the same.
        let rows: Vec<(Sparse, bool)> = (0..4000)
            .map(|n| {
                let x = (n % 40) as f32 / 20.0 - 1.0;
                let p = 1.0 / (1.0 + (1.0 - 2.0 * x).exp());
                let nearly = x + ((n % 7) as f32 - 3.0) / 100.0;
                let row = vec![(0, 1.0), (1, x), (2, nearly)];
                (row, ((n / 40) as f32 + 0.5) / 100.0 < p)
            })
            .collect();
        let rows: Vec<(&Sparse, bool, f64)> =
            rows.iter().map(|(row, right)| (row, *right, 1.0)).collect();
        let fitted = newton(&rows, 3, 1.0);
        assert!((fitted[0] + 1.0).abs() < 0.1, "{fitted:?}");
        assert!((fitted[1] + fitted[2] - 2.0).abs() < 0.1, "{fitted:?}");
        for place in 0..3 {
            let mut slope = if place == 0 {
                0.0
            } else {
                -f64::from(fitted[place])
            };
            for (row, right, counts) in &rows {
                let sum: f32 = row.iter().map(|(n, x)| x * fitted[*n]).sum();
                let p = 1.0 / (1.0 + (-f64::from(sum)).exp());
                slope += counts * (f64::from(u8::from(*right)) - p) * f64::from(row[place].1);
            }
            assert!(slope.abs() < 1e-2, "{place}: {slope}");
        }
    }
}
