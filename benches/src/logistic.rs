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
    use super::fit;

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
}
