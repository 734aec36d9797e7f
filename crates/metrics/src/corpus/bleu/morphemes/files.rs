//! The files of a compiled MeCab dictionary, checked while they are read.
//!
//! Main types: [`Words`] (a trie and its entries), [`Costs`] (what two neighbours cost) and
//! [`Categories`] (what a character is). It takes bytes, opens nothing, and never reads past them.

use super::KoDicError;

/// Bytes before the trie of a dictionary file.
const HEAD: usize = 72;
/// Bytes of one entry of a dictionary file.
const ENTRY: usize = 16;
/// Characters that the table of categories knows: the Basic Multilingual Plane but its last one.
const KNOWN: usize = 0xffff;

/// A reader of little-endian numbers that ends with an error, not with a panic.
struct Bytes<'a> {
    name: &'static str,
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], KoDicError> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or_else(|| self.wrong("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, KoDicError> {
        let taken = self.take(4)?;
        Ok(u32::from_le_bytes(taken.try_into().expect("four bytes")))
    }

    fn wrong(&self, what: &'static str) -> KoDicError {
        KoDicError::Form { name: self.name, what }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// One reading of a word, without its features.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// What it is to its left neighbour.
    pub(super) left: u16,
    /// What it is to its right neighbour.
    pub(super) right: u16,
    /// Its part of speech, as `dicrc` numbers them.
    pub(super) pos: u16,
    /// What it costs by itself.
    pub(super) cost: i16,
}

/// The words of `sys.dic` or `unk.dic`: a double-array trie over UTF-8 bytes.
pub(super) struct Words {
    /// Base and check of each unit.
    units: Vec<(i32, u32)>,
    entries: Vec<Entry>,
}

impl Words {
    /// Reads a dictionary file; `costs` bounds the contexts of its entries.
    pub(super) fn read(name: &'static str, file: &[u8], costs: &Costs) -> Result<Words, KoDicError> {
        let mut bytes = Bytes { name, rest: file };
        let magic = bytes.u32()?;
        if (magic ^ 0xef71_8f77) as usize != file.len() || bytes.u32()? != 102 {
            return Err(bytes.wrong("it is no dictionary of MeCab's form 102, or it is cut off"));
        }
        // Kind, words, the matrix's two sizes.
        bytes.take(16)?;
        let (trie, entries) = (bytes.u32()? as usize, bytes.u32()? as usize);
        // Length of the features, filler.
        bytes.take(8)?;
        let charset = bytes.take(HEAD - 40)?;
        let charset = charset.split(|b| *b == 0).next().unwrap_or(charset);
        if !charset.eq_ignore_ascii_case(b"utf-8") && !charset.eq_ignore_ascii_case(b"utf8") {
            return Err(bytes.wrong("its words are not in UTF-8"));
        }
        let unit = |b: &[u8]| {
            let b: [u8; 8] = b.try_into().expect("chunks of eight");
            let b = u64::from_le_bytes(b);
            (b as u32 as i32, (b >> 32) as u32)
        };
        let units = bytes.take(trie)?.chunks_exact(8).map(unit).collect();
        let entry = |b: &[u8]| Entry {
            left: u16_at(b, 0),
            right: u16_at(b, 2),
            pos: u16_at(b, 4),
            cost: u16_at(b, 6) as i16,
        };
        let entries: Vec<Entry> = bytes.take(entries)?.chunks_exact(ENTRY).map(entry).collect();
        if entries.iter().any(|e| !costs.knows(e)) {
            return Err(
                bytes.wrong("it has a context that matrix.bin does not have: files of two dictionaries?")
            );
        }
        Ok(Words { units, entries })
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Calls `hit` with the length in bytes and the entries of every word that `text` begins
    /// with, the shortest first.
    #[inline]
    pub(super) fn prefixes<'a>(&'a self, text: &[u8], mut hit: impl FnMut(usize, &'a [Entry])) {
        let Some(&(mut base, _)) = self.units.first() else { return };
        for length in 0..=text.len() {
            if let Some(entries) = self.ending(base) {
                hit(length, entries);
            }
            let Some(&byte) = text.get(length) else { return };
            match self.unit(i64::from(base) + i64::from(byte) + 1) {
                Some((next, check)) if check == base as u32 => base = next,
                _ => return,
            }
        }
    }

    /// The entries of this very word.
    pub(super) fn exactly(&self, word: &[u8]) -> &[Entry] {
        let mut found: &[Entry] = &[];
        self.prefixes(word, |length, entries| {
            if length == word.len() {
                found = entries;
            }
        });
        found
    }

    fn ending(&self, base: i32) -> Option<&[Entry]> {
        let (value, check) = self.unit(i64::from(base))?;
        if check != base as u32 || value >= 0 {
            return None;
        }
        // The first entry's index and, in the lowest byte, how many there are.
        let value = (-(i64::from(value) + 1)) as usize;
        self.entries.get(value >> 8..(value >> 8) + (value & 0xff))
    }

    fn unit(&self, at: i64) -> Option<(i32, u32)> {
        self.units.get(usize::try_from(at).ok()?).copied()
    }
}

/// `matrix.bin`: what it costs that one context follows another.
pub(super) struct Costs {
    /// How many right contexts there are.
    rights: usize,
    /// One row of right contexts for each left context.
    rows: Vec<i16>,
}

impl Costs {
    pub(super) fn read(file: &[u8]) -> Result<Costs, KoDicError> {
        let mut bytes = Bytes { name: "matrix.bin", rest: file };
        let head = bytes.take(4)?;
        let (rights, lefts) = (usize::from(u16_at(head, 0)), usize::from(u16_at(head, 2)));
        if rights == 0 || lefts == 0 || bytes.rest.len() != rights * lefts * 2 {
            return Err(bytes.wrong("its length is not that of its rows"));
        }
        let rows = bytes.rest.chunks_exact(2).map(|b| u16_at(b, 0) as i16).collect();
        Ok(Costs { rights, rows })
    }

    /// The costs of every right context before this left one.
    #[inline]
    pub(super) fn row(&self, left: u16) -> &[i16] {
        &self.rows[usize::from(left) * self.rights..][..self.rights]
    }

    fn knows(&self, entry: &Entry) -> bool {
        usize::from(entry.right) < self.rights && usize::from(entry.left) < self.rows.len() / self.rights
    }
}

/// What is known of a character.
#[derive(Debug, Clone, Copy)]
pub(super) struct Category(u32);

impl Category {
    /// Whether two share a category; a character may be of several.
    pub(super) fn is_like(self, other: Category) -> bool {
        self.0 & other.0 & 0x3_ffff != 0
    }

    /// The category whose entries its unknown words get.
    pub(super) fn default(self) -> usize {
        (self.0 >> 18 & 0xff) as usize
    }

    /// Unknown words have up to this many characters, besides grouped ones.
    pub(super) fn length(self) -> usize {
        (self.0 >> 26 & 0xf) as usize
    }

    /// Whether neighbours alike make one unknown word.
    pub(super) fn groups(self) -> bool {
        self.0 >> 30 & 1 == 1
    }

    /// Whether unknown words are tried also where known ones begin.
    pub(super) fn always(self) -> bool {
        self.0 >> 31 == 1
    }
}

/// `char.bin`: the category of each character.
pub(super) struct Categories {
    names: Vec<Vec<u8>>,
    of: Vec<Category>,
}

impl Categories {
    pub(super) fn read(file: &[u8]) -> Result<Categories, KoDicError> {
        let mut bytes = Bytes { name: "char.bin", rest: file };
        let count = bytes.u32()? as usize;
        if count > 18 {
            return Err(bytes.wrong("it has more than 18 categories"));
        }
        let names = bytes.take(count * 32)?;
        let name = |b: &[u8]| b.split(|b| *b == 0).next().unwrap_or(b).to_owned();
        let names: Vec<Vec<u8>> = names.chunks_exact(32).map(name).collect();
        if bytes.rest.len() != KNOWN * 4 {
            return Err(bytes.wrong("its table does not have 65,535 characters"));
        }
        let category = |b: &[u8]| Category(u32::from_le_bytes(b.try_into().expect("four bytes")));
        let of: Vec<Category> = bytes.rest.chunks_exact(4).map(category).collect();
        if of.iter().any(|c| c.default() >= names.len()) {
            return Err(bytes.wrong("a character has a category that is not there"));
        }
        Ok(Categories { names, of })
    }

    /// The names of all, in the order of [`Category::default`].
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().map(Vec::as_slice)
    }

    /// A character's category. As in MeCab, characters beyond the Basic Multilingual Plane are as
    /// U+0000, and U+FFFF, one behind the table, is like no other.
    #[inline]
    pub(super) fn of(&self, c: char) -> Category {
        match c {
            '\u{ffff}' => Category(0),
            '\u{10000}'.. => self.of[0],
            _ => self.of[c as usize],
        }
    }
}
