//! What asking, storing and scoring a case costs in processor time, beside other harnesses in the
//! same run: the same cases, the same instant server, the same number in flight.
//!
//! Main item: [`run`]. A tool's cost per case is the slope between a small and a large run; its
//! start-up is what the small run took. Losses are printed like everything else.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::page;
use super::python::Venv;
use super::took::{self, Took};
use crate::shell;

const PAGE: &str = "docs/benchmarks.md";
const PACKAGES: [&str; 3] = ["lm-eval[api]==0.4.13", "inspect-ai==0.3.285", "openai"];
const PROMPTFOO: &str = "promptfoo@0.121.20";
const SMALL: usize = 50;
const LARGE: usize = 5000;
const IN_FLIGHT: usize = 32;
/// Runs of acidtest, of which the median counts; the others take minutes each.
const TIMES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(900);

/// A harness, and how it is started on a number of cases.
struct Tool {
    name: String,
    command: fn(&Field, usize) -> Result<Command>,
    times: usize,
}

/// Where the tools meet.
struct Field {
    folder: PathBuf,
    binary: PathBuf,
    venv: Option<Venv>,
    port: u16,
}

/// `overhead [--alone]`: with `--alone` only acidtest runs.
pub(super) fn run(words: &[&str]) -> Result<()> {
    let alone = match words {
        [] => false,
        ["--alone"] => true,
        _ => bail!("expected `prove overhead [--alone]`"),
    };
    let folder = shell::target_dir()?.join("prove-overhead");
    std::fs::create_dir_all(&folder)?;
    let venv = if alone { None } else { Some(Venv::ready("evals", &PACKAGES)?) };
    if !alone {
        promptfoo_ready(&folder)?;
    }
    let mut field = Field { folder, binary: build()?, venv, port: 0 };
    write_cases(&field)?;
    let mut out = head()?;
    out.push_str(OVERHEAD);
    for tool in tools(alone) {
        let _server = instant_server(&mut field, &json!({}))?;
        let line = measured(&field, &tool);
        out.push_str(&line);
        print!("{line}");
    }
    out.push_str(LIMITED);
    for tool in tools(alone) {
        let faults = json!({ "rate_limited": 0.2, "retry_after_s": 0 });
        let _server = instant_server(&mut field, &faults)?;
        let line = limited(&field, &tool);
        out.push_str(&line);
        print!("{line}");
    }
    page::put(PAGE, "overhead", &out)
}

const OVERHEAD: &str = "
5,000 cases against a server that answers at once, 32 in flight, everything stored and scored; CPU
seconds of the whole tool, its children included.

| tool | start-up and 50 cases, CPU s | CPU s per 1000 cases more | wall s of 5,000 |
| --- | --- | --- | --- |
";

const LIMITED: &str = "
The same 5,000 cases when one answer in five is a 429; retries as each tool has them.

| tool | ended | answered | CPU s | wall s |
| --- | --- | --- | --- | --- |
";

fn head() -> Result<String> {
    let mut date = shell::program("date")?;
    date.args(["-u", "+%Y-%m-%d"]);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    Ok(format!(
        "Measured {} by `cargo xtask prove overhead` · {cores} shared cores\n",
        shell::output(date)?.trim()
    ))
}

fn build() -> Result<PathBuf> {
    let mut cargo = shell::cargo()?;
    cargo.args(["build", "--release", "--locked", "--package", "acidtest"]);
    let status = cargo.status().context("cargo cannot be started")?;
    if !status.success() {
        bail!("`{}` ended with {status}", shell::words(&cargo));
    }
    Ok(shell::target_dir()?.join("release/acidtest"))
}

fn tools(alone: bool) -> Vec<Tool> {
    let mut all = vec![Tool { name: "acidtest".into(), command: acidtest, times: TIMES }];
    if !alone {
        all.push(Tool { name: PACKAGES[0].into(), command: lm_eval, times: 1 });
        all.push(Tool { name: PACKAGES[1].into(), command: inspect, times: 1 });
        all.push(Tool { name: PROMPTFOO.into(), command: promptfoo, times: 1 });
    }
    all
}

/// Cases in every form that the tools read.
fn write_cases(field: &Field) -> Result<()> {
    for n in [SMALL, LARGE] {
        let (mut lines, mut csv) = (String::new(), String::from("question,answer\n"));
        for i in 0..n {
            let (question, answer) = (format!("What is item number {i}?"), format!("thing{i}x"));
            writeln!(lines, "{}", json!({ "id": format!("q{i}"), "question": question, "answer": answer }))?;
            writeln!(csv, "{question},{answer}")?;
        }
        field.write(&format!("cases{n}.jsonl"), &lines)?;
        field.write(&format!("cases{n}.csv"), &csv)?;
    }
    Ok(())
}

impl Field {
    fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(path)
    }

    fn cases(&self, n: usize) -> PathBuf {
        self.folder.join(format!("cases{n}.jsonl"))
    }

    fn program(&self, name: &str) -> Result<Command> {
        let venv = self.venv.as_ref().context("the Python tools are not installed")?;
        let mut program = venv.program(name)?;
        program.current_dir(&self.folder).env("OPENAI_API_KEY", "none").env("HF_HUB_OFFLINE", "1");
        Ok(program)
    }
}

/// The built-in server, which answers every case at once and right.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn instant_server(field: &mut Field, faults: &Value) -> Result<Server> {
    field.port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let config = json!({
        "ttft_ms": 0, "gap_ms": 0, "faults": faults, "answers": { "file": field.cases(LARGE) },
    });
    let mut sim = shell::program(&field.binary)?;
    sim.args(["sim", "--listen", &format!("127.0.0.1:{}", field.port), "--config-json", &config.to_string()]);
    sim.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Server(sim.spawn().context("the built-in server cannot be started")?);
    let began = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", field.port)).is_err() {
        if began.elapsed() > Duration::from_secs(20) {
            bail!("the built-in server does not listen");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(server)
}

fn acidtest(field: &Field, n: usize) -> Result<Command> {
    let suite = format!(
        "name: overhead\ntarget: {{ name: sim, url: \"http://127.0.0.1:{}/v1\", model: sim }}\n\
         prompt: \"{{{{ question }}}}\"\ncases: {{ file: cases{n}.jsonl, map: {{ id: id, expected: answer }} }}\n\
         scorers: [contains]\nphases: [{{ closed: {IN_FLIGHT} }}]\nretry: {{ attempts: 20, wait: 100 ms }}\n",
        field.port
    );
    let suite = field.write(&format!("suite{n}.yaml"), &suite)?;
    let store = field.folder.join("overhead.db");
    let _ = std::fs::remove_file(&store);
    let mut command = shell::program(&field.binary)?;
    command.arg("run").arg(suite).args(["--quiet", "--format", "json", "--store"]).arg(store);
    Ok(command)
}

fn lm_eval(field: &Field, n: usize) -> Result<Command> {
    let task = format!(
        "task: overhead{n}\ndataset_path: json\ndataset_kwargs:\n  data_files:\n    test: {}\ntest_split: test\n\
         output_type: generate_until\ndoc_to_text: \"{{{{question}}}}\"\ndoc_to_target: \"{{{{answer}}}}\"\n\
         generation_kwargs:\n  until: []\n  max_gen_toks: 64\nmetric_list:\n  - metric: exact_match\n",
        field.cases(n).display()
    );
    field.write(&format!("overhead{n}.yaml"), &task)?;
    let url = format!("http://127.0.0.1:{}/v1/chat/completions", field.port);
    let args = format!(
        "base_url={url},model=sim,num_concurrent={IN_FLIGHT},max_retries=20,tokenized_requests=False"
    );
    let mut command = field.program("lm_eval")?;
    command.args(["--model", "local-chat-completions", "--apply_chat_template", "--log_samples"]);
    command.args(["--model_args", &args, "--tasks", &format!("overhead{n}"), "--include_path", "."]);
    command.args(["--output_path", "lm-eval-out"]);
    Ok(command)
}

fn inspect(field: &Field, n: usize) -> Result<Command> {
    let script = shell::root()?.join("xtask/python/overhead_inspect.py");
    std::fs::copy(&script, field.folder.join("overhead_inspect.py"))?;
    let mut command = field.program("inspect")?;
    command.args(["eval", "overhead_inspect.py", "--model", "openai/sim", "--display", "none"]);
    command.args(["--model-base-url", &format!("http://127.0.0.1:{}/v1", field.port)]);
    command.args(["--max-connections", &IN_FLIGHT.to_string(), "--log-dir", "inspect-logs"]);
    command.env("CASES", field.cases(n));
    Ok(command)
}

fn promptfoo_ready(folder: &Path) -> Result<()> {
    if folder.join("node_modules/.bin/promptfoo").exists() {
        return Ok(());
    }
    println!("installing {PROMPTFOO} (1.4 GB)");
    let mut npm = shell::program("npm")?;
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(folder).arg(PROMPTFOO);
    let status = npm.status().context("npm cannot be started")?;
    if !status.success() {
        bail!("`{}` ended with {status}", shell::words(&npm));
    }
    Ok(())
}

fn promptfoo(field: &Field, n: usize) -> Result<Command> {
    let base = format!("http://127.0.0.1:{}/v1", field.port);
    let config = json!({
        "prompts": ["{{question}}"],
        "providers": [{ "id": "openai:chat:sim", "config": { "apiBaseUrl": base, "apiKey": "none" } }],
        "defaultTest": { "assert": [{ "type": "contains", "value": "{{answer}}" }] },
        "tests": format!("file://cases{n}.csv"),
    });
    field.write(&format!("promptfoo{n}.json"), &config.to_string())?;
    let mut command = shell::program(field.folder.join("node_modules/.bin/promptfoo"))?;
    command.current_dir(&field.folder);
    command.args([
        "eval",
        "-c",
        &format!("promptfoo{n}.json"),
        "--no-cache",
        "--no-progress-bar",
        "--no-table",
    ]);
    command.args(["-j", &IN_FLIGHT.to_string(), "-o", "promptfoo-out.json"]);
    for (name, value) in [
        ("PROMPTFOO_DISABLE_TELEMETRY", "1"),
        ("PROMPTFOO_DISABLE_UPDATE", "1"),
        ("PROMPTFOO_DISABLE_REMOTE_GENERATION", "1"),
        ("PROMPTFOO_CONFIG_DIR", "promptfoo-home"),
    ] {
        command.env(name, value);
    }
    Ok(command)
}

/// A line of the first table.
fn measured(field: &Field, tool: &Tool) -> String {
    let both = || -> Result<(Took, Took)> { Ok((median(field, tool, SMALL)?, median(field, tool, LARGE)?)) };
    match both() {
        Ok((small, large)) => {
            let slope = (large.cpu_s - small.cpu_s) / (LARGE - SMALL) as f64 * 1000.0;
            format!("| {} | {:.2} | {slope:.3} | {:.1} |\n", tool.name, small.cpu_s, large.wall_s)
        }
        Err(e) => format!("| {} | {} | – | – |\n", tool.name, one_line(&e)),
    }
}

/// A line of the second table.
fn limited(field: &Field, tool: &Tool) -> String {
    let took = (tool.command)(field, LARGE).and_then(|command| timed(&command));
    let answered = answered(field, tool);
    match took {
        Ok(took) => {
            format!("| {} | yes | {answered} | {:.1} | {:.1} |\n", tool.name, took.cpu_s, took.wall_s)
        }
        Err(e) => format!("| {} | {} | {answered} | – | – |\n", tool.name, one_line(&e)),
    }
}

/// What the tool says that it has answers for.
fn answered(field: &Field, tool: &Tool) -> String {
    let count = match tool.name.split(['@', '=', '[']).next().unwrap_or_default() {
        "acidtest" => acidtest_answered(field),
        "promptfoo" => promptfoo_answered(field),
        _ => None,
    };
    count.map_or("not counted".to_owned(), |n| format!("{n} of {LARGE}"))
}

fn acidtest_answered(field: &Field) -> Option<u64> {
    let mut report = shell::program(&field.binary).ok()?;
    report.args(["report", "--format", "json", "--store"]).arg(field.folder.join("overhead.db"));
    let json: Value = serde_json::from_str(&shell::output(report).ok()?).ok()?;
    let delivered = json["estimates"]
        .as_array()?
        .iter()
        .find(|e| e["metric"] == "delivery" && e["params"]["class"] == "complete")?;
    let (share, of) = (delivered["value"].as_f64()?, delivered["n"]["requests"].as_f64()?);
    Some((share * of).round() as u64)
}

fn promptfoo_answered(field: &Field) -> Option<u64> {
    let text = std::fs::read_to_string(field.folder.join("promptfoo-out.json")).ok()?;
    let json: Value = serde_json::from_str(&text).ok()?;
    json["results"]["stats"]["successes"].as_u64()
}

fn median(field: &Field, tool: &Tool, n: usize) -> Result<Took> {
    let mut all = Vec::new();
    for _ in 0..tool.times {
        all.push(timed(&(tool.command)(field, n)?)?);
    }
    all.sort_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s));
    Ok(all[all.len() / 2])
}

fn timed(command: &Command) -> Result<Took> {
    took::timed(command, PATIENCE).map(|(took, _)| took)
}

fn one_line(error: &anyhow::Error) -> String {
    let text: String = format!("{error}").chars().take(160).collect();
    text.replace(['|', '\n'], " ")
}
