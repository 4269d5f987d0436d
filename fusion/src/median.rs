//! The median, which a few strays do not move.

/// Of these values; between the two in the middle where their number is even, and none of none.
pub(crate) fn median(values: impl Iterator<Item = f32>) -> Option<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    let half = values.len() / 2;
    let upper = *values.get(half)?;
    Some(if values.len() % 2 == 1 {
        upper
    } else {
        f32::midpoint(values[half - 1], upper)
    })
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn half_of_the_values_lie_on_either_side() {
        for (values, want) in [
            (vec![], None),
            (vec![3.0], Some(3.0)),
            (vec![9.0, 1.0, 2.0], Some(2.0)),
            (vec![4.0, 1.0, 100.0, 2.0], Some(3.0)),
        ] {
            assert_eq!(median(values.into_iter()), want);
        }
    }
}
