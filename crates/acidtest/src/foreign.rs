//! Other tools' files on disk: read, told apart, written as a suite or stored as a run.
//!
//! Main items: [`File`], [`write_suite`], [`store_run`]. What the files mean is in
//! `acidtest-formats`.

use crate::exit::{Exit, Failure, cannot_write, harmless, print};
use crate::open_store::trouble;
use crate::write_file::{replace, write_new};
use acidtest_formats::{ForeignRun, FormatError, Imported, Input, Loss, MAX_FILE, Suite, Tool};
use acidtest_store::{EXPORT_SCHEMA, Foreign, Store};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Losses and facts that are shown one by one.
const SHOWN: usize = 40;

/// The words of `--from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum From {
    /// What `acidtest export` wrote
    Acidtest,
    /// promptfooconfig.yaml
    Promptfoo,
    /// Registry YAML, samples, or the hosted service's JSON
    OpenaiEvals,
    /// samples_*.jsonl, results_*.json
    LmEval,
    /// .eval or .json logs
    Inspect,
    /// Results of `vllm bench serve`
    Vllm,
    /// profile_export.jsonl and summaries of AIPerf and GenAI-Perf
    Aiperf,
    /// benchmarks.json
    Guidellm,
    /// Summary or individual responses
    Llmperf,
    /// End-of-test summary
    K6,
}

impl From {
    pub(crate) fn tool(self) -> Option<Tool> {
        Some(match self {
            From::Acidtest => return None,
            From::Promptfoo => Tool::Promptfoo,
            From::OpenaiEvals => Tool::OpenaiEvals,
            From::LmEval => Tool::LmEval,
            From::Inspect => Tool::Inspect,
            From::Vllm => Tool::Vllm,
            From::Aiperf => Tool::Aiperf,
            From::Guidellm => Tool::Guidellm,
            From::Llmperf => Tool::Llmperf,
            From::K6 => Tool::K6,
        })
    }
}

/// Opens the file; says whether it begins as an export of ours.
pub(crate) fn open(path: &Path) -> Result<(Box<dyn BufRead>, bool), Failure> {
    let mut input: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let file = std::fs::File::open(path).map_err(|e| unreadable(path, e))?;
        Box::new(BufReader::with_capacity(1 << 16, file))
    };
    let begin = input.fill_buf().map_err(|e| unreadable(path, e))?;
    let ours = format!("{{\"schema\":\"{}", EXPORT_SCHEMA.split('/').next().unwrap_or(EXPORT_SCHEMA));
    let ours = begin.starts_with(ours.as_bytes());
    Ok((input, ours))
}

fn unreadable(path: &Path, e: std::io::Error) -> Failure {
    Failure::new(Exit::Usage, anyhow::Error::new(e).context(format!("cannot read '{}'", path.display())))
}

/// A file that no tool we know wrote.
pub(crate) fn unknown(path: &Path) -> Failure {
    let known: Vec<&str> = Tool::ALL.iter().map(|(_, id)| *id).collect();
    Failure::usage(format!(
        "'{}' is not an export of a run (expected {{\"schema\":\"{EXPORT_SCHEMA}\",…}}), nor a file of a tool that we know",
        path.display()
    ))
    .hint(format!("say which tool wrote it: --from {}", known.join("|")))
}

/// A foreign file and the data that the user named beside it.
pub(crate) struct File {
    name: String,
    folder: PathBuf,
    bytes: Vec<u8>,
    data: Option<(String, Vec<u8>)>,
}

impl File {
    pub(crate) fn read(path: &Path, input: &mut dyn BufRead, data: Option<&Path>) -> Result<Self, Failure> {
        let bytes = bounded(input).map_err(|e| unreadable(path, e))?;
        let data = match data {
            Some(path) => {
                let (mut input, _) = open(path)?;
                Some((path.display().to_string(), bounded(&mut *input).map_err(|e| unreadable(path, e))?))
            }
            None => None,
        };
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self { name: path.display().to_string(), folder, bytes, data })
    }

    pub(crate) fn detect(&self) -> Option<Tool> {
        acidtest_formats::detect(&self.name, &self.bytes)
    }

    pub(crate) fn import(&self, tool: Tool) -> Result<Imported, Failure> {
        let folder = &self.folder;
        let registry = (tool == Tool::OpenaiEvals).then(|| registry_data(folder)).flatten();
        let open = |path: &str| {
            let beside = inside(folder, path);
            match &registry {
                Some(data) if beside.is_err() => inside(data, path).or(beside),
                _ => beside,
            }
        };
        let mut input = Input::new(&self.name, &self.bytes, &open);
        input.data = self.data.as_ref().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        acidtest_formats::import(tool, &input).map_err(format_trouble)
    }
}

/// Where a registry of OpenAI Evals keeps its samples: `data` beside the `evals` of the file.
fn registry_data(folder: &Path) -> Option<PathBuf> {
    let root = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let evals = root.canonicalize().ok().filter(|f| f.ends_with("evals"))?;
    Some(evals.parent()?.join("data")).filter(|data| data.is_dir())
}

/// A neighbour's bytes. A link that leads out of the folder is not followed.
fn inside(folder: &Path, path: &str) -> std::io::Result<Vec<u8>> {
    let root = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let (root, whole) = (root.canonicalize()?, root.join(path).canonicalize()?);
    if !whole.starts_with(&root) || !whole.is_file() {
        return Err(std::io::Error::other("it is no file within the folder"));
    }
    bounded(&mut std::fs::File::open(whole)?)
}

fn bounded(input: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn format_trouble(e: FormatError) -> Failure {
    let hint = e.hint.clone().unwrap_or_default();
    Failure::new(Exit::Usage, e).hint(hint)
}

/// Writes a suite's files, checks them with our own reader, and lists what was left.
pub(crate) fn write_suite(suite: &Suite, folder: &Path, strict: bool, force: bool) -> Result<Exit, Failure> {
    let deciding = suite.losses.iter().filter(|l| l.changes_results).count();
    eprint!("{}", harmless(&losses(&suite.losses)));
    if strict && deciding > 0 {
        return Err(Failure::usage(format!(
            "{deciding} parts that decide pass and fail cannot be carried over"
        ))
        .hint("take --strict away to import the rest"));
    }
    for file in &suite.files {
        let path = folder.join(&file.name);
        // A link that leads nowhere is there too.
        if path.symlink_metadata().is_ok() && !force {
            return Err(Failure::usage(format!("'{}' is there already", path.display()))
                .hint("name another folder, or add --force"));
        }
    }
    std::fs::create_dir_all(folder).map_err(|e| cannot_write(folder, e))?;
    for file in &suite.files {
        let path = folder.join(&file.name);
        let write = if force { replace } else { write_new };
        write(&path, &file.text).map_err(|e| cannot_write(&path, e))?;
    }
    let suites: Vec<PathBuf> =
        suite.files.iter().filter(|f| f.name.ends_with(".yaml")).map(|f| folder.join(&f.name)).collect();
    for path in &suites {
        let read = |p: &Path| std::fs::File::open(p).map(|f| Box::new(f) as Box<dyn Read>);
        acidtest_suite::load(path, &read).map_err(|e| {
            Failure::new(Exit::Usage, e)
                .hint(format!("mend {} by hand: the rest is imported", path.display()))
        })?;
    }
    let shown: Vec<String> = suites.iter().map(|p| p.display().to_string()).collect();
    print(&format!("imported {}: {}\n", crate::lang::counted(suite.cases, "case"), shown.join(" ")))?;
    Ok(Exit::Ok)
}

fn losses(all: &[Loss]) -> String {
    let mut out = String::new();
    for loss in all.iter().take(SHOWN) {
        let word = if loss.changes_results { "not carried over" } else { "note" };
        let _ = writeln!(out, "{word}: {loss}");
    }
    if all.len() > SHOWN {
        let _ = writeln!(out, "… and {} more", all.len() - SHOWN);
    }
    out
}

/// Stores a run that another tool made.
pub(crate) fn store_run(run: &ForeignRun, store: &mut Store) -> Result<Exit, Failure> {
    let now = acidtest_clock::Zero::start().unix_ns();
    let created = run.created_unix_ns.unwrap_or(now);
    let foreign = Foreign {
        id: run.id,
        spec: &run.spec,
        cases: &run.cases,
        clock: &run.clock,
        items: &run.items,
        created_unix_ns: created,
        ended_unix_ns: run.ended_unix_ns.unwrap_or(created),
    };
    store.import_foreign(&foreign).map_err(trouble)?;
    eprint!("{}", harmless(&losses(&run.losses)));
    let mut out =
        format!("imported {}: {} ({})\n", run.id, crate::lang::counted(run.records(), "record"), run.tool);
    let stated: Vec<_> = run.stated().collect();
    if !stated.is_empty() {
        let _ = writeln!(out, "{}, not measured by acidtest:", stated[0].source);
    }
    for fact in stated.iter().take(SHOWN) {
        let _ = writeln!(out, "  {} = {}", fact.name, fact.value);
    }
    if stated.len() > SHOWN {
        let _ = writeln!(out, "  … and {} more: acidtest export {}", stated.len() - SHOWN, run.id);
    }
    print(&harmless(&out))?;
    Ok(Exit::Ok)
}
