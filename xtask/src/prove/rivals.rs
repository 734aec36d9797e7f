//! Metrics beside the packages that people use for them: same files, same run, processor seconds.
//!
//! Main item: [`run`]. Compute against compute (imports and reading left out) and whole process
//! against whole process, medians of several rounds in which both sides take turns. The numbers
//! that come out are held against each other too.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::page;
use super::python::Venv;
use crate::shell;

const PAGE: &str = "docs/benchmarks.md";
const ROUNDS: usize = 3;
const PACKAGES: [&str; 12] = [
    "sacrebleu==2.6.0",
    "rouge-score==0.1.2",
    "nltk==3.10.4",
    "scikit-learn==1.9.1",
    "jiwer==4.0.0",
    "RapidFuzz==3.14.6",
    "numpy==2.3.3",
    "scipy==1.17.1",
    "evalica==0.4.2",
    "pandas",
    "bleuscore==0.2.0",
    "fastchrf==0.2.1",
];

/// One rival's work and what it is held against.
struct Pair {
    what: &'static str,
    rival: &'static str,
    /// Our example's word, where compute is compared.
    ours: Option<&'static str>,
    /// Arguments of our program, where whole processes are compared; FOLDER stands for the files'.
    program: &'static [&'static str],
    /// The goal for compute, or for whole processes where there is no compute of ours.
    goal: f64,
}

const TEXTS: [&str; 4] = ["--predictions", "FOLDER/hyp.txt", "--references", "FOLDER/ref.txt"];

const PAIRS: &[Pair] = &[
    pair("BLEU", "bleuscore", "bleu", &["--metrics", "bleu", "--no-interval"], 0.3),
    pair("BLEU", "sacrebleu-bleu", "bleu", &["--metrics", "bleu", "--no-interval"], 0.05),
    pair("chrF", "fastchrf", "chrf", &["--metrics", "chrf", "--no-interval"], 0.15),
    pair("chrF", "sacrebleu-chrf", "chrf", &["--metrics", "chrf", "--no-interval"], 0.15),
    pair("TER", "sacrebleu-ter", "ter", &["--metrics", "ter", "--no-interval"], 0.03),
    pair("ROUGE, four types, stemmer (5,000 pairs)", "rouge-score", "rouge", &[], 0.03),
    pair(
        "BLEU with 1000 resamples",
        "sacrebleu-bleu-1000",
        "bleu-1000",
        &["--metrics", "bleu", "--bootstrap", "1000"],
        0.05,
    ),
    pair("WER", "rapidfuzz-words", "wer", &["--metrics", "wer", "--no-interval"], 1.0),
    pair("WER", "jiwer-wer", "wer", &["--metrics", "wer", "--no-interval"], 1.0),
    pair("CER", "rapidfuzz-chars", "cer", &["--metrics", "cer", "--no-interval"], 1.0),
    pair("CER", "jiwer-cer", "cer", &["--metrics", "cer", "--no-interval"], 1.0),
    pair("ROC-AUC of 1M", "scikit-learn-auc", "auc", &[], 0.3),
    Pair {
        what: "Bradley-Terry, sandwich, 100 bootstraps, 1M battles x 100 models",
        rival: "fastchat-100",
        ours: None,
        program: &["rank", "FOLDER/battles.csv", "--bootstrap", "100", "--format", "json"],
        goal: 0.1,
    },
    Pair {
        what: "the same against a plain fit",
        rival: "evalica",
        ours: None,
        program: &["rank", "FOLDER/battles.csv", "--bootstrap", "100", "--format", "json"],
        goal: 0.2,
    },
];

const fn pair(
    what: &'static str,
    rival: &'static str,
    ours: &'static str,
    program: &'static [&'static str],
    goal: f64,
) -> Pair {
    Pair { what, rival, ours: Some(ours), program, goal }
}

/// `rivals [--built]`: data, both sides in turn, the table.
pub(super) fn run(words: &[&str]) -> Result<()> {
    if !matches!(words, [] | ["--built"]) {
        bail!("expected `prove rivals [--built]`");
    }
    let venv = Venv::ready("rivals", &PACKAGES)?;
    let (binary, example) = build(words.is_empty())?;
    let folder = shell::target_dir()?.join("prove-rivals");
    if !folder.join("battles.csv").exists() {
        let mut data = venv.script("rivals/data.py")?;
        data.arg(&folder);
        shell::output(data)?;
    }
    let bench = Bench { venv, binary, example, folder };
    let mut rows = Vec::new();
    for pair in PAIRS {
        if pair.rival.starts_with("fastchat") && std::env::var_os("ACIDTEST_FASTCHAT").is_none() {
            println!(
                "{}: left out, ACIDTEST_FASTCHAT names no folder with FastChat's rating_systems.py",
                pair.what
            );
            continue;
        }
        rows.push(bench.measure(pair)?);
    }
    let out = format!("{}{}", bench.head()?, rows.concat());
    print!("{out}");
    page::put(PAGE, "rivals", &out)
}

fn build(wanted: bool) -> Result<(PathBuf, PathBuf)> {
    if wanted {
        let mut cargo = shell::cargo()?;
        cargo.args(["build", "--release", "--locked", "-p", "acidtest"]);
        shell::output(cargo)?;
        let mut cargo = shell::cargo()?;
        cargo.args(["build", "--release", "--locked", "-p", "acidtest-metrics", "--example", "speed"]);
        shell::output(cargo)?;
    }
    let release = shell::target_dir()?.join("release");
    Ok((release.join("acidtest"), release.join("examples/speed")))
}

struct Bench {
    venv: Venv,
    binary: PathBuf,
    example: PathBuf,
    folder: PathBuf,
}

/// What one side did in one round: compute, whole process, value.
#[derive(Clone, Copy)]
struct Round {
    compute: f64,
    process: f64,
    value: f64,
}

impl Bench {
    fn head(&self) -> Result<String> {
        let mut date = shell::program("date")?;
        date.args(["-u", "+%Y-%m-%d"]);
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let ours = said(&mut self.ours("floor"))?.0;
        let theirs = said(&mut self.rival("floor")?)?.0;
        Ok(format!(
            "Measured {} by `cargo xtask prove rivals` · {cores} shared cores · medians of {ROUNDS} rounds, \
             both sides in turn\n\n20,000 pairs of about 22 words unless said; processor seconds, over all \
             threads for whole processes. The floor (splitting both files into words) is {ours:.3} s here and \
             {theirs:.3} s in Python.\n\n| what | against | compute s, ours | theirs | ratio | goal | whole \
             process s, ours | theirs | ratio |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
            shell::output(date)?.trim()
        ))
    }

    fn ours(&self, what: &str) -> Command {
        let mut command = Command::new(&self.example);
        command.arg(what).arg(&self.folder);
        command
    }

    fn rival(&self, what: &str) -> Result<Command> {
        let mut command = self.venv.script("rivals/rivals.py")?;
        command.arg(what).arg(&self.folder);
        Ok(command)
    }

    fn measure(&self, pair: &Pair) -> Result<String> {
        println!("{} against {}", pair.what, pair.rival);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(self.our_round(pair)?);
            let (value, process) = timed(&mut self.rival(pair.rival)?)?;
            let json: Value = serde_json::from_str(value.trim()).context("the rival's words are no JSON")?;
            theirs.push(Round {
                compute: number(&json, "compute_s")?,
                process,
                value: number(&json, "value")?,
            });
        }
        check(pair, &ours, &theirs)?;
        let column = |rounds: &[Round], of: fn(&Round) -> f64| median(rounds.iter().map(of).collect());
        let (a, b) = (column(&ours, |r| r.compute), column(&theirs, |r| r.compute));
        let (c, d) = (column(&ours, |r| r.process), column(&theirs, |r| r.process));
        let figure = |x: f64| if x.is_finite() { format!("{x:.3}") } else { "–".to_owned() };
        let mut row = String::new();
        writeln!(
            row,
            "| {} | {} | {} | {b:.3} | {} | {} | {} | {d:.2} | {} |",
            pair.what,
            pair.rival,
            figure(a),
            figure(a / b),
            pair.goal,
            figure(c),
            figure(c / d)
        )?;
        Ok(row)
    }

    fn our_round(&self, pair: &Pair) -> Result<Round> {
        let (compute, value) = match pair.ours {
            Some(what) => said(&mut self.ours(what))?,
            None => (f64::NAN, f64::NAN),
        };
        let process = match pair.program {
            [] => f64::NAN,
            program => timed(&mut self.program(program))?.1,
        };
        Ok(Round { compute, process, value })
    }

    fn program(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        if words[0] != "rank" {
            command.arg("score").args(TEXTS.map(|w| self.place(w))).args(["--format", "json"]);
        }
        command.args(words.iter().map(|w| self.place(w)));
        command
    }

    fn place(&self, word: &str) -> String {
        word.replace("FOLDER", &self.folder.to_string_lossy())
    }
}

/// Rivals with our definition must give our number.
fn check(pair: &Pair, ours: &[Round], theirs: &[Round]) -> Result<()> {
    let same = ["sacrebleu", "bleuscore", "rapidfuzz", "jiwer", "scikit"];
    let (a, b) = (ours[0].value, theirs[0].value);
    let is_same = !same.iter().any(|name| pair.rival.starts_with(name)) || (a - b).abs() <= 1e-6 * b.abs();
    if !is_same {
        bail!("{} against {}: we say {a}, they say {b}", pair.what, pair.rival);
    }
    Ok(())
}

/// Runs a command that prints JSON with `compute_s` and `value`.
fn said(command: &mut Command) -> Result<(f64, f64)> {
    let json: Value = serde_json::from_str(timed(command)?.0.trim()).context("no JSON came")?;
    Ok((number(&json, "compute_s")?, number(&json, "value")?))
}

fn number(json: &Value, name: &str) -> Result<f64> {
    json[name].as_f64().with_context(|| format!("no number {name} in {json}"))
}

/// What a command says on its standard output, and its processor seconds, children included.
fn timed(command: &mut Command) -> Result<(String, f64)> {
    let mut shell = Command::new("bash");
    shell.args(["-c", "TIMEFORMAT='%U %S'; time \"$@\" 2>/dev/null", "bash"]);
    shell.arg(command.get_program()).args(command.get_args());
    let done = shell.output().context("bash cannot be started")?;
    let stdout = String::from_utf8_lossy(&done.stdout).into_owned();
    let times = String::from_utf8_lossy(&done.stderr).into_owned();
    if !done.status.success() {
        bail!("`{}` ended with {}", shell::words(command), done.status);
    }
    let spent = times.split_whitespace().filter_map(|word| word.parse::<f64>().ok()).sum();
    Ok((stdout, spent))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
