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
    use super::{Sparse, fit, fit_sparse, fit_weighted};

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
}
