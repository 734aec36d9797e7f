//! The grid, its tallies and the page: [`Page`].

pub mod differences;
pub mod ranks;
pub mod shares;
pub mod sums;
pub mod wolf;

use acidtest_metrics::stats::{Interval, NoInterval, Pcg64, normal_quantile};

pub const LEVEL: f64 = 0.95;
pub const SIZES: [usize; 4] = [20, 50, 200, 1000];
pub const SHARES: [f64; 4] = [0.5, 0.8, 0.95, 0.99];

/// What is asked of a method.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Used by default for smooth statistics: 93.5 to 96.5 % from n = 200 on, 90 % everywhere.
    Smooth,
    /// Used by default for counts, whose coverage goes up and down with n and p: 90 % everywhere.
    Lattice,
    /// Used by default and meant to err on the safe side: 95 %.
    Safe,
    /// Not used by default; for comparison.
    Beside,
}

/// One method's cell.
#[derive(Clone)]
pub struct Tally {
    design: String,
    n: usize,
    truth: f64,
    method: &'static str,
    kind: Kind,
    below: u32,
    above: u32,
    width: f64,
    bounded: u32,
    given: u32,
    warned: u32,
}

impl Tally {
    pub fn new(design: &str, n: usize, truth: f64, method: &'static str, kind: Kind) -> Tally {
        let design = design.to_owned();
        Tally {
            design,
            n,
            truth,
            method,
            kind,
            below: 0,
            above: 0,
            width: 0.0,
            bounded: 0,
            given: 0,
            warned: 0,
        }
    }

    pub fn add(&mut self, found: &Result<Interval, NoInterval>, warns: bool) {
        let Ok(i) = found else { return };
        self.given += 1;
        self.warned += u32::from(warns);
        // Below: the truth lies under the lower end.
        self.below += u32::from(i.low.is_some_and(|low| self.truth < low - 1e-12));
        self.above += u32::from(i.high.is_some_and(|high| self.truth > high + 1e-12));
        if let (Some(low), Some(high)) = (i.low, i.high) {
            self.width += high - low;
            self.bounded += 1;
        }
    }

    fn coverage(&self) -> f64 {
        1.0 - f64::from(self.below + self.above) / f64::from(self.given.max(1))
    }

    /// Monte-Carlo standard error of the coverage.
    fn error(&self) -> f64 {
        let c = self.coverage();
        (c * (1.0 - c) / f64::from(self.given.max(1))).sqrt()
    }

    /// Whether the cell misses its goal by more than twice its Monte-Carlo error.
    fn misses(&self) -> bool {
        let (c, slack) = (self.coverage(), 2.0 * self.error());
        let warns = self.warned * 2 > self.given;
        match self.kind {
            _ if self.given == 0 => false,
            Kind::Beside => false,
            Kind::Safe => c + slack < 0.95,
            Kind::Lattice => c + slack < 0.90 && !warns,
            Kind::Smooth if self.n >= 200 && !warns => c + slack < 0.935 || c - slack > 0.965,
            Kind::Smooth => c + slack < 0.90 && !warns,
        }
    }
}

/// Everything that was simulated.
pub struct Page {
    pub sets: usize,
    cells: Vec<Tally>,
}

impl Page {
    pub fn new(sets: usize) -> Page {
        Page { sets, cells: Vec::new() }
    }

    pub fn take(&mut self, cells: impl IntoIterator<Item = Tally>) {
        self.cells.extend(cells);
    }

    pub fn print(&self, errors: &[wolf::Rate]) {
        let missed: Vec<&Tally> = self.cells.iter().filter(|c| c.misses()).collect();
        let judged = self.cells.iter().filter(|c| c.kind != Kind::Beside && c.given > 0).count();
        println!("{} of {judged} cells of default methods keep their goal.", judged - missed.len());
        let low = |c: &&Tally| c.kind != Kind::Beside && c.given > 0 && c.coverage() + 2.0 * c.error() < 0.90;
        let warned: Vec<&Tally> = self.cells.iter().filter(low).filter(|c| !c.misses()).collect();
        println!(
            "{} of them cover less than 90 % and keep it only because the program warns there:",
            warned.len()
        );
        for c in &warned {
            println!(
                "- {}, n {}, truth {:.3}: {} covers {:.1} %",
                c.design,
                c.n,
                c.truth,
                c.method,
                100.0 * c.coverage()
            );
        }
        for c in &missed {
            let (p, truth) = (100.0 * c.coverage(), c.truth);
            println!("- missed: {}, n {}, truth {truth:.3}: {} covers {p:.1} %", c.design, c.n, c.method);
        }
        println!("\n## Coverage of 95 % intervals\n");
        println!(
            "| data | n | truth | method | default | covers % | ± | truth below % | above % | mean width | given % | warns % |"
        );
        println!("| --- | ---: | ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        self.cells.iter().for_each(|c| self.line(c));
        println!("\n## Type I errors of tests at 5 %\n");
        println!("| data | n | test | error % | ± | goal 6 % |\n| --- | ---: | --- | ---: | ---: | --- |");
        errors.iter().for_each(|e| println!("{}", e.line()));
    }

    fn line(&self, c: &Tally) {
        let share = |k: u32, of: u32| 100.0 * f64::from(k) / f64::from(of.max(1));
        let kind = match c.kind {
            Kind::Smooth => "yes",
            Kind::Lattice => "yes, counts",
            Kind::Safe => "yes, safe",
            Kind::Beside => "",
        };
        let given = 100.0 * f64::from(c.given) / self.sets as f64;
        if c.given == 0 {
            println!(
                "| {} | {} | {:.3} | {} | {kind} | – | – | – | – | – | 0 | – |",
                c.design, c.n, c.truth, c.method
            );
            return;
        }
        let width =
            if c.bounded == 0 { "–".to_owned() } else { format!("{:.3}", c.width / f64::from(c.bounded)) };
        println!(
            "| {} | {} | {:.3} | {} | {kind} | {:.1}{} | {:.1} | {:.1} | {:.1} | {width} | {given:.0} | {:.0} |",
            c.design,
            c.n,
            c.truth,
            c.method,
            100.0 * c.coverage(),
            if c.misses() { " **missed**" } else { "" },
            100.0 * c.error(),
            share(c.below, c.given),
            share(c.above, c.given),
            share(c.warned, c.given)
        );
    }
}

/// A standard normal deviate.
pub fn deviate(random: &mut Pcg64) -> f64 {
    let u = random.double().clamp(1e-300, 1.0 - 1e-16);
    normal_quantile(u).unwrap_or(0.0)
}
