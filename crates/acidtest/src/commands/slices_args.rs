//! How a run is cut into slices of time: the flags of `run`, `bench` and `report`.
//!
//! Main type: [`SlicesArgs`].

use acidtest_findings::Slicing;

/// Flags of the table over time.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct SlicesArgs {
    /// Also show the run over time: cut into so many slices, into slices of a length such as 5s, or as fits
    #[arg(long, value_name = "N|D", num_args = 0..=1, default_missing_value = "auto", require_equals = true, value_parser = slicing)]
    slices: Option<Slicing>,
}

impl SlicesArgs {
    /// How, where it is asked for.
    pub(crate) fn how(&self) -> Option<Slicing> {
        self.slices
    }
}

fn slicing(text: &str) -> Result<Slicing, String> {
    if text == "auto" {
        return Ok(Slicing::Auto);
    }
    let what =
        "expected a number of slices from 1 to 1000, or their length with a unit: --slices=30, --slices=5s";
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let n = text.parse::<u32>().ok().filter(|n| (1..=1000).contains(n));
        return n.map(Slicing::Count).ok_or_else(|| what.to_owned());
    }
    super::bench_load::seconds(text).map(Slicing::Seconds).map_err(|_| what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_count_and_a_length_has_a_unit() {
        assert_eq!(slicing("auto"), Ok(Slicing::Auto));
        assert_eq!(slicing("30"), Ok(Slicing::Count(30)));
        assert_eq!(slicing("5s"), Ok(Slicing::Seconds(5.0)));
        assert_eq!(slicing("1.5 min"), Ok(Slicing::Seconds(90.0)));
        for bad in ["0", "1001", "x", "", "-5s", "5.5", "99999999999999"] {
            assert!(slicing(bad).is_err(), "{bad}");
        }
    }
}
