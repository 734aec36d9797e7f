//! How a body is cut into events: by server-sent events or by lines.
//!
//! Main type: [`Cutter`]. Must not look into a line.

use crate::sse::{Framer, Item, MAX_EVENT, Place, TooLong};
use memchr::memchr;

/// What a body is known to be before its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Its first byte tells.
    Guess,
    /// One answer as a whole, even an empty one.
    Whole,
    /// Server-sent events.
    Events,
    /// One event a line.
    Lines,
}

/// Cuts a body into events.
#[derive(Debug)]
pub(crate) enum Cutter {
    Events(Framer),
    Lines(Lines),
}

impl Cutter {
    pub(crate) fn events() -> Self {
        Self::Events(Framer::new(MAX_EVENT))
    }

    pub(crate) fn lines() -> Self {
        Self::Lines(Lines { limit: MAX_EVENT, line: Vec::new(), offset: 0, broken: false })
    }

    /// Offset of the next byte to be fed.
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Self::Events(framer) => framer.offset(),
            Self::Lines(lines) => lines.offset,
        }
    }

    /// Takes the next bytes; `mark` says where they came from. After an event
    /// that is too long everything is ignored.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        mark: u32,
        on: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), TooLong> {
        match self {
            Self::Events(framer) => framer.feed(bytes, mark, on),
            Self::Lines(lines) => lines.feed(bytes, mark, on),
        }
    }

    /// The body is over: gives what lacks its end.
    pub(crate) fn finish(self, mark: u32, on: &mut dyn FnMut(Item<'_>)) {
        match self {
            Self::Events(framer) => framer.finish(mark, on),
            Self::Lines(lines) => lines.finish(mark, on),
        }
    }
}

/// One event a line; lines of white space are none.
#[derive(Debug)]
pub(crate) struct Lines {
    limit: usize,
    line: Vec<u8>,
    offset: u64,
    broken: bool,
}

impl Lines {
    fn feed(&mut self, mut bytes: &[u8], mark: u32, on: &mut dyn FnMut(Item<'_>)) -> Result<(), TooLong> {
        while !self.broken {
            let Some(len) = memchr(b'\n', bytes) else { break };
            self.offset += len as u64 + 1;
            let end = Place { offset: self.offset, mark };
            if self.line.is_empty() {
                give(&bytes[..len], end, on);
            } else {
                self.line.extend_from_slice(&bytes[..len]);
                give(&self.line, end, on);
                self.line.clear();
            }
            bytes = &bytes[len + 1..];
        }
        self.offset += bytes.len() as u64;
        if self.broken {
            return Ok(());
        }
        if self.line.len() + bytes.len() > self.limit {
            self.broken = true;
            self.line = Vec::new();
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self, mark: u32, on: &mut dyn FnMut(Item<'_>)) {
        give(&self.line, Place { offset: self.offset, mark }, on);
    }
}

fn give(line: &[u8], end: Place, on: &mut dyn FnMut(Item<'_>)) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if !line.trim_ascii().is_empty() {
        on(Item::Event { data: line, name: b"", end });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_wherever_bytes_are_cut() {
        let text = b"{\"a\":1}\r\n\n{\"b\":2}\nlast";
        for size in 1..text.len() {
            let mut cutter = Cutter::lines();
            let mut got = Vec::new();
            let mut on = |item: Item<'_>| {
                if let Item::Event { data, .. } = item {
                    got.push(String::from_utf8(data.to_vec()).unwrap());
                }
            };
            for (i, piece) in text.chunks(size).enumerate() {
                cutter.feed(piece, i as u32, &mut on).unwrap();
            }
            assert_eq!(cutter.offset(), text.len() as u64);
            cutter.finish(9, &mut on);
            assert_eq!(got, ["{\"a\":1}", "{\"b\":2}", "last"], "cut at {size}");
        }
    }

    #[test]
    fn a_line_without_end_is_given_up() {
        let mut cutter = Cutter::lines();
        let piece = vec![b'x'; 1 << 20];
        let results: Vec<bool> = (0..6).map(|_| cutter.feed(&piece, 0, &mut |_| ()).is_ok()).collect();
        assert_eq!(results, [true, true, true, true, false, true]);
    }
}
