//! Exit codes, and errors with a hint.
//!
//! Main types: [`Exit`] (outsiders rely on the numbers) and [`Failure`].

use std::fmt::Write;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Ok,
    /// A gate is broken.
    GateBroken,
    /// Usage or configuration.
    Usage,
    /// The target is unreachable, or every request failed.
    Unreachable,
    /// Our own bug, or store trouble.
    Internal,
    /// A gate is undecided.
    Undecided,
    /// Interrupted by the user.
    Interrupted,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::GateBroken => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
            Exit::Internal => 4,
            Exit::Undecided => 5,
            Exit::Interrupted => 130,
        }
    }

    /// Of several reasons to end, the one that counts: 2, 4, 130, 3, 1, 5, 0.
    pub(crate) fn worst(self, other: Exit) -> Exit {
        const ORDER: [Exit; 7] = [
            Exit::Usage,
            Exit::Internal,
            Exit::Interrupted,
            Exit::Unreachable,
            Exit::GateBroken,
            Exit::Undecided,
            Exit::Ok,
        ];
        let rank = |e| ORDER.iter().position(|o| *o == e);
        if rank(other) < rank(self) { other } else { self }
    }
}

/// An error on its way to the user.
#[derive(Debug)]
pub(crate) struct Failure {
    pub exit: Exit,
    error: anyhow::Error,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into(), hint: None }
    }

    pub(crate) fn usage(words: impl Into<String>) -> Self {
        Self::new(Exit::Usage, anyhow::anyhow!(words.into()))
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into()).filter(|h| !h.is_empty());
        self
    }

    /// Whether the reader of our output went away: nothing to report.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        let io = self.error.chain().find_map(|e| e.downcast_ref::<std::io::Error>());
        self.exit == Exit::Ok && io.is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// `error: …`, the causes indented, a blank line, `hint: …`.
    pub(crate) fn words(&self) -> String {
        let mut out = String::new();
        let first = self.error.to_string();
        // Suite errors come rendered with their own `error:` line, caret and hint.
        let prefix = if first.starts_with("error:") { "" } else { "error: " };
        let _ = writeln!(out, "{prefix}{first}");
        let mut said = first;
        for cause in self.error.chain().skip(1) {
            let words = cause.to_string();
            if !said.contains(&words) {
                let _ = writeln!(out, "  {words}");
            }
            said = words;
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(out, "\nhint: {hint}");
        }
        harmless(&crate::lang::told(&out))
    }
}

/// The text without control characters, line by line: names and values in it may
/// come from anywhere.
pub(crate) fn harmless(text: &str) -> String {
    let text: String = text.lines().map(|line| acidtest_report::clean(line) + "\n").collect();
    for_logs(text)
}

/// Under GitHub Actions a line that begins with `::`, or holds `##[`, is a command to the
/// runner. What is said here may come from anywhere: such lines are broken, visibly.
pub(crate) fn for_logs(text: String) -> String {
    match std::env::var_os("GITHUB_ACTIONS").is_some_and(|v| !v.is_empty() && v != "false") {
        true => without_commands(&text),
        false => text,
    }
}

fn without_commands(text: &str) -> String {
    let line = |line: &str| {
        let rest = line.trim_start();
        let blanks = &line[..line.len() - rest.len()];
        let rest = rest.strip_prefix("::").map_or_else(|| rest.to_owned(), |rest| format!(": :{rest}"));
        format!("{blanks}{}", rest.replace("##[", "## ["))
    };
    text.split_inclusive(['\n', '\r']).map(line).collect()
}

/// Standard output that takes nothing more.
pub(crate) fn unwritten(e: std::io::Error) -> Failure {
    Failure::new(Exit::Internal, anyhow::Error::new(e).context("cannot write to standard output"))
        .hint("is the disk full? What was stored is not lost: acidtest report latest")
}

/// A file of the user's that cannot be written.
pub(crate) fn cannot_write(path: &std::path::Path, e: std::io::Error) -> Failure {
    Failure::new(Exit::Usage, anyhow::Error::new(e).context(format!("cannot write '{}'", path.display())))
        .hint("is the folder there, and may you write in it?")
}

/// Writes data to stdout; a reader that went away ends the program quietly.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|e| {
        if e.kind() == std::io::ErrorKind::BrokenPipe { Failure::new(Exit::Ok, e) } else { unwritten(e) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runners_get_no_commands_from_texts() {
        let text = "::error::x\n  ::set-output name=a::b\n a ##[group]b\na::b\n\r::stop\n";
        let calm = ": :error::x\n  : :set-output name=a::b\n a ## [group]b\na::b\n\r: :stop\n";
        assert_eq!(without_commands(text), calm);
    }

    #[test]
    fn precedence_is_as_documented() {
        use Exit::{GateBroken, Internal, Interrupted, Ok, Undecided, Unreachable, Usage};
        let order = [Usage, Internal, Interrupted, Unreachable, GateBroken, Undecided, Ok];
        for (i, a) in order.iter().enumerate() {
            for b in &order[i..] {
                assert_eq!(a.worst(*b), *a);
                assert_eq!(b.worst(*a), *a);
            }
        }
    }
}
