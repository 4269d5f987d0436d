//! Files that several processes only ever add lines to. Whoever crashed while it wrote a line had done nothing
//! yet: the half of it is passed over, and goes with the next line.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rustix::fs::FlockOperation;

/// More than any line has, in bytes.
const LONGEST: u64 = 1024;

/// The file to be added to, made where there is none. Until it is dropped nobody else has it.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    rustix::fs::flock(&file, FlockOperation::LockExclusive)?;
    cut_half_a_line(&mut file)?;
    Ok(file)
}

/// The lines that were written to their end.
pub(crate) fn whole(text: &str) -> impl Iterator<Item = &str> {
    let end = text.rfind('\n').map_or(0, |end| end + 1);
    text[..end].lines()
}

fn cut_half_a_line(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(LONGEST);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let end = tail.iter().rposition(|byte| *byte == b'\n');
    let end = start + end.map_or(0, |end| end as u64 + 1);
    if end < length {
        file.set_len(end)?;
    }
    Ok(())
}
