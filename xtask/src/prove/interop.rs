//! Servers and clients that nobody here wrote: do we understand each other?
//!
//! Main item: [`run`]. Vendors' own client libraries call the built-in server; `acidtest ask` calls
//! foreign servers and its answers are held against those that the vendor's library gets from the
//! same server. Both must agree word for word and token for token: the models run at temperature 0.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::page;
use super::python::Venv;
use crate::shell;

const PAGE: &str = "docs/interop.md";
const CLIENTS: [&str; 4] =
    ["openai==3.57.0", "anthropic==2.14.0", "ollama==0.6.3", "litellm[proxy]==1.108.7"];
const LLAMA: [&str; 3] = ["llama-cpp-python[server]==0.3.36", "gguf", "numpy"];
const UNTIL_LISTENING: Duration = Duration::from_secs(120);

const PROMPTS: [&str; 8] = [
    "How tall is the David?",
    "다비드는 누가 조각했어요?",
    "Name three colours.",
    "What is 2 + 2?",
    "Tell me about the moon jar in one sentence.",
    "달항아리는 왜 달항아리라고 불러요?",
    "Repeat after me: tomato \u{1F345}",
    "Write JSON with a key named answer.",
];

/// `interop`: every pair, then the page.
pub(super) fn run(words: &[&str]) -> Result<()> {
    if !words.is_empty() {
        bail!("expected `prove interop`");
    }
    let clients = Venv::ready("clients", &CLIENTS)?;
    let binary = build()?;
    let mut out = format!("{}\n\n", head()?);
    let mut wrong = real_clients(&clients, &binary, &mut out)?;
    wrong += foreign_servers(&clients, &binary, &mut out)?;
    print!("{out}");
    page::put(PAGE, "interop", &out)?;
    match wrong {
        0 => Ok(()),
        n => bail!("{n} of the calls above were not understood"),
    }
}

fn head() -> Result<String> {
    let mut date = shell::program("date")?;
    date.args(["-u", "+%Y-%m-%d"]);
    Ok(format!("Measured {} by `cargo xtask prove interop`", shell::output(date)?.trim()))
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

/// A server that ends with this value.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Starts it and waits until its port answers HTTP.
    fn start(mut command: Command, port: u16) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let said = shell::words(&command);
        let mut server = Self(command.spawn().with_context(|| format!("`{said}` cannot be started"))?);
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = server.0.try_wait()? {
                bail!("`{said}` ended with {status} before it listened");
            }
            if began.elapsed() > UNTIL_LISTENING {
                bail!("`{said}` does not listen after {} s", UNTIL_LISTENING.as_secs());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(server)
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The vendors' libraries against the built-in server.
fn real_clients(clients: &Venv, binary: &Path, out: &mut String) -> Result<usize> {
    let port = free_port()?;
    let mut sim = shell::program(binary)?;
    sim.args(["sim", "--listen", &format!("127.0.0.1:{port}")]);
    let _sim = Server::start(sim, port)?;
    let mut script = clients.script("clients.py")?;
    script.arg(format!("http://127.0.0.1:{port}"));
    let done = script.output().context("clients.py cannot be started")?;
    out.push_str("### Vendors' client libraries call `acidtest sim`\n\n");
    out.push_str("| client | call | understood | output tokens |\n| --- | --- | --- | --- |\n");
    let mut wrong = 0;
    for line in String::from_utf8_lossy(&done.stdout).lines() {
        let said: Value = serde_json::from_str(line).context("clients.py did not print JSON")?;
        let ok = said["ok"] == true;
        wrong += usize::from(!ok);
        let verdict = if ok { "yes".to_owned() } else { format!("no: {}", text(&said["why"])) };
        let (client, call) = (text(&said["client"]), text(&said["call"]));
        writeln!(out, "| {client} | {call} | {verdict} | {} |", said["tokens"])?;
    }
    if done.stdout.is_empty() {
        bail!("clients.py printed nothing: {}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(wrong)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("–")
}

/// A protocol of one foreign server.
struct Spoken {
    kind: &'static str,
    streams: &'static [bool],
}

/// `acidtest ask` against servers of others.
fn foreign_servers(clients: &Venv, binary: &Path, out: &mut String) -> Result<usize> {
    out.push_str("\n### `acidtest ask` calls foreign servers\n\n");
    out.push_str("The answers must be those that the vendor's own library gets from the same server.\n\n");
    out.push_str("| server | kind | streamed | prompts | same text | same token counts | median TTFT ms | median round trip ms |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    let mut wrong = 0;
    let (name, port, _server) = llama()?;
    let spoken = [
        Spoken { kind: "openai_chat", streams: &[true, false] },
        Spoken { kind: "openai_completions", streams: &[true, false] },
        Spoken { kind: "embeddings", streams: &[false] },
    ];
    for s in &spoken {
        wrong += compare(clients, binary, &name, port, s, out)?;
    }
    let (name, port, _server) = litellm(clients)?;
    let spoken = [
        Spoken { kind: "openai_chat", streams: &[true, false] },
        // With a fixed answer its streams of these two are not whole: the vendors' own libraries
        // give up on them. Streams are held against the libraries above.
        Spoken { kind: "openai_responses", streams: &[false] },
        Spoken { kind: "anthropic", streams: &[false] },
    ];
    for s in &spoken {
        wrong += compare(clients, binary, &name, port, s, out)?;
    }
    Ok(wrong)
}

/// llama.cpp's server in its Python package, with a tiny model of random weights.
fn llama() -> Result<(String, u16, Server)> {
    let venv = Venv::ready("llama", &LLAMA)?;
    let model = shell::target_dir()?.join("prove-python/tiny.gguf");
    let mut script = venv.script("tiny_gguf.py")?;
    script.arg(&model);
    shell::output(script)?;
    let port = free_port()?;
    let mut server = venv.program("python")?;
    server.args(["-m", "llama_cpp.server", "--n_ctx", "2048", "--seed", "7", "--embedding", "true"]);
    server.args(["--model_alias", "tiny", "--port", &port.to_string(), "--model"]).arg(&model);
    Ok((LLAMA[0].to_owned(), port, Server::start(server, port)?))
}

/// LiteLLM's proxy, which answers a fixed text in the forms of several vendors.
fn litellm(clients: &Venv) -> Result<(String, u16, Server)> {
    let port = free_port()?;
    let config = shell::target_dir()?.join("prove-python/litellm.yaml");
    let yaml = "model_list:\n  - model_name: tiny\n    litellm_params:\n      model: hosted_vllm/none\n      api_base: http://127.0.0.1:9/v1\n      api_key: none\n      mock_response: \"The David stands 5.17 metres tall. 다비드의 높이는 5.17미터입니다.\"\n";
    std::fs::write(&config, yaml)?;
    let mut server = clients.program("litellm")?;
    server.arg("--config").arg(&config).args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    // On loopback, for a minute, with a fixed answer: no key to protect.
    server.env("LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY", "true");
    Ok((format!("{} with a fixed answer", CLIENTS[3]), port, Server::start(server, port)?))
}

fn compare(
    clients: &Venv,
    binary: &Path,
    server: &str,
    port: u16,
    spoken: &Spoken,
    out: &mut String,
) -> Result<usize> {
    let base = format!("http://127.0.0.1:{port}/v1");
    let mut wrong = 0;
    for stream in spoken.streams {
        // Whole with whole, streamed with streamed: a server may lose characters in its streams.
        let wanted = reference(clients, spoken.kind, &base, *stream)?;
        let (mut same_text, mut same_tokens) = (0, 0);
        let (mut ttft, mut trip) = (Vec::new(), Vec::new());
        for (prompt, want) in PROMPTS.iter().zip(&wanted) {
            let got = ask(binary, spoken.kind, &base, *stream, prompt)?;
            if said(&got) != want["text"] {
                println!("{} stream {stream} {prompt}: {} is not {}", spoken.kind, got, want["text"]);
            }
            let card = &got["card"];
            same_text += usize::from(said(&got) == want["text"]);
            let both = |ours: &str, theirs: &str| want[theirs].is_null() || card[ours] == want[theirs];
            same_tokens += usize::from(both("input_tokens", "input") && both("output_tokens", "output"));
            ttft.extend(card["ttft_s"].as_f64().map(|s| s * 1e3));
            trip.extend(card["round_trip_s"].as_f64().map(|s| s * 1e3));
        }
        let n = wanted.len();
        wrong += n - same_text;
        writeln!(
            out,
            "| {server} | {} | {} | {n} | {same_text} of {n} | {same_tokens} of {n} | {} | {} |",
            spoken.kind,
            if *stream { "yes" } else { "no" },
            median(&mut ttft),
            median(&mut trip)
        )?;
    }
    Ok(wrong)
}

/// The text of an answer, or how many vectors it has.
fn said(answer: &Value) -> Value {
    let vectors = answer["parts"].as_array().into_iter().flatten().filter_map(|p| p["scores"].as_array());
    let lengths: Vec<usize> = vectors.map(Vec::len).collect();
    match lengths.first() {
        Some(numbers) => format!("{} vectors of {numbers} numbers", lengths.len()).into(),
        None => answer["answer"].clone(),
    }
}

fn reference(clients: &Venv, kind: &str, base: &str, stream: bool) -> Result<Vec<Value>> {
    let mut script = clients.script("reference.py")?;
    let form = if stream { "stream" } else { "whole" };
    script
        .args([kind, base, "tiny", form])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = script.spawn().context("reference.py cannot be started")?;
    let mut to = child.stdin.take().context("reference.py has no standard input")?;
    for prompt in PROMPTS {
        writeln!(to, "{}", Value::from(prompt))?;
    }
    drop(to);
    let done = child.wait_with_output()?;
    if !done.status.success() {
        bail!("reference.py {kind}: {}", String::from_utf8_lossy(&done.stderr));
    }
    let text = String::from_utf8(done.stdout).context("reference.py did not print UTF-8")?;
    text.lines().map(|l| serde_json::from_str(l).context("reference.py did not print JSON")).collect()
}

fn ask(binary: &Path, kind: &str, base: &str, stream: bool, prompt: &str) -> Result<Value> {
    let mut command = shell::program(binary)?;
    command.args(["ask", "--url", base, "--model", "tiny", "--kind", kind, "--format", "json"]);
    command.args(["--max-tokens", "24", "--param", "temperature=0"]);
    if !stream {
        command.arg("--no-stream");
    }
    command.args(["--", prompt]);
    // A failed request is printed too: what went wrong is a finding.
    let done = command.output().context("acidtest cannot be started")?;
    serde_json::from_slice(&done.stdout).with_context(|| {
        format!("acidtest ask did not print JSON: {}", String::from_utf8_lossy(&done.stderr))
    })
}

fn median(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).map_or("–".to_owned(), |v| format!("{v:.1}"))
}
