//! In which language the program speaks: what `--lang` says, else the environment.
//!
//! Main functions: [`set`], [`lang`], [`told`]. The choice is made once, before arguments are
//! read, so that errors in them are understood too. Must not translate what programs read.

use acidtest_report::Lang;
use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};

/// Languages as the command line names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    En,
    Ko,
}

impl From<Language> for Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Lang::En,
            Language::Ko => Lang::Ko,
        }
    }
}

/// `1 file`, `2 files`.
pub(crate) fn counted(n: impl TryInto<u64>, one: &str) -> String {
    match n.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {one}"),
        n => format!("{n} {one}s"),
    }
}

static KOREAN: AtomicBool = AtomicBool::new(false);

/// From now on the program speaks this language.
pub(crate) fn set(lang: Lang) {
    KOREAN.store(lang == Lang::Ko, Ordering::Relaxed);
}

/// The language that the program speaks.
pub(crate) fn lang() -> Lang {
    if KOREAN.load(Ordering::Relaxed) { Lang::Ko } else { Lang::En }
}

/// The language of arguments that are not read yet, else of the environment.
pub(crate) fn early(args: impl Iterator<Item = OsString>) -> Lang {
    let env = ["LC_ALL", "LC_MESSAGES", "LANG"].map(std::env::var_os);
    asked(args).unwrap_or_else(|| of_environment(env))
}

fn asked(args: impl Iterator<Item = OsString>) -> Option<Lang> {
    let mut args = args.map(|a| a.to_string_lossy().into_owned()).take_while(|a| a != "--");
    while let Some(arg) = args.next() {
        let value = match arg.strip_prefix("--lang") {
            Some("") => args.next()?,
            Some(rest) => match rest.strip_prefix('=') {
                Some(value) => value.to_owned(),
                None => continue,
            },
            None => continue,
        };
        return value.parse().ok();
    }
    None
}

/// The first of the variables that is set decides.
fn of_environment(values: [Option<OsString>; 3]) -> Lang {
    let first = values.into_iter().flatten().find(|v| !v.is_empty());
    match first.is_some_and(|v| v.to_string_lossy().starts_with("ko")) {
        true => Lang::Ko,
        false => Lang::En,
    }
}

/// English text in the program's language, line by line.
pub(crate) fn told(english: &str) -> String {
    if lang() == Lang::En {
        return english.to_owned();
    }
    // A line of a suite, quoted under its number, stays as it is.
    let is_quoted =
        |line: &str| line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|');
    let line = |line: &str| {
        if is_quoted(line) {
            return line.to_owned();
        }
        let text = line.trim_start();
        let (indent, _) = line.split_at(line.len() - text.len());
        format!("{indent}{}", lang().tell(text))
    };
    english.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_lines_of_suites_stay() {
        set(Lang::Ko);
        let said = told(
            "error: unknown key 'x' in the suite\n --> a.yaml:3:1\n  |\n3 | error: wrong (y)\n\nhint: known: a b",
        );
        set(Lang::En);
        assert_eq!(
            said,
            "오류: 스위트에 알 수 없는 키 'x'\n --> a.yaml:3:1\n  |\n3 | error: wrong (y)\n\n도움말: 쓸 수 있는 것: a b"
        );
    }

    #[test]
    fn arguments_come_before_the_environment() {
        let of = |args: &[&str]| asked(args.iter().map(OsString::from));
        assert_eq!(of(&["acidtest", "--lang", "ko", "run"]), Some(Lang::Ko));
        assert_eq!(of(&["acidtest", "run", "--lang=en"]), Some(Lang::En));
        assert_eq!(of(&["acidtest", "run", "--", "--lang=ko"]), None);
        assert_eq!(of(&["acidtest", "--language", "ko"]), None);
        assert_eq!(of(&["acidtest", "--lang"]), None);
        assert_eq!(of(&["acidtest", "--lang", "fr"]), None);
        let env = |values: [&str; 3]| of_environment(values.map(|v| Some(OsString::from(v))));
        assert_eq!(env(["", "", "ko_KR.UTF-8"]), Lang::Ko);
        assert_eq!(env(["C", "", "ko_KR.UTF-8"]), Lang::En);
        assert_eq!(env(["ko", "en", "en"]), Lang::Ko);
        assert_eq!(of_environment([None, None, None]), Lang::En);
    }
}
