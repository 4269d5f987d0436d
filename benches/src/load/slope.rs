//! How fast something grows: a straight line by least squares.
//!
//! Neighbouring looks are not independent, and would make the line look surer than it is; so the line goes
//! through one point a window, which nearly are: the least of its looks. What is held for pages that are under way
//! comes and goes, and is more when other programs slow them down; what leaks is held between them too.

/// Windows that the time is cut into.
const WINDOWS: usize = 16;

/// A change in an hour with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slope {
    /// In an hour.
    pub an_hour: f64,
    /// Half of the 95 % interval.
    pub half: f64,
}

impl Slope {
    /// Of values at seconds, in order of time; none of less than two values a window.
    pub fn of(values: &[(f64, f64)]) -> Option<Self> {
        let a_window = values.len() / WINDOWS;
        if a_window < 2 {
            return None;
        }
        // The first ones are left out where the windows do not hold all.
        let values = &values[values.len() - WINDOWS * a_window..];
        let mean = |of: fn(&(f64, f64)) -> f64, among: &[(f64, f64)]| {
            among.iter().map(of).sum::<f64>() / among.len() as f64
        };
        let points: Vec<(f64, f64)> = values
            .chunks(a_window)
            .map(|window| {
                let least = window.iter().map(|v| v.1).fold(f64::MAX, f64::min);
                (mean(|v| v.0 / 3600.0, window), least)
            })
            .collect();
        let (x_mean, y_mean) = (mean(|p| p.0, &points), mean(|p| p.1, &points));
        let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
            points.iter().map(|(x, y)| of(x - x_mean, y - y_mean)).sum()
        };
        let spread = sum(&|x, _| x * x);
        let an_hour = sum(&|x, y| x * y) / spread;
        let left = sum(&|x, y| (y - an_hour * x).powi(2));
        let freedom = (WINDOWS - 2) as f64;
        let half = T_OF_14 * (left / freedom / spread).sqrt();
        Some(Self { an_hour, half })
    }

    /// Whether even the lower end of the interval lies above so much an hour.
    pub fn exceeds(&self, an_hour: f64) -> bool {
        self.an_hour - self.half > an_hour
    }
}

/// The 97.5th percentile of Student's t with `WINDOWS - 2` degrees of freedom.
const T_OF_14: f64 = 2.145;

#[cfg(test)]
mod tests {
    use fixtures::rng::Rng;

    use super::Slope;

    fn looks(of: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        let mut rng = Rng::new(5);
        (0..1000)
            .map(|look| {
                let seconds = 2.0 * f64::from(look);
                (seconds, of(seconds) + rng.range(-10.0, 10.0))
            })
            .collect()
    }

    #[test]
    fn growth_is_found_under_noise_and_noise_is_no_growth() {
        let grows = Slope::of(&looks(|seconds| 500.0 + 30.0 * seconds / 3600.0)).unwrap();
        assert!((grows.an_hour - 30.0).abs() < grows.half, "{grows:?}");
        assert!(grows.exceeds(20.0) && !grows.exceeds(30.0), "{grows:?}");
        let flat = Slope::of(&looks(|_| 500.0)).unwrap();
        assert!(
            flat.an_hour.abs() < flat.half && !flat.exceeds(0.0),
            "{flat:?}"
        );
    }

    #[test]
    fn what_comes_and_goes_is_no_growth() {
        // Pages take longer and longer, so that more of the time one is under way.
        let busy = looks(|seconds| {
            let under_way = seconds % 100.0 < 20.0 + seconds / 40.0;
            500.0 + if under_way { 300.0 } else { 0.0 }
        });
        assert!(!Slope::of(&busy).unwrap().exceeds(5.0));
    }

    #[test]
    fn one_step_is_less_sure_than_a_line() {
        // A model that is opened half-way raises the line and its uncertainty.
        let step = Slope::of(&looks(|seconds| if seconds < 1000.0 { 0.0 } else { 20.0 })).unwrap();
        assert!(step.an_hour > 20.0 && step.half > 10.0, "{step:?}");
    }

    #[test]
    fn a_few_looks_are_no_line() {
        assert_eq!(Slope::of(&looks(|_| 1.0)[..31]), None);
    }
}
