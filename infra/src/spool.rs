//! What must lie on a disk for a while to be read from any place: sealed, with AES-256-GCM under a key that is made for
//! it and stands in this process's memory alone, in a file that has no name.
//!
//! So neither a kill nor a copy of the disk leaves anything that anybody could read. Chunks are sealed one by one, each
//! under its number as nonce: a key seals one file, once, from its beginning to its end.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write as _},
    os::unix::fs::FileExt as _,
};

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{AeadInOut as _, KeyInit as _},
};
use zeroize::Zeroizing;

use crate::store::random;

const CHUNK_BYTES: usize = 64 << 10;
const TAG_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;

/// A spool that is being written.
pub struct Spooling {
    file: File,
    cipher: Aes256Gcm,
    /// What does not fill a chunk yet.
    rest: Zeroizing<Vec<u8>>,
    chunks: u64,
}

/// A spool that was written, to be read from any place.
pub struct Spooled {
    file: File,
    cipher: Aes256Gcm,
    size: u64,
    position: u64,
    /// The chunk that was read last, by its number.
    open: Option<(u64, Zeroizing<Vec<u8>>)>,
}

impl Spooling {
    /// An empty one, in the folder for temporary files.
    ///
    /// # Errors
    /// When no file can be made there, or there are no random bytes.
    pub fn new() -> io::Result<Self> {
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(random().map_err(io::Error::other)?);
        Ok(Self {
            // Without a name from its first moment on, where the file system can.
            file: tempfile::tempfile()?,
            cipher: Aes256Gcm::new((&*key).into()),
            rest: Zeroizing::new(Vec::with_capacity(CHUNK_BYTES + TAG_BYTES)),
            chunks: 0,
        })
    }

    /// Adds bytes to its end.
    ///
    /// # Errors
    /// When the disk takes no more.
    pub fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_BYTES - self.rest.len()));
            self.rest.extend_from_slice(now);
            bytes = later;
            if self.rest.len() == CHUNK_BYTES {
                self.seal()?;
            }
        }
        Ok(())
    }

    /// Ends it.
    ///
    /// # Errors
    /// When the disk takes no more.
    pub fn finish(mut self) -> io::Result<Spooled> {
        let size = self.chunks * CHUNK_BYTES as u64 + self.rest.len() as u64;
        if !self.rest.is_empty() {
            self.seal()?;
        }
        Ok(Spooled {
            file: self.file,
            cipher: self.cipher,
            size,
            position: 0,
            open: None,
        })
    }

    fn seal(&mut self) -> io::Result<()> {
        let sealed = self
            .cipher
            .encrypt_in_place(&nonce(self.chunks), &[], &mut *self.rest);
        sealed.map_err(|_| io::Error::other("a chunk cannot be sealed"))?;
        self.file.write_all(&self.rest)?;
        self.rest.clear();
        self.chunks += 1;
        Ok(())
    }
}

impl Spooled {
    /// Its length, as it was written.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    fn chunk(&mut self, number: u64) -> io::Result<&[u8]> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != number) {
            let begin = number * CHUNK_BYTES as u64;
            let plain = usize::try_from(self.size - begin).unwrap_or(CHUNK_BYTES);
            let mut chunk = Zeroizing::new(vec![0; plain.min(CHUNK_BYTES) + TAG_BYTES]);
            let at = number * (CHUNK_BYTES + TAG_BYTES) as u64;
            self.file.read_exact_at(&mut chunk, at)?;
            self.cipher
                .decrypt_in_place(&nonce(number), &[], &mut *chunk)
                .map_err(|_| io::Error::other("what lies on the disk is not what was written"))?;
            self.open = Some((number, chunk));
        }
        Ok(self
            .open
            .as_ref()
            .map_or(&[], |(_, chunk)| chunk.as_slice()))
    }
}

impl Read for Spooled {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        let (number, from) = (
            self.position / CHUNK_BYTES as u64,
            self.position % CHUNK_BYTES as u64,
        );
        let there = &self.chunk(number)?[from as usize..];
        let read = there.len().min(buffer.len());
        buffer[..read].copy_from_slice(&there[..read]);
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Spooled {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

fn nonce(chunk: u64) -> Nonce<<Aes256Gcm as aes_gcm::AeadCore>::NonceSize> {
    let mut nonce = [0; NONCE_BYTES];
    nonce[NONCE_BYTES - 8..].copy_from_slice(&chunk.to_be_bytes());
    nonce.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    const SECRET: &[u8] = b"Jane Miller, born 1950-02-03. ";

    /// A text of a length, without a repetition that fits a chunk.
    fn text(bytes: usize) -> Vec<u8> {
        let lines = (0_u64..).flat_map(|n| [SECRET, &n.to_be_bytes()].concat());
        lines.take(bytes).collect()
    }

    fn spooled(text: &[u8], piece: usize) -> Spooled {
        let mut spooling = Spooling::new().unwrap();
        for piece in text.chunks(piece) {
            spooling.write(piece).unwrap();
        }
        spooling.finish().unwrap()
    }

    #[test]
    fn what_was_written_is_read_from_any_place() {
        for size in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 3 * CHUNK_BYTES, 200_001] {
            let text = text(size);
            let mut spooled = spooled(&text, 10_007);
            assert_eq!(spooled.size(), size as u64);
            let mut whole = Vec::new();
            spooled.read_to_end(&mut whole).unwrap();
            assert!(whole == text, "{size} bytes");
            let mut from = size;
            while from > 0 {
                from = from.saturating_sub(4_999);
                let back = from as i64 - size as i64;
                spooled.seek(SeekFrom::End(back)).unwrap();
                let mut some = vec![0; 5_000.min(size - from)];
                spooled.read_exact(&mut some).unwrap();
                assert!(some == text[from..from + some.len()], "from {from}");
            }
            assert!(spooled.seek(SeekFrom::Current(-1 - size as i64)).is_err());
            spooled.seek(SeekFrom::Start(u64::MAX)).unwrap();
            assert_eq!(spooled.read(&mut [0; 8]).unwrap(), 0, "past its end");
        }
    }

    #[test]
    fn the_disk_holds_nothing_that_can_be_read_under_no_name() {
        let text = text(200_000);
        let spooled = spooled(&text, 64);
        assert_eq!(spooled.file.metadata().unwrap().nlink(), 0, "it has a name");
        let mut lies = vec![0; spooled.file.metadata().unwrap().len() as usize];
        spooled.file.read_exact_at(&mut lies, 0).unwrap();
        assert!(lies.len() > text.len());
        for word in [&SECRET[..11], b"1950-02-03", &text[..64]] {
            assert!(!lies.windows(word.len()).any(|window| window == word));
        }
        let other = super::tests::spooled(&text, 64);
        let mut again = vec![0; lies.len()];
        other.file.read_exact_at(&mut again, 0).unwrap();
        assert!(lies != again, "two have one key");
    }

    #[test]
    fn what_was_changed_is_not_read() {
        for at in [0, CHUNK_BYTES as u64 + 20, 150_000] {
            let text = text(200_000);
            let mut spooled = spooled(&text, 50_000);
            let mut byte = [0];
            spooled.file.read_exact_at(&mut byte, at).unwrap();
            byte[0] ^= 1;
            spooled.file.write_all_at(&byte, at).unwrap();
            assert!(spooled.read_to_end(&mut Vec::new()).is_err(), "at {at}");
        }
        let mut cut = spooled(&text(200_000), 50_000);
        cut.file.set_len(150_000).unwrap();
        assert!(cut.read_to_end(&mut Vec::new()).is_err());
    }
}
