//! The questions of every case, rendered once before a run.
//!
//! Main type: [`Prompts`]. Rendering costs more than sending; nothing is rendered
//! while the clock runs, except that a nonce is put in front.

use crate::overrides::Overrides;
use crate::steps::Steps;
use acidtest_record::{Case, Form, PromptSpec, RunSpec};
use acidtest_schedule::Stream;
use acidtest_suite::{Asker, Question};

/// Rendered questions.
#[derive(Debug)]
pub(crate) struct Prompts {
    prompts: Vec<Rendered>,
    fresh: bool,
    seed: u64,
    /// Body fields and time-outs of prompts and cases.
    pub(crate) overrides: Overrides,
}

/// The questions of one prompt.
#[derive(Debug)]
struct Rendered {
    spec: PromptSpec,
    by_case: Vec<Question>,
    /// Requests of each case, where there is more than one.
    steps: Vec<u16>,
    synthetic: Question,
}

impl Rendered {
    fn of(prompt: &PromptSpec, run: &RunSpec, cases: &[Case]) -> Result<Self, String> {
        let asker = Asker::new(prompt, run).map_err(|e| e.to_string())?;
        let named = |case: &Case, what: String| format!("case '{}': {what}", case.id);
        let by_case: Vec<Question> = cases
            .iter()
            .map(|c| ask(&asker, prompt, run, c).map_err(|e| named(c, e.to_string())))
            .collect::<Result<_, _>>()?;
        let mut steps = Vec::new();
        if prompt.form != Form::Generate {
            for (question, case) in by_case.iter().zip(cases) {
                let cut = Steps::of(question.clone(), prompt).map_err(|what| named(case, what))?;
                steps.push(cut.count());
            }
        }
        let synthetic = Question {
            messages: prompt.messages.clone(),
            prompt: prompt.raw.clone(),
            tools: run.tools.clone(),
            ..Question::default()
        };
        Ok(Self { spec: prompt.clone(), by_case, steps, synthetic })
    }
}

/// The question of a case: its own messages in place of the plan's, where it has some.
fn ask(
    asker: &Asker,
    prompt: &PromptSpec,
    run: &RunSpec,
    case: &Case,
) -> Result<Question, acidtest_suite::RenderError> {
    match &case.prompt {
        Some(messages) => {
            let own = PromptSpec { messages: messages.clone(), raw: None, ..prompt.clone() };
            Asker::new(&own, run)?.ask(case)
        }
        None => asker.ask(case),
    }
}

impl Prompts {
    /// Renders all cases; without cases the prompt is sent as it is. Nonces follow from
    /// `nonce_seed`, which must differ from run to run: a second run with the same nonces
    /// would measure the server's prompt cache.
    pub(crate) fn render(spec: &RunSpec, cases: &[Case], nonce_seed: u64) -> Result<Self, String> {
        let prompts: Vec<Rendered> =
            spec.prompts.iter().map(|p| Rendered::of(p, spec, cases)).collect::<Result<_, _>>()?;
        if prompts.is_empty() {
            return Err("the plan has no prompt".to_owned());
        }
        Ok(Self { prompts, fresh: spec.fresh, seed: nonce_seed, overrides: Overrides::of(spec, cases) })
    }

    /// How many requests a slot is.
    pub(crate) fn steps(&self, prompt: u16, case: Option<u32>) -> u16 {
        let rendered = self.prompts.get(usize::from(prompt));
        rendered.zip(case).and_then(|(r, i)| r.steps.get(i as usize).copied()).unwrap_or(1)
    }

    /// The requests of a slot under a prompt, and the nonce in them.
    pub(crate) fn of(&self, prompt: u16, case: Option<u32>, slot: u32) -> (Steps, Option<String>) {
        let Some(rendered) = self.prompts.get(usize::from(prompt)) else {
            return (Steps::default(), None);
        };
        let mut question = match case {
            Some(i) => rendered.by_case.get(i as usize).cloned().unwrap_or_default(),
            None => rendered.synthetic.clone(),
        };
        let nonce =
            self.fresh.then(|| format!("{:016x}", Stream::new(self.seed, "nonce", u64::from(slot)).bits()));
        if let Some(nonce) = &nonce {
            put_in_front(&mut question, &format!("[{nonce}] "));
        }
        // Cut before, with the same windows: a nonce changes nothing about that.
        (Steps::of(question, &rendered.spec).unwrap_or_default(), nonce)
    }
}

/// In front of the first text, so that no prefix of the prompt was seen before; it is never scored.
fn put_in_front(question: &mut Question, nonce: &str) {
    if let Some(text) = &mut question.prompt {
        text.insert_str(0, nonce);
        question.prefix += nonce.len();
    } else if let Some(first) = question.messages.first_mut() {
        first.content.insert_str(0, nonce);
    }
}
