//! What else may decide a battle than who is better: length, headings, lists.
//!
//! Main type: [`Style`]. As the arena's style control does it: relative differences of numbers that
//! both answers have are further terms of the logistic model.

use super::battle::RatingError;

/// Most style columns.
pub const MAX_STYLE: usize = 16;

/// Differences of the two answers in each battle, one number for each column.
#[derive(Debug, Clone, PartialEq)]
pub struct Style {
    columns: usize,
    values: Vec<f64>,
    spread: Vec<f64>,
}

/// What a style column does.
#[derive(Debug, Clone, PartialEq)]
pub struct StyleEffect {
    /// Points for a difference of one standard deviation.
    pub points: f64,
    /// Ends of its interval, where there is one.
    pub ends: Option<super::Ends>,
    /// Root mean square of the relative difference: what one standard deviation is.
    pub spread: f64,
}

impl Style {
    /// From pairs of columns: the numbers of first and of second answers.
    ///
    /// x = (a − b) / (|a| + |b|), 0 where both are 0, divided by its root mean square. No mean is
    /// taken off: to swap the sides of a battle must turn its sign and nothing else.
    ///
    /// # Errors
    /// Columns of unlike length, numbers that are not finite, or a column without any difference.
    pub fn new(pairs: &[(&[f64], &[f64])]) -> Result<Style, RatingError> {
        let columns = pairs.len();
        if columns > MAX_STYLE {
            let expected = "at most 16 columns";
            return Err(RatingError::OutOfRange { what: "style", value: columns as f64, expected });
        }
        let battles = pairs.first().map_or(0, |(a, _)| a.len());
        let mut values = vec![0.0; battles * columns];
        let mut spread = Vec::new();
        for (column, (a, b)) in pairs.iter().enumerate() {
            let bad = |why| Err(RatingError::Style { column, why });
            if a.len() != battles || b.len() != battles {
                return bad("it has another number of lines than there are battles");
            }
            if a.iter().chain(*b).any(|x| !x.is_finite()) {
                return bad("it holds what is no finite number");
            }
            let relative = |a: f64, b: f64| {
                let size = a.abs() + b.abs();
                if size > 0.0 { (a / size) - (b / size) } else { 0.0 }
            };
            let x: Vec<f64> = a.iter().zip(*b).map(|(a, b)| relative(*a, *b)).collect();
            let rms = (x.iter().map(|x| x * x).sum::<f64>() / battles.max(1) as f64).sqrt();
            if rms.is_nan() || rms <= 0.0 {
                return bad("the two answers never differ in it");
            }
            x.iter().enumerate().for_each(|(i, x)| values[i * columns + column] = x / rms);
            spread.push(rms);
        }
        Ok(Style { columns, values, spread })
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of battles.
    pub fn battles(&self) -> usize {
        self.values.len().checked_div(self.columns).unwrap_or(0)
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Root mean square of each relative difference.
    pub fn spread(&self) -> &[f64] {
        &self.spread
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_sides_turn_the_sign() {
        let (a, b) = ([100.0, 50.0, 0.0], [300.0, 50.0, 0.0]);
        let (there, back) = (Style::new(&[(&a, &b)]).unwrap(), Style::new(&[(&b, &a)]).unwrap());
        assert_eq!(there.values()[0], -back.values()[0]);
        assert_eq!(&there.values()[1..], [0.0, 0.0]);
        assert!((there.values()[0] + 3f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn useless_columns_are_errors() {
        for (a, b) in [(vec![1.0], vec![1.0]), (vec![1.0], vec![]), (vec![f64::NAN], vec![1.0])] {
            assert!(Style::new(&[(&a, &b)]).is_err());
        }
    }
}
