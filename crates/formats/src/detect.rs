//! Which tool wrote a file.
//!
//! Main items: [`Tool`] and [`detect`]. Looks at content first and at names last.

use crate::{aiperf, k6, llmperf};
use serde_json::Value;

/// Tools whose files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// promptfoo's configuration.
    Promptfoo,
    /// OpenAI Evals, open source or hosted.
    OpenaiEvals,
    /// lm-eval's samples and results.
    LmEval,
    /// Inspect's logs.
    Inspect,
    /// `vllm bench serve`.
    Vllm,
    /// AIPerf and GenAI-Perf.
    Aiperf,
    /// GuideLLM.
    Guidellm,
    /// LLMPerf.
    Llmperf,
    /// k6.
    K6,
}

impl Tool {
    /// All of them with the words of `--from`.
    pub const ALL: [(Tool, &'static str); 9] = [
        (Tool::Promptfoo, "promptfoo"),
        (Tool::OpenaiEvals, "openai-evals"),
        (Tool::LmEval, "lm-eval"),
        (Tool::Inspect, "inspect"),
        (Tool::Vllm, "vllm"),
        (Tool::Aiperf, "aiperf"),
        (Tool::Guidellm, "guidellm"),
        (Tool::Llmperf, "llmperf"),
        (Tool::K6, "k6"),
    ];

    /// The word of `--from`.
    #[must_use]
    pub fn id(self) -> &'static str {
        Tool::ALL.iter().find(|(t, _)| *t == self).map_or("", |(_, id)| id)
    }
}

/// The tool that wrote a file, by its content and name; nothing when it is none that is known.
#[must_use]
pub fn detect(name: &str, bytes: &[u8]) -> Option<Tool> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    if bytes.starts_with(b"PK") || name.ends_with(".eval") {
        return Some(Tool::Inspect);
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).ok()?;
    let first = text.lines().find(|l| !l.trim().is_empty())?;
    if let Ok(line @ Value::Object(_)) = crate::counted::read(first, crate::counted::MAX_VALUES)
        && let Some(tool) = of_line(&line, first)
    {
        return Some(tool);
    }
    if text.trim_start().starts_with(['{', '[']) && !name.ends_with(".yaml") {
        return of_json(&crate::json::parse(name, text).ok()?);
    }
    of_yaml(name, text)
}

fn of_line(line: &Value, text: &str) -> Option<Tool> {
    let has = |key: &str| line.get(key).is_some();
    if has("doc_id") && (has("resps") || has("doc")) {
        return Some(Tool::LmEval);
    }
    if has("input") && has("ideal") {
        return Some(Tool::OpenaiEvals);
    }
    aiperf::is_record(text).then_some(Tool::Aiperf)
}

fn of_json(root: &Value) -> Option<Tool> {
    let has = |key: &str| root.get(key).is_some();
    let tests = [
        (
            has("testing_criteria") || root.get("eval").is_some_and(|e| e.get("testing_criteria").is_some()),
            Tool::OpenaiEvals,
        ),
        (has("eval") && (has("plan") || has("samples") || has("status")), Tool::Inspect),
        (has("results") && (has("lm_eval_version") || has("n-shot") || has("configs")), Tool::LmEval),
        (has("completed") && has("model_id"), Tool::Vllm),
        (has("benchmarks"), Tool::Guidellm),
        (has("experiments") || aiperf::is_summary(root), Tool::Aiperf),
        (llmperf::is_summary(root) || root.get(0).is_some_and(llmperf::is_response), Tool::Llmperf),
        (k6::is_summary(root), Tool::K6),
        (has("prompts") && (has("providers") || has("targets") || has("tests")), Tool::Promptfoo),
    ];
    tests.into_iter().find(|(fits, _)| *fits).map(|(_, tool)| tool)
}

fn of_yaml(name: &str, text: &str) -> Option<Tool> {
    let key = |k: &str| text.lines().any(|l| l.starts_with(k));
    if text.contains("class: evals.") || text.contains("class: \"evals.") {
        return Some(Tool::OpenaiEvals);
    }
    if (key("prompts:") || key("tests:")) && (key("providers:") || key("targets:") || key("tests:")) {
        return Some(Tool::Promptfoo);
    }
    name.starts_with("promptfooconfig").then_some(Tool::Promptfoo)
}
