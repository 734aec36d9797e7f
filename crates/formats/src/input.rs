//! The bytes of a foreign file, within bounds.
//!
//! Main type: [`Input`]. Neighbours come through a function that the caller
//! gives; this crate opens nothing itself.

use crate::error::{FormatError, brief};
use std::cell::Cell;

/// Largest file that is read.
pub const MAX_FILE: usize = 1 << 30;
/// Most files beside the first that one import may ask for.
const MAX_NEIGHBOURS: usize = 1000;

/// Gives the bytes of a file beside the imported one: relative paths without `..` only.
pub type Open<'a> = &'a dyn Fn(&str) -> std::io::Result<Vec<u8>>;

/// One file to import.
pub struct Input<'a> {
    /// Its name, as errors show it.
    pub name: &'a str,
    /// What it holds.
    pub bytes: &'a [u8],
    /// A data file that the user named beside it: its name and bytes.
    pub data: Option<(&'a str, &'a [u8])>,
    open: Open<'a>,
    opened: Cell<usize>,
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Input({}, {} bytes)", self.name, self.bytes.len())
    }
}

impl<'a> Input<'a> {
    /// A file and the way to its neighbours.
    pub fn new(name: &'a str, bytes: &'a [u8], open: Open<'a>) -> Self {
        Self { name, bytes, data: None, open, opened: Cell::new(0) }
    }

    pub(crate) fn check_size(&self) -> Result<(), FormatError> {
        match self.bytes.len() {
            0 => Err(FormatError::new(self.name, None, "the file is empty")),
            n if n > MAX_FILE => {
                Err(FormatError::new(self.name, None, "the file is longer than 1 GiB")
                    .hint("import it in parts"))
            }
            _ => Ok(()),
        }
    }

    /// The file's own name, without folders.
    pub(crate) fn file_name(&self) -> &str {
        self.name.rsplit(['/', '\\']).next().unwrap_or(self.name)
    }

    /// The file as text.
    pub(crate) fn text(&self) -> Result<&'a str, FormatError> {
        text_of(self.name, self.bytes)
    }

    /// A neighbour's bytes. Paths that leave the folder are refused: a foreign
    /// file must not carry other files of this machine into a prompt.
    pub(crate) fn neighbour(&self, path: &str) -> Result<Vec<u8>, String> {
        let inside = !path.starts_with(['/', '\\'])
            && !path.split(['/', '\\']).any(|part| part == "..")
            && !path.contains(['\0', ':']);
        if !inside {
            return Err(format!("'{}' is outside the file's folder: it is not read", brief(path)));
        }
        self.opened.set(self.opened.get() + 1);
        if self.opened.get() > MAX_NEIGHBOURS {
            return Err("more than 1000 files are named".into());
        }
        let path = path.strip_prefix("./").unwrap_or(path);
        match (self.open)(path) {
            Ok(bytes) if bytes.len() > MAX_FILE => Err(format!("'{}' is longer than 1 GiB", brief(path))),
            Ok(bytes) => Ok(bytes),
            Err(e) => Err(format!("cannot read '{}': {e}", brief(path))),
        }
    }

    /// The data file that the user named; else a neighbour at `path`, or of its name.
    pub(crate) fn data(&self, path: &str) -> Result<(String, Vec<u8>), String> {
        if let Some((name, bytes)) = self.data {
            return Ok((name.to_owned(), bytes.to_vec()));
        }
        let own = path.rsplit('/').next().unwrap_or(path);
        let first = self.neighbour(path);
        first.map(|b| (path.to_owned(), b)).or_else(|why| {
            let found = self.neighbour(own).map_err(|_| why)?;
            Ok((own.to_owned(), found))
        })
    }

    /// A neighbour's text.
    pub(crate) fn neighbour_text(&self, path: &str) -> Result<String, String> {
        let bytes = self.neighbour(path)?;
        text_of(path, &bytes).map(str::to_owned).map_err(|e| e.to_string())
    }
}

/// Bytes as text, without a byte order mark.
pub(crate) fn text_of<'b>(name: &str, bytes: &'b [u8]) -> Result<&'b str, FormatError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        FormatError::new(name, u32::try_from(line).ok(), "the text is not UTF-8")
            .hint("is it the right file? Convert it to UTF-8 if it is")
    })
}
