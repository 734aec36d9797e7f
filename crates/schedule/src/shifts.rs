//! When a user of a closed loop is there, where users come and go.
//!
//! Main function: [`shifts`]. Must not know of requests: a user who leaves ends what it began.

use acidtest_record::Stages;

/// The stretches of time, in seconds from the start, in which user number `user` (from 0) is
/// there: while the level of the stages is at least `user + 1`.
#[must_use]
pub fn shifts(stages: &Stages, user: u32) -> Vec<(f64, f64)> {
    // A level that is reached but for rounding counts as reached.
    let needed = f64::from(user) + 1.0 - 1e-9;
    let mut found: Vec<(f64, f64)> = Vec::new();
    let mut begin = 0.0;
    for stage in stages.all() {
        let crossing = |level: f64| stage.seconds * (level - stage.from) / (stage.to - stage.from);
        let there = match (stage.from >= needed, stage.to >= needed) {
            (true, true) => Some((0.0, stage.seconds)),
            (false, true) => Some((crossing(needed).clamp(0.0, stage.seconds), stage.seconds)),
            (true, false) => Some((0.0, crossing(needed).clamp(0.0, stage.seconds))),
            (false, false) => None,
        };
        if let Some((from, to)) = there.filter(|(from, to)| from < to) {
            let (from, to) = (begin + from, begin + to);
            match found.last_mut() {
                Some(last) if last.1 >= from => last.1 = to,
                _ => found.push((from, to)),
            }
        }
        begin += stage.seconds;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_record::LoadStage;

    fn stages(of: &[(f64, f64, f64)]) -> Stages {
        let stage =
            |(seconds, from, to): &(f64, f64, f64)| LoadStage { seconds: *seconds, from: *from, to: *to };
        Stages::new(of.iter().map(stage).collect()).unwrap()
    }

    #[test]
    fn users_are_there_while_the_level_asks_for_them() {
        let up_and_down = stages(&[(10.0, 0.0, 5.0), (10.0, 5.0, 5.0), (10.0, 5.0, 0.0), (5.0, 2.0, 2.0)]);
        let near = |found: Vec<(f64, f64)>, expect: &[(f64, f64)]| {
            assert_eq!(found.len(), expect.len(), "{found:?}");
            for (f, e) in found.iter().zip(expect) {
                assert!((f.0 - e.0).abs() < 1e-6 && (f.1 - e.1).abs() < 1e-6, "{found:?}");
            }
        };
        near(shifts(&up_and_down, 0), &[(2.0, 28.0), (30.0, 35.0)]);
        near(shifts(&up_and_down, 1), &[(4.0, 26.0), (30.0, 35.0)]);
        near(shifts(&up_and_down, 4), &[(10.0, 20.0)]);
        near(shifts(&up_and_down, 5), &[]);
    }

    #[test]
    fn at_every_moment_there_are_as_many_as_the_level_says() {
        let all = stages(&[(7.0, 3.0, 9.0), (5.0, 4.0, 4.0), (6.0, 0.0, 7.5), (3.0, 7.5, 1.0)]);
        let users: Vec<Vec<(f64, f64)>> = (0..9).map(|u| shifts(&all, u)).collect();
        for step in 0..2099 {
            let at = f64::from(step) * 0.01 + 0.0033;
            let there = users.iter().filter(|s| s.iter().any(|(from, to)| *from <= at && at < *to)).count();
            assert_eq!(there, all.at(at).floor() as usize, "at {at} s");
        }
    }
}
