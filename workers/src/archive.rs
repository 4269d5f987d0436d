//! The members of a zip, one after the other, out of whatever can be read from any place.
//!
//! Names are only given: nothing is written where one points to. What the directory promises is believed for nothing
//! but where members lie; how much they unpack to is counted as it comes.

use std::io::{self, Read, Seek, SeekFrom};

use thiserror::Error;
use zip::{ZipArchive, result::ZipError};

/// How much is taken of a zip.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Members, folders included.
    pub files: usize,
    /// Bytes that they unpack to, together.
    pub bytes: u64,
}

/// Why a zip is not unpacked to its end.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// It has no directory, or one that cannot be read.
    #[error("the zip cannot be read")]
    Unreadable(#[source] ZipError),
    /// Of two members of one name only the last can be had, or the directory's end says another number.
    #[error("two files of the zip have the same name, or its directory miscounts them")]
    Miscounted,
    /// More members than [`Limits::files`].
    #[error("the zip has {0} files")]
    TooMany(usize),
    /// More bytes than [`Limits::bytes`]; members before that were given.
    #[error("the zip unpacks to more than is taken")]
    TooLarge,
    /// What it is read from fails.
    #[error("the zip could not be looked at")]
    Io(#[from] io::Error),
}

/// Gives each member's name and content to `take` until that says no more. A member that is broken, or locked, is
/// an error of its own and of no other; one that goes past the limit breaks off with an error.
///
/// # Errors
/// [`ArchiveError`].
pub fn members<R: Read + Seek>(
    mut zip: R,
    limits: Limits,
    mut take: impl FnMut(&str, Result<&mut dyn Read, ZipError>) -> bool,
) -> Result<(), ArchiveError> {
    let stated = stated_files(&mut zip)?;
    let mut zip = ZipArchive::new(zip).map_err(ArchiveError::Unreadable)?;
    if zip.len() > limits.files {
        return Err(ArchiveError::TooMany(zip.len()));
    }
    // The archive is read by name: of two files of one name only the last is there.
    if stated.is_some_and(|stated| stated != zip.len()) {
        return Err(ArchiveError::Miscounted);
    }
    let mut left = limits.bytes;
    for index in 0..zip.len() {
        let Some(name) = zip.name_for_index(index) else {
            continue;
        };
        let name = name.map_err(ArchiveError::Unreadable)?.into_owned();
        let mut over = false;
        let goes_on = match zip.by_index(index) {
            Ok(member) => {
                let mut counted = Counted {
                    member,
                    left: &mut left,
                    over: &mut over,
                };
                take(&name, Ok(&mut counted))
            }
            Err(error) => take(&name, Err(error)),
        };
        if over {
            return Err(ArchiveError::TooLarge);
        }
        if !goes_on {
            break;
        }
    }
    Ok(())
}

/// A member that is read while there are bytes left.
struct Counted<'a, R> {
    member: R,
    left: &'a mut u64,
    over: &'a mut bool,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.member.read(buffer)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            *self.over = true;
            return Err(io::Error::other("the zip unpacks to more than is taken"));
        };
        *self.left = left;
        Ok(read)
    }
}

/// How many files the end of a zip's directory says it has (APPNOTE 4.3.16); none when it has no end or the
/// number does not fit there.
fn stated_files(zip: &mut (impl Read + Seek)) -> io::Result<Option<usize>> {
    const END: usize = 22;
    let size = zip.seek(SeekFrom::End(0))?;
    let longest = (END + usize::from(u16::MAX)) as u64;
    zip.seek(SeekFrom::Start(size.saturating_sub(longest)))?;
    let mut tail = Vec::new();
    zip.read_to_end(&mut tail)?;
    zip.seek(SeekFrom::Start(0))?;
    let mut ends = tail.windows(END).rev();
    let end = ends.find(|window| window.starts_with(b"PK\x05\x06"));
    let stated = end.map(|end| u16::from_le_bytes([end[10], end[11]]));
    Ok(stated.filter(|n| *n < u16::MAX).map(usize::from))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use fixtures::hostile::archives;

    use super::*;

    /// All that a zip gives within limits: names, and bytes altogether.
    fn taken(zip: &[u8], limits: Limits) -> (Vec<String>, u64, Result<(), ArchiveError>) {
        let (mut names, mut bytes) = (Vec::new(), 0);
        let ended = members(Cursor::new(zip), limits, |name, member| {
            names.push(name.to_owned());
            let mut piece = [0; 1000];
            if let Ok(member) = member {
                while let Ok(read @ 1..) = member.read(&mut piece) {
                    bytes += read as u64;
                }
            }
            true
        });
        (names, bytes, ended)
    }

    #[test]
    fn no_archive_gives_more_than_its_limits() {
        let limits = Limits {
            files: 100,
            bytes: 10_000,
        };
        let (mut large, mut sound) = (0, 0);
        for archive in archives() {
            let (names, bytes, ended) = taken(&archive.bytes, limits);
            assert!(bytes <= limits.bytes, "{}: {bytes} bytes", archive.file);
            assert!(names.len() <= limits.files, "{}", archive.file);
            large += usize::from(matches!(ended, Err(ArchiveError::TooLarge)));
            sound += usize::from(ended.is_ok());
        }
        assert!(large > 0, "none was too large");
        assert!(sound > 0, "none was unpacked");
    }

    #[test]
    fn an_archive_cut_or_flipped_anywhere_ends() {
        let limits = Limits {
            files: 100,
            bytes: 1 << 20,
        };
        let smallest = archives()
            .into_iter()
            .filter(|a| a.sound.is_some_and(|n| n > 0));
        let zip = smallest
            .min_by_key(|archive| archive.bytes.len())
            .unwrap()
            .bytes;
        let step = (zip.len() / 400).max(1);
        for at in (0..zip.len()).step_by(step) {
            let _ = taken(&zip[..at], limits);
            let mut flipped = zip.clone();
            flipped[at] ^= 0x55;
            let _ = taken(&flipped, limits);
        }
    }
}
