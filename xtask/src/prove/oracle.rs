//! Random inputs against the reference packages themselves.
//!
//! Main item: [`run`]. A Python script makes cases from a seed, with the answers of the packages, in
//! the form of the golden files; the golden test of `acidtest-metrics` then compares each of them.
//! It states how many agreed, and fails when one did not.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};

use super::page;
use super::python::Venv;
use crate::shell;

const PAGE: &str = "docs/benchmarks.md";
const PACKAGES: [&str; 9] = [
    "sacrebleu==2.6.0",
    "rouge-score==0.1.2",
    "nltk==3.10.4",
    "scikit-learn==1.9.1",
    "jiwer==4.0.0",
    "RapidFuzz==3.14.6",
    "scipy==1.17.1",
    "numpy==2.3.3",
    "evalica==0.4.2",
];
/// Cases of the cheapest kinds; costly kinds get a share.
const CASES: &str = "2000";

/// `oracle [SEED [CASES]]`: generate, compare, write the table.
pub(super) fn run(words: &[&str]) -> Result<()> {
    let (seed, cases) = match words {
        [] => ("20261126", CASES),
        [seed] => (*seed, CASES),
        [seed, cases] => (*seed, *cases),
        _ => bail!("expected `prove oracle [SEED [CASES]]`"),
    };
    let numbers = seed.parse::<u32>().is_ok() && cases.parse::<u32>().is_ok();
    if !numbers {
        bail!("seed '{seed}' and cases '{cases}' must be whole numbers");
    }
    let venv = Venv::ready("oracle", &PACKAGES)?;
    let folder = shell::target_dir()?.join("prove-oracle");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("{} cannot be emptied", folder.display()))?;
    }
    let mut generate = venv.script("oracle/generate.py")?;
    generate.arg(&folder).args([seed, cases]);
    println!("making cases from seed {seed}");
    print!("{}", shell::output(generate)?);
    let mut compare = shell::program("cargo")?;
    compare
        .args(["test", "--quiet", "--locked", "-p", "acidtest-metrics", "--test", "golden"])
        .env("ACIDTEST_GOLDEN", &folder);
    let done = compare.output().context("cargo cannot be started")?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    print!("{said}");
    let rows = rows(&said);
    if rows.is_empty() {
        bail!("the golden test printed no table: {}", String::from_utf8_lossy(&done.stderr));
    }
    page::put(PAGE, "oracle", &table(&rows, seed)?)?;
    if !done.status.success() {
        bail!("some answers differ, see above");
    }
    Ok(())
}

/// One line of the golden test's table: package, passed, failed, not implemented.
type Row = (String, u64, u64, u64);

fn rows(said: &str) -> Vec<Row> {
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, passed, failed, missing] = words.as_slice() else { return None };
        let name = name.strip_suffix(".jsonl")?;
        Some((name.to_owned(), passed.parse().ok()?, failed.parse().ok()?, missing.parse().ok()?))
    };
    said.lines().filter_map(row).collect()
}

fn table(rows: &[Row], seed: &str) -> Result<String> {
    let mut date = shell::program("date")?;
    date.args(["-u", "+%Y-%m-%d"]);
    let mut out = format!(
        "Compared {} by `cargo xtask prove oracle {seed}`: random texts (hostile Unicode, empty, up to \
         20,000 words), labels, scores, samples, battles, random streams; each answered by the package and \
         compared field by field with the tolerances of fixtures/golden/README.md.\n\n\
         | package | version | cases | agree | differ |\n| --- | --- | ---: | ---: | ---: |\n",
        shell::output(date)?.trim()
    );
    for (name, passed, failed, missing) in rows {
        let version = PACKAGES.iter().find_map(|p| p.split_once("==").filter(|(n, _)| n == name));
        let version = version.map_or("", |(_, v)| v);
        let not = if *missing > 0 { format!(" ({missing} not implemented)") } else { String::new() };
        writeln!(out, "| {name} | {version} | {} | {passed} | {failed}{not} |", passed + failed + missing)?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_golden_test_is_read() {
        let said = "golden  passed failed not implemented\nscipy.jsonl  20  1  36\ntotal  20  1  36\n";
        assert_eq!(rows(said), [("scipy".to_owned(), 20, 1, 36)]);
    }
}
