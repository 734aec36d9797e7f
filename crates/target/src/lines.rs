//! Streams of lines (NDJSON, JSON Lines): where lines end and what they say.
//!
//! Main types: [`Framer`] and [`Scanner`], with the same promises as those of
//! `sse.rs`: the result does not depend on where bytes are cut, and no more than
//! one unfinished line of bounded size is held. A blank line is no event.

use crate::sse::{Item, Place, TooLong};
use memchr::memchr2;

/// Cuts a byte stream into lines.
#[derive(Debug)]
pub(crate) struct Framer {
    limit: usize,
    line: Vec<u8>,
    offset: u64,
    broken: bool,
}

impl Framer {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, line: Vec::new(), offset: 0, broken: false }
    }

    /// Offset of the next byte to be fed.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next bytes; `mark` says where they came from. After a line that
    /// is too long everything is ignored.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        mark: u32,
        on: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), TooLong> {
        let start = self.offset;
        self.offset += bytes.len() as u64;
        if self.broken {
            return Ok(());
        }
        let mut at = 0;
        while at < bytes.len() {
            let Some(len) = memchr2(b'\r', b'\n', &bytes[at..]) else {
                return self.keep(&bytes[at..]);
            };
            let part = &bytes[at..at + len];
            at += len + 1;
            let end = Place { offset: start + at as u64, mark };
            if self.line.is_empty() {
                give(part, end, on);
            } else {
                self.keep(part)?;
                give(&self.line, end, on);
                self.line.clear();
                self.line.shrink_to(64 << 10);
            }
        }
        Ok(())
    }

    /// The stream is over: gives the last line where it has no end. It may be cut.
    pub(crate) fn finish(self, mark: u32, on: &mut dyn FnMut(Item<'_>)) {
        if !self.broken {
            give(&self.line, Place { offset: self.offset, mark }, on);
        }
    }

    fn keep(&mut self, part: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + part.len() <= self.limit {
            self.line.extend_from_slice(part);
            return Ok(());
        }
        self.broken = true;
        self.line = Vec::new();
        Err(TooLong)
    }
}

fn give(line: &[u8], end: Place, on: &mut dyn FnMut(Item<'_>)) {
    if !line.trim_ascii().is_empty() {
        on(Item::Event { data: line, name: b"", end });
    }
}

/// Finds ends of lines that say something, holding no bytes.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    content: bool,
}

impl Scanner {
    /// Takes the next bytes; says how many lines that are not blank ended in them.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> u32 {
        let mut found = 0;
        while let Some(len) = memchr2(b'\r', b'\n', bytes) {
            self.part(&bytes[..len]);
            found += u32::from(std::mem::take(&mut self.content));
            bytes = &bytes[len + 1..];
        }
        self.part(bytes);
        found
    }

    fn part(&mut self, part: &[u8]) {
        self.content |= part.iter().any(|b| !b.is_ascii_whitespace());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(parts: &[&[u8]]) -> Vec<(String, u64, u32)> {
        let mut framer = Framer::new(1 << 20);
        let mut found = Vec::new();
        let mut on = |item: Item<'_>| {
            if let Item::Event { data, end, .. } = item {
                found.push((String::from_utf8_lossy(data).into_owned(), end.offset, end.mark));
            }
        };
        for (mark, part) in parts.iter().enumerate() {
            framer.feed(part, mark as u32, &mut on).unwrap();
        }
        framer.finish(99, &mut on);
        found
    }

    #[test]
    fn a_line_is_an_event_and_a_blank_one_is_not() {
        let found = frame(&[b"{\"a\":1}\r\n\n  \n{\"b\"", b":2}\n", b"{\"c\":3}"]);
        let want = [("{\"a\":1}", 8, 0), ("{\"b\":2}", 21, 1), ("{\"c\":3}", 28, 99)];
        let got: Vec<_> = found.iter().map(|f| (f.0.as_str(), f.1, f.2)).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn a_line_is_bounded() {
        let mut framer = Framer::new(4);
        let mut count = 0;
        assert_eq!(framer.feed(b"1234", 0, &mut |_| count += 1), Ok(()));
        assert_eq!(framer.feed(b"5", 1, &mut |_| count += 1), Err(TooLong));
        assert_eq!(framer.feed(b"\n1\n", 2, &mut |_| count += 1), Ok(()));
        assert_eq!(count, 0);
    }

    #[test]
    fn the_scanner_counts_lines_that_say_something() {
        for (text, want) in [("{}\n", 1), ("{}", 0), ("\n\r\n", 0), ("  \n", 0), ("a\r", 1), ("a\nb\n", 2)] {
            assert_eq!(Scanner::default().feed(text.as_bytes()), want, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn cuts_change_nothing(text in "([a-z{}]{0,6}(\n|\r|\r\n| )){0,12}[a-z]{0,3}", mut cuts in proptest::collection::vec(0usize..100, 0..8)) {
            cuts.retain(|c| *c < text.len());
            cuts.sort_unstable();
            let (mut parts, mut from) = (Vec::new(), 0);
            for c in cuts.into_iter().chain([text.len()]) {
                parts.push(&text.as_bytes()[from..c]);
                from = c;
            }
            let plain = |v: Vec<(String, u64, u32)>| v.into_iter().map(|f| (f.0, f.1)).collect::<Vec<_>>();
            prop_assert_eq!(plain(frame(&parts)), plain(frame(&[text.as_bytes()])));
            let mut scanner = Scanner::default();
            let scanned = parts.iter().fold(0, |sum, p| scanner.feed(p) + sum);
            prop_assert_eq!(scanned, Scanner::default().feed(text.as_bytes()));
        }
    }
}
