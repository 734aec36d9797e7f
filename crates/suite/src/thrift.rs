//! A look at a Parquet footer before the library sees it.
//!
//! Main function: [`check_depth`]. The library follows a schema as deep as it goes,
//! and a file could be made so deep that the program's stack ends: that cannot be
//! caught, so the schema's depth is told here first. Must not understand anything
//! else of the footer.

/// Fails when the schema of a footer is nested deeper than `most`, or cannot be followed.
pub(crate) fn check_depth(footer: &[u8], most: usize) -> Result<(), String> {
    let mut reader = Reader { bytes: footer, at: 0 };
    match reader.schema(most) {
        Some(true) => Ok(()),
        Some(false) => Err(format!("its schema is nested more than {most} deep")),
        None => Err("its footer is damaged".to_owned()),
    }
}

/// Thrift's compact protocol, as much of it as is needed to step over values.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Deepest nesting of the footer's own structures.
const MAX_NESTING: usize = 24;
const STRUCT: u8 = 12;

impl Reader<'_> {
    /// Whether the schema (field 2, a list of elements) is no deeper than `most`.
    fn schema(&mut self, most: usize) -> Option<bool> {
        let mut id = 0;
        loop {
            let kind = self.field(&mut id)?;
            if kind == 0 {
                return None;
            }
            if id == 2 && kind == 9 {
                return self.elements(most);
            }
            self.skip(kind, 0)?;
        }
    }

    /// Follows the list of elements, each before its children.
    fn elements(&mut self, most: usize) -> Option<bool> {
        let (kind, count) = self.list()?;
        if kind != STRUCT {
            return None;
        }
        // Children still to come at each depth.
        let mut open: Vec<i64> = Vec::new();
        for _ in 0..count {
            let children = self.element()?;
            if let Some(last) = open.last_mut() {
                *last -= 1;
            }
            if children > 0 {
                open.push(children);
            }
            while open.last() == Some(&0) {
                open.pop();
            }
            if open.len() > most {
                return Some(false);
            }
        }
        Some(true)
    }

    /// One element; gives its number of children (field 5).
    fn element(&mut self) -> Option<i64> {
        let (mut id, mut children) = (0, 0);
        loop {
            let kind = self.field(&mut id)?;
            match kind {
                0 => return Some(children),
                4..=6 if id == 5 => children = self.zigzag()?,
                _ => self.skip(kind, 0)?,
            }
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let n = self.varint()?;
        Some((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// The kind of the next field, 0 at the end; `id` becomes its number.
    fn field(&mut self, id: &mut i64) -> Option<u8> {
        let byte = self.byte()?;
        let kind = byte & 0x0F;
        if kind == 0 {
            return Some(0);
        }
        *id = match byte >> 4 {
            0 => self.zigzag()?,
            step => id.checked_add(i64::from(step))?,
        };
        Some(kind)
    }

    fn list(&mut self) -> Option<(u8, u64)> {
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => self.varint()?,
            n => u64::from(n),
        };
        Some((byte & 0x0F, count))
    }

    fn jump(&mut self, bytes: u64) -> Option<()> {
        let to = self.at.checked_add(usize::try_from(bytes).ok()?)?;
        (to <= self.bytes.len()).then(|| self.at = to)
    }

    /// Steps over a value of that kind.
    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > MAX_NESTING {
            return None;
        }
        match kind {
            // True and false of a field are in its kind; in a list they take a byte, see below.
            1 | 2 => Some(()),
            3 => self.jump(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.jump(8),
            8 => {
                let length = self.varint()?;
                self.jump(length)
            }
            9 | 10 => {
                let (kind, count) = self.list()?;
                for _ in 0..count {
                    match kind {
                        1 | 2 => self.jump(1)?,
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
                Some(())
            }
            11 => self.skip_map(depth),
            STRUCT => {
                let mut id = 0;
                loop {
                    match self.field(&mut id)? {
                        0 => return Some(()),
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
            }
            13 => self.jump(16),
            _ => None,
        }
    }

    fn skip_map(&mut self, depth: usize) -> Option<()> {
        let count = self.varint()?;
        if count == 0 {
            return Some(());
        }
        let kinds = self.byte()?;
        for _ in 0..count {
            for kind in [kinds >> 4, kinds & 0x0F] {
                match kind {
                    1 | 2 => self.jump(1)?,
                    kind => self.skip(kind, depth + 1)?,
                }
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footer whose schema is a chain of groups.
    fn chain(deep: usize) -> Vec<u8> {
        // Version (field 1), then the schema: a list of structs with num_children only.
        let mut out = vec![0x15, 0x02, 0x19, 0xFC];
        let mut n = deep + 1;
        while n >= 0x80 {
            out.push((n & 0x7F) as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
        for _ in 0..deep {
            out.extend([0x55, 0x02, 0x00]);
        }
        out.push(0x00);
        out
    }

    #[test]
    fn a_deep_schema_is_seen_before_it_can_hurt() {
        assert_eq!(check_depth(&chain(10), 48), Ok(()));
        assert_eq!(check_depth(&chain(48), 48), Ok(()));
        assert!(check_depth(&chain(1_000_000), 48).unwrap_err().contains("more than 48 deep"));
        assert!(check_depth(&[], 48).is_err());
        for cut in 0..chain(10).len() {
            let _ = check_depth(&chain(10)[..cut], 48);
        }
    }
}
