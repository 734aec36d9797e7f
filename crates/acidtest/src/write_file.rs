//! Files of a suite that are written: never through a link, never into a pipe.
//!
//! Main functions: [`write_new`] and [`replace`]. Must not be used for `--output`, where
//! `/dev/stdout` or a pipe may be meant.

use std::io::{self, Write as _};
use std::path::Path;

/// Writes a file that must not be there yet, not even as a link that leads nowhere.
pub(crate) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    std::fs::File::create_new(path)?.write_all(text.as_bytes())
}

/// Writes a file anew; what was there stays whole until all is written.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    match path.symlink_metadata() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return write_new(path, text),
        Err(e) => return Err(e),
        Ok(about) if about.is_symlink() => {
            return Err(io::Error::other("it is a link: remove it, or name the file that it leads to"));
        }
        Ok(about) if !about.is_file() => {
            return Err(io::Error::other("it is no regular file (a folder, a pipe or a device)"));
        }
        Ok(_) => {}
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = write_new(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // The half that was written is no one's.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_never_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let (file, target, link) = (dir.path().join("f"), dir.path().join("target"), dir.path().join("link"));
        write_new(&file, "one").unwrap();
        assert!(write_new(&file, "two").is_err());
        replace(&file, "two").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "two");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(write_new(&link, "x").is_err());
        assert!(replace(&link, "x").unwrap_err().to_string().contains("a link"));
        assert!(replace(dir.path(), "x").unwrap_err().to_string().contains("no regular file"));
        assert!(!target.exists());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
