//! Where HTTP/2 frames begin and end in a byte stream: their nine-byte heads and no more.
//!
//! Main type: [`Splitter`]. Must not read what is in frames (no HPACK), nor judge
//! them: the codec above does.

/// Frame types that matter here.
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const CONTINUATION: u8 = 9;
/// Flags.
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

const HEAD: usize = 9;
/// What a client says before its first frame.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The head of a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) len: u32,
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
}

impl Head {
    fn of(b: &[u8; HEAD]) -> Self {
        Self {
            len: u32::from_be_bytes([0, b[0], b[1], b[2]]),
            kind: b[3],
            flags: b[4],
            stream: u32::from_be_bytes([b[5], b[6], b[7], b[8]]) & 0x7fff_ffff,
        }
    }

    pub(crate) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// What of one frame lies in the bytes that were fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) head: Head,
    /// Bytes of it, head and padding included.
    pub(crate) bytes: u32,
    /// Bytes of its content: of a DATA frame those that become body.
    pub(crate) content: u32,
    /// Whether the frame ends here.
    pub(crate) done: bool,
}

/// Follows a byte stream from frame to frame.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    /// Bytes to be passed over before the first frame.
    preface: usize,
    raw: [u8; HEAD],
    have: usize,
    frame: Option<Open>,
}

/// A frame that has not ended.
#[derive(Debug, Clone, Copy)]
struct Open {
    head: Head,
    /// Payload that is still to come.
    left: u32,
    /// Whether the next byte is the length of the padding.
    pad_next: bool,
    /// Padding at the end of what is left.
    padding: u32,
}

impl Splitter {
    /// For what a client writes: its preface comes first.
    pub(crate) fn after_preface() -> Self {
        Self { preface: PREFACE.len(), ..Self::default() }
    }

    /// Whether it stands between two frames.
    #[cfg(test)]
    fn between(&self) -> bool {
        self.have == 0 && self.frame.is_none()
    }

    /// Whether it stands within the head of a frame.
    pub(crate) fn in_head(&self) -> bool {
        self.have > 0
    }

    /// Takes the next bytes and tells of every frame that has some of them. The
    /// bytes of a head that is cut count where it is whole.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], on: &mut dyn FnMut(Part)) {
        let skip = self.preface.min(bytes.len());
        self.preface -= skip;
        bytes = &bytes[skip..];
        while !bytes.is_empty() {
            let mut of_head = 0;
            let mut open = match self.frame.take() {
                Some(open) => open,
                None => {
                    let take = (HEAD - self.have).min(bytes.len());
                    self.raw[self.have..self.have + take].copy_from_slice(&bytes[..take]);
                    self.have += take;
                    bytes = &bytes[take..];
                    if self.have < HEAD {
                        return;
                    }
                    self.have = 0;
                    of_head = HEAD as u32;
                    Open::new(Head::of(&self.raw))
                }
            };
            let (used, content) = open.take(bytes);
            bytes = &bytes[used..];
            let done = open.left == 0;
            on(Part { head: open.head, bytes: of_head + used as u32, content, done });
            self.frame = (!done).then_some(open);
        }
    }
}

impl Open {
    fn new(head: Head) -> Self {
        let pad_next = head.kind == DATA && head.has(PADDED) && head.len > 0;
        Self { head, left: head.len, pad_next, padding: 0 }
    }

    /// Takes what of the payload is there: how many bytes, and how many of them are content.
    fn take(&mut self, bytes: &[u8]) -> (usize, u32) {
        let mut used = 0;
        if let (true, Some(pad)) = (self.pad_next, bytes.first()) {
            self.pad_next = false;
            self.left -= 1;
            used = 1;
            // More padding than frame is the codec's to refuse.
            self.padding = u32::from(*pad).min(self.left);
        }
        let rest = (self.left as usize).min(bytes.len() - used) as u32;
        let content = rest.min(self.left - self.padding);
        self.left -= rest;
        // What was no content was padding.
        self.padding -= rest - content;
        (used + rest as usize, content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let len = (payload.len() as u32).to_be_bytes();
        let mut out = vec![len[1], len[2], len[3], kind, flags];
        out.extend_from_slice(&stream.to_be_bytes());
        out.extend_from_slice(payload);
        out
    }

    /// Sums of each frame, however its bytes were cut.
    fn sums(bytes: &[u8], cuts: &[usize]) -> Vec<(u8, u32, u32, u32)> {
        let mut splitter = Splitter::default();
        let (mut all, mut sum) = (Vec::new(), (0, 0));
        let mut on = |p: Part| {
            sum = (sum.0 + p.bytes, sum.1 + p.content);
            if p.done {
                all.push((p.head.kind, p.head.stream, sum.0, sum.1));
                sum = (0, 0);
            }
        };
        let mut at = 0;
        for cut in cuts.iter().copied().chain([bytes.len()]) {
            let to = cut.clamp(at, bytes.len());
            splitter.feed(&bytes[at..to], &mut on);
            at = to;
        }
        assert!(splitter.between());
        all
    }

    #[test]
    fn frames_are_told_apart() {
        let bytes = [
            frame(SETTINGS, 0, 0, &[]),
            frame(HEADERS, END_HEADERS, 1, b"hpack"),
            frame(DATA, 0, 3, b"hello"),
            frame(DATA, PADDED | END_STREAM, 1, b"\x03hi\0\0\0"),
            frame(DATA, PADDED, 1, b"\xffxy"),
        ]
        .concat();
        let want = [(4, 0, 9, 0), (1, 1, 14, 5), (0, 3, 14, 5), (0, 1, 15, 2), (0, 1, 12, 0)];
        assert_eq!(sums(&bytes, &[]), want);
    }

    #[test]
    fn a_preface_is_passed_over() {
        let mut seen = Vec::new();
        let mut splitter = Splitter::after_preface();
        let bytes = [PREFACE, &frame(DATA, 0, 1, b"x")].concat();
        for byte in bytes.chunks(1) {
            splitter.feed(byte, &mut |p| seen.push((p.bytes, p.done)));
        }
        assert_eq!(seen, [(9, false), (1, true)]);
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(
            payloads in prop::collection::vec((0u8..10, any::<u8>(), 0u32..9, prop::collection::vec(any::<u8>(), 0..40)), 0..12),
            mut cuts in prop::collection::vec(0usize..600, 0..30),
        ) {
            let bytes: Vec<u8> = payloads.iter().flat_map(|(k, f, s, p)| frame(*k, *f, *s, p)).collect();
            cuts.sort_unstable();
            prop_assert_eq!(sums(&bytes, &cuts), sums(&bytes, &[]));
        }
    }
}
