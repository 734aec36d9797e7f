//! How often intervals hold the truth and tests cry wolf, on a grid fixed in advance:
//! `cargo run --release -p acidtest-metrics --example coverage_grid [SETS]`.
//!
//! Simulates data whose truth is known, asks the methods that the program uses by default and a
//! few others beside them, and prints Markdown. Seeded. `cargo xtask prove coverage` keeps the page.

#![allow(clippy::disallowed_methods, reason = "an example is a program: it reads its arguments")]
#![allow(clippy::print_stdout, reason = "an example program prints its table")]

mod grid;

use acidtest_metrics::stats::Pcg64;
use grid::{Page, differences, ranks, shares, sums, wolf};

fn main() {
    let sets = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(4000);
    let mut page = Page::new(sets);
    let mut random = Pcg64::seeded(20_261_126);
    shares::independent(&mut page, &mut random);
    shares::clustered(&mut page, &mut random);
    shares::repeated(&mut page, &mut random);
    shares::scores(&mut page, &mut random);
    sums::corpus(&mut page, &mut random);
    differences::paired(&mut page, &mut random);
    differences::independent(&mut page, &mut random);
    ranks::areas(&mut page, &mut random);
    ranks::f1(&mut page, &mut random);
    ranks::quantiles(&mut page, &mut random);
    let errors = wolf::tests(sets, &mut random);
    page.print(&errors);
}
