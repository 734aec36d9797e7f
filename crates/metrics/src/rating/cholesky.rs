//! Dense symmetric positive definite systems.
//!
//! Main type: [`Cholesky`]. Row-major, so that the inner loops run over neighbours in memory.

/// The lower factor L of A = L Lᵀ.
#[derive(Debug, Clone)]
pub(crate) struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

/// A dense square matrix, row by row.
pub(crate) type Square = Vec<f64>;

impl Cholesky {
    /// Factors a matrix of which the lower triangle is read; `None` when it is not positive
    /// definite in double precision.
    pub(crate) fn of(mut a: Square, size: usize) -> Option<Cholesky> {
        for i in 0..size {
            let (done, rest) = a.split_at_mut(i * size);
            let row = &mut rest[..size];
            for j in 0..i {
                let other = &done[j * size..j * size + size];
                let sum = row[j] - dot(&row[..j], &other[..j]);
                row[j] = sum / other[j];
            }
            let before = row[i];
            let pivot = before - dot(&row[..i], &row[..i]);
            if !(pivot > before.abs() * 1e-14 && pivot.is_finite()) {
                return None;
            }
            row[i] = pivot.sqrt();
        }
        Some(Cholesky { size, lower: a })
    }

    /// Solves A x = b in place.
    pub(crate) fn solve(&self, x: &mut [f64]) {
        let n = self.size;
        for i in 0..n {
            let row = &self.lower[i * n..i * n + i + 1];
            x[i] = (x[i] - dot(&row[..i], &x[..i])) / row[i];
        }
        for i in (0..n).rev() {
            let row = &self.lower[i * n..i * n + i + 1];
            x[i] /= row[i];
            let at = x[i];
            for (x, l) in x[..i].iter_mut().zip(row) {
                *x -= at * l;
            }
        }
    }

    /// A⁻¹.
    pub(crate) fn inverse(&self) -> Square {
        let n = self.size;
        let mut out = vec![0.0; n * n];
        for (i, row) in out.chunks_exact_mut(n).enumerate() {
            row[i] = 1.0;
            self.solve(row);
        }
        // Rounding must not make it asymmetric.
        for i in 0..n {
            for j in 0..i {
                let mean = 0.5 * (out[i * n + j] + out[j * n + i]);
                (out[i * n + j], out[j * n + i]) = (mean, mean);
            }
        }
        out
    }
}

/// `left × right`, both square; zeros of the left cost nothing.
pub(crate) fn product(left: &[f64], right: &[f64], size: usize) -> Square {
    let mut out = vec![0.0; size * size];
    for (row, sums) in left.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
        for (factor, other) in row.iter().zip(right.chunks_exact(size)).filter(|(f, _)| **f != 0.0) {
            for (sum, x) in sums.iter_mut().zip(other) {
                *sum += factor * x;
            }
        }
    }
    out
}

/// Sum of products, in four lanes.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a4.zip(b4) {
        for (lane, (x, y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
            *lane += x * y;
        }
    }
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_and_inverts() {
        let a = vec![4.0, 2.0, 1.0, 2.0, 5.0, 3.0, 1.0, 3.0, 6.0];
        let factor = Cholesky::of(a.clone(), 3).unwrap();
        let identity = product(&a, &factor.inverse(), 3);
        for (i, x) in identity.iter().enumerate() {
            assert!((x - f64::from(u8::from(i % 4 == 0))).abs() < 1e-14);
        }
        let mut x = [7.0, 10.0, 10.0];
        factor.solve(&mut x);
        assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-14), "{x:?}");
    }

    #[test]
    fn a_singular_matrix_has_no_factor() {
        assert!(Cholesky::of(vec![1.0, 1.0, 1.0, 1.0], 2).is_none());
        assert!(Cholesky::of(vec![f64::NAN], 1).is_none());
    }
}
