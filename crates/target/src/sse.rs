//! Server-sent events: where events end ([`Scanner`]) and what they say ([`Framer`]).
//!
//! Both give the same result wherever the bytes are cut. Must not know what the
//! events mean, and holds no more than one unfinished event of bounded size.

use memchr::memchr2;

/// Largest event in bytes.
pub(crate) const MAX_EVENT: usize = 4 << 20;
const MAX_NAME: usize = 256;
const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// What the framer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    /// An event with at least one `data:` line.
    Event {
        /// Its data lines, joined by line feeds.
        data: &'a [u8],
        /// Its `event:` name; empty if none.
        name: &'a [u8],
        /// Where its last data line ends.
        end: Place,
    },
    /// A comment line.
    Comment {
        /// Where it ends.
        end: Place,
    },
}

/// Where a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// Offset in the stream, just after the byte that ends the line.
    pub(crate) offset: u64,
    /// The mark given with the bytes that held it.
    pub(crate) mark: u32,
}

/// An event is larger than our limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Cuts a byte stream into events.
#[derive(Debug)]
pub(crate) struct Framer {
    limit: usize,
    bom: usize,
    after_cr: bool,
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    name: Vec<u8>,
    end: Place,
    offset: u64,
    broken: bool,
}

impl Framer {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            bom: 0,
            after_cr: false,
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            name: Vec::new(),
            end: Place::default(),
            offset: 0,
            broken: false,
        }
    }

    /// Offset of the next byte to be fed.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next bytes; `mark` says where they came from. After an event
    /// that is too long everything is ignored.
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
        let mut at = self.skip_bom(bytes);
        while at < bytes.len() {
            if std::mem::take(&mut self.after_cr) && bytes[at] == b'\n' {
                at += 1;
                continue;
            }
            let Some(len) = memchr2(b'\r', b'\n', &bytes[at..]) else {
                self.line.extend_from_slice(&bytes[at..]);
                return self.check();
            };
            let part = &bytes[at..at + len];
            self.after_cr = bytes[at + len] == b'\r';
            at += len + 1;
            let end = Place { offset: start + at as u64, mark };
            if self.line.is_empty() {
                self.line(part, end, on);
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(part);
                self.line(&line, end, on);
                line.clear();
                self.line = line;
            }
            self.check()?;
        }
        Ok(())
    }

    /// The stream is over: gives an event that lacks its blank line, if there is
    /// one. Its last line may be cut.
    pub(crate) fn finish(mut self, mark: u32, on: &mut dyn FnMut(Item<'_>)) {
        let end = Place { offset: self.offset, mark };
        if !self.line.is_empty() && !self.broken {
            let line = std::mem::take(&mut self.line);
            self.line(&line, end, on);
        }
        self.dispatch(on);
    }

    /// How many bytes of a byte order mark to leave out at the stream's start.
    fn skip_bom(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while self.bom < BOM.len() && at < bytes.len() {
            if bytes[at] != BOM[self.bom] {
                // What looked like the mark's beginning belongs to the first line.
                self.line.extend_from_slice(&BOM[..self.bom]);
                self.bom = BOM.len();
                return at;
            }
            self.bom += 1;
            at += 1;
        }
        at
    }

    fn check(&mut self) -> Result<(), TooLong> {
        if self.line.len() + self.data.len() <= self.limit {
            return Ok(());
        }
        self.broken = true;
        self.has_data = false;
        self.line = Vec::new();
        self.data = Vec::new();
        Err(TooLong)
    }

    fn line(&mut self, line: &[u8], end: Place, on: &mut dyn FnMut(Item<'_>)) {
        if line.is_empty() {
            self.dispatch(on);
            return;
        }
        let colon = memchr::memchr(b':', line);
        if colon == Some(0) {
            on(Item::Comment { end });
            return;
        }
        let (field, value) = match colon {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
                self.end = end;
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(&value[..value.len().min(MAX_NAME)]);
            }
            _ => {}
        }
    }

    fn dispatch(&mut self, on: &mut dyn FnMut(Item<'_>)) {
        if self.has_data {
            on(Item::Event { data: &self.data, name: &self.name, end: self.end });
        }
        self.has_data = false;
        self.data.clear();
        self.data.shrink_to(64 << 10);
        self.name.clear();
    }
}

/// Finds ends of events that carry data, holding no bytes: the gap limit needs no more.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    after_cr: bool,
    prefix: [u8; 5],
    len: usize,
    content: bool,
    event: bool,
}

impl Scanner {
    /// Takes the next bytes; says how many events with data ended in them.
    /// Comments and empty data are no events here.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> u32 {
        let mut found = 0;
        while let Some(first) = bytes.first() {
            if std::mem::take(&mut self.after_cr) && *first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(len) = memchr2(b'\r', b'\n', bytes) else {
                self.part(bytes);
                break;
            };
            self.part(&bytes[..len]);
            self.after_cr = bytes[len] == b'\r';
            bytes = &bytes[len + 1..];
            found += u32::from(self.line_end());
        }
        found
    }

    fn part(&mut self, part: &[u8]) {
        let take = part.len().min(self.prefix.len() - self.len);
        self.prefix[self.len..self.len + take].copy_from_slice(&part[..take]);
        self.len += take;
        if !self.content && self.len == self.prefix.len() && self.prefix == *b"data:" {
            self.content = part[take..].iter().any(|b| *b != b' ');
        }
    }

    fn line_end(&mut self) -> bool {
        let ended = self.len == 0 && std::mem::take(&mut self.event);
        self.event |= self.content;
        self.content = false;
        self.len = 0;
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Found = (String, String, u64, u32);

    fn on_item(found: &mut Vec<Found>, item: Item<'_>) {
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        found.push(match item {
            Item::Event { data, name, end } => (text(data), text(name), end.offset, end.mark),
            Item::Comment { end } => (":".into(), String::new(), end.offset, end.mark),
        });
    }

    fn frame(parts: &[&[u8]]) -> Vec<Found> {
        let mut framer = Framer::new(MAX_EVENT);
        let mut found = Vec::new();
        for (mark, part) in parts.iter().enumerate() {
            framer.feed(part, mark as u32, &mut |i| on_item(&mut found, i)).unwrap();
        }
        framer.finish(99, &mut |i| on_item(&mut found, i));
        found
    }

    fn check(input: &str, expect: &[(&str, &str)]) {
        let found = frame(&[input.as_bytes()]);
        let got: Vec<_> = found.iter().map(|f| (f.0.as_str(), f.1.as_str())).collect();
        assert_eq!(got, expect, "{input:?}");
    }

    #[test]
    fn events_by_the_standard() {
        check("data: a\n\ndata:b\r\n\r\ndata: c\r\r", &[("a", ""), ("b", ""), ("c", "")]);
        check("data: a\ndata:  b\n\n", &[("a\n b", "")]);
        check("event: error\ndata: x\n\ndata: y\n\n", &[("x", "error"), ("y", "")]);
        check(": keep-alive\n\n:\n\ndata: x\n\n", &[(":", ""), (":", ""), ("x", "")]);
        check("\u{feff}data: x\n\n", &[("x", "")]);
        check("data\n\n", &[("", "")]);
        check("id: 3\nretry: 5\nfoo\n\n", &[]);
        check("event: ping\n\ndata: x\n\n", &[("x", "")]);
        check("data: [DONE]", &[("[DONE]", "")]);
        check("data: 안녕\n\n", &[("안녕", "")]);
    }

    #[test]
    fn an_event_ends_with_its_last_data_line() {
        // The blank line and the id come later: the stamp is the data line's.
        let found = frame(&[b"data: a\nda", b"ta: b\r", b"\nid: 1\n", b"\n"]);
        assert_eq!(found, [("a\nb".into(), String::new(), 16, 1)]);
    }

    #[test]
    fn an_event_is_bounded() {
        let mut framer = Framer::new(10);
        let mut count = 0;
        assert_eq!(framer.feed(b"data: 1\n\n", 0, &mut |_| count += 1), Ok(()));
        let bad = framer.feed(b"data: 12345678901234", 1, &mut |_| count += 1);
        assert_eq!(bad, Err(TooLong));
        assert_eq!(framer.feed(b"\n\ndata: 1\n\n", 2, &mut |_| count += 1), Ok(()));
        assert_eq!(count, 1);
        // Many short data lines of one event count together.
        let mut framer = Framer::new(10);
        let lines = b"data: 12\n".repeat(5);
        assert_eq!(framer.feed(&lines, 0, &mut |_| ()), Err(TooLong));
    }

    #[test]
    fn the_scanner_counts_events_with_data_only() {
        for (text, want) in [
            ("data: a\n\n", 1),
            ("data: a\r\n\r\n", 1),
            ("data: a\n", 0),
            (": ping\n\n", 0),
            ("data:\n\n", 0),
            ("data: \n\n", 0),
            ("event: ping\n\n", 0),
            ("data: a\n\ndata: b\n\n", 2),
            ("id: 1\ndata: x\nfoo: y\n\n", 1),
        ] {
            assert_eq!(Scanner::default().feed(text.as_bytes()), want, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn cuts_change_nothing(
            lines in proptest::collection::vec(
                prop_oneof![
                    Just("data: {\"a\":\"한글\"}".to_owned()), Just("data:".into()), Just(": c".into()),
                    Just(String::new()), Just("event: e".into()), Just("\u{feff}data: x".into()), "[a-z: ]{0,8}",
                ], 0..14),
            ends in proptest::collection::vec(0usize..3, 14),
            mut cuts in proptest::collection::vec(0usize..400, 0..12),
        ) {
            let mut text = Vec::new();
            for (line, end) in lines.iter().zip(&ends) {
                text.extend_from_slice(line.as_bytes());
                text.extend_from_slice([&b"\n"[..], b"\r", b"\r\n"][*end]);
            }
            cuts.retain(|c| *c < text.len());
            cuts.sort_unstable();
            let (mut parts, mut from) = (Vec::new(), 0);
            for c in cuts.iter().copied().chain([text.len()]) {
                parts.push(&text[from..c]);
                from = c;
            }
            let whole = frame(&[&text]);
            let cut = frame(&parts);
            let plain = |v: &[Found]| v.iter().map(|f| (f.0.clone(), f.1.clone(), f.2)).collect::<Vec<_>>();
            prop_assert_eq!(plain(&whole), plain(&cut));
            // The mark is that of the part which holds the byte before the end.
            for f in cut.iter().filter(|f| f.3 != 99) {
                let mut end = 0;
                let part = parts.iter().position(|p| { end += p.len() as u64; f.2 <= end });
                prop_assert_eq!(part, Some(f.3 as usize));
            }
            let mut scanner = Scanner::default();
            let scanned = parts.iter().fold(0, |sum, p| scanner.feed(p) + sum);
            prop_assert_eq!(scanned, Scanner::default().feed(&text));
        }
    }
}
