//! The messages of every case, rendered once before a run.
//!
//! Main type: [`Prompts`]. Rendering costs more than sending; nothing is rendered
//! while the clock runs, except that a nonce is put in front.

use crate::overrides::Overrides;
use acidtest_record::{Case, Message, PromptSpec, RunSpec};
use acidtest_schedule::Stream;

/// Rendered messages.
#[derive(Debug)]
pub(crate) struct Prompts {
    prompts: Vec<Rendered>,
    fresh: bool,
    seed: u64,
    /// Body fields and time-outs of prompts and cases.
    pub(crate) overrides: Overrides,
}

/// The messages of one prompt.
#[derive(Debug)]
struct Rendered {
    by_case: Vec<Vec<Message>>,
    synthetic: Vec<Message>,
}

impl Rendered {
    fn of(prompt: &PromptSpec, cases: &[Case]) -> Result<Self, String> {
        let template = acidtest_suite::Prompt::compile(prompt).map_err(|e| e.to_string())?;
        let by_case = cases
            .iter()
            .map(|c| render(prompt, &template, c).map_err(|e| format!("case '{}': {e}", c.id)))
            .collect::<Result<_, _>>()?;
        Ok(Self { by_case, synthetic: prompt.messages.clone() })
    }
}

/// The messages of a case: its own prompt in place of the plan's, where it has one.
fn render(
    prompt: &PromptSpec,
    template: &acidtest_suite::Prompt,
    case: &Case,
) -> Result<Vec<Message>, acidtest_suite::RenderError> {
    match &case.prompt {
        Some(messages) => {
            acidtest_suite::render(&PromptSpec { messages: messages.clone(), ..prompt.clone() }, case)
        }
        None => template.render(case),
    }
}

impl Prompts {
    /// Renders all cases; without cases the prompt is sent as it is. Nonces follow from
    /// `nonce_seed`, which must differ from run to run: a second run with the same nonces
    /// would measure the server's prompt cache.
    pub(crate) fn render(spec: &RunSpec, cases: &[Case], nonce_seed: u64) -> Result<Self, String> {
        let prompts: Vec<Rendered> =
            spec.prompts.iter().map(|p| Rendered::of(p, cases)).collect::<Result<_, _>>()?;
        if prompts.is_empty() {
            return Err("the plan has no prompt".to_owned());
        }
        Ok(Self { prompts, fresh: spec.fresh, seed: nonce_seed, overrides: Overrides::of(spec, cases) })
    }

    /// The messages of a slot under a prompt, and the nonce in them.
    pub(crate) fn of(&self, prompt: u16, case: Option<u32>, slot: u32) -> (Vec<Message>, Option<String>) {
        let mut messages = match (self.prompts.get(usize::from(prompt)), case) {
            (Some(rendered), Some(i)) => rendered.by_case.get(i as usize).cloned().unwrap_or_default(),
            (Some(rendered), None) => rendered.synthetic.clone(),
            (None, _) => Vec::new(),
        };
        if !self.fresh {
            return (messages, None);
        }
        let nonce = format!("{:016x}", Stream::new(self.seed, "nonce", u64::from(slot)).bits());
        // In front of the first message, so that no prefix of the prompt was seen before.
        if let Some(first) = messages.first_mut() {
            first.content = format!("[{nonce}] {}", first.content);
        }
        (messages, Some(nonce))
    }
}
