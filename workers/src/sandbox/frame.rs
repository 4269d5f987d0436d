//! The frames on the pipes: magic, two lengths, a JSON header, raw bytes.
//!
//! Lengths are checked against the reader's caps before a byte is allocated, and memory grows only
//! as bytes arrive, so that a lying length costs nothing.

use std::io::{self, Read, Write};

use serde::{Serialize, de::DeserializeOwned};

const MAGIC: [u8; 4] = *b"MBX1";
const PREFIX: usize = 16;

/// The most bytes that a reader accepts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    pub header: u64,
    pub blob: u64,
}

/// Why a frame could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("the pipe ended")]
    Ended,
    #[error("the pipe failed")]
    Io(#[source] io::Error),
    #[error("{0}")]
    Broken(&'static str),
    #[error("a frame of {0} bytes is above the cap")]
    TooLarge(u64),
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::Ended
        } else {
            Self::Io(error)
        }
    }
}

pub(super) fn write<T: Serialize>(w: &mut impl Write, header: &T, blob: &[u8]) -> io::Result<()> {
    let header = serde_json::to_vec(header)?;
    let mut prefix = [0; PREFIX];
    prefix[..4].copy_from_slice(&MAGIC);
    let header_len = u32::try_from(header.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "header above 4 GiB"))?;
    prefix[4..8].copy_from_slice(&header_len.to_le_bytes());
    prefix[8..].copy_from_slice(&(blob.len() as u64).to_le_bytes());
    w.write_all(&prefix)?;
    w.write_all(&header)?;
    w.write_all(blob)?;
    w.flush()
}

pub(super) fn read<T: DeserializeOwned>(
    r: &mut impl Read,
    caps: Caps,
) -> Result<(T, Vec<u8>), FrameError> {
    let mut prefix = [0; PREFIX];
    r.read_exact(&mut prefix)?;
    let [m0, m1, m2, m3, h0, h1, h2, h3, blob @ ..] = prefix;
    if [m0, m1, m2, m3] != MAGIC {
        return Err(FrameError::Broken("the frame has no magic"));
    }
    let header = read_bytes(
        r,
        u64::from(u32::from_le_bytes([h0, h1, h2, h3])),
        caps.header,
    )?;
    let blob = read_bytes(r, u64::from_le_bytes(blob), caps.blob)?;
    let header = serde_json::from_slice(&header)
        .map_err(|_| FrameError::Broken("the header is not what was expected"))?;
    Ok((header, blob))
}

fn read_bytes(r: &mut impl Read, len: u64, cap: u64) -> Result<Vec<u8>, FrameError> {
    if len > cap {
        return Err(FrameError::TooLarge(len));
    }
    let mut bytes = Vec::with_capacity(len.min(1 << 20) as usize);
    let got = r.take(len).read_to_end(&mut bytes)?;
    if (got as u64) < len {
        return Err(FrameError::Ended);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Caps, FrameError, read, write};

    const CAPS: Caps = Caps {
        header: 100,
        blob: 100,
    };

    #[test]
    fn a_frame_comes_back() {
        let mut wire = Vec::new();
        write(&mut wire, &"hello", b"\0\x01\x02").unwrap();
        let (header, blob): (String, _) = read(&mut wire.as_slice(), CAPS).unwrap();
        assert_eq!(
            (header.as_str(), blob.as_slice()),
            ("hello", &b"\0\x01\x02"[..])
        );
    }

    #[test]
    fn lies_on_the_wire_are_refused() {
        let mut good = Vec::new();
        write(&mut good, &7, &[1; 50]).unwrap();
        let with = |at: usize, byte: u8| {
            let mut wire = good.clone();
            wire[at] = byte;
            wire
        };
        for (name, wire) in [
            ("no magic", with(0, b'X')),
            ("a huge header", with(7, 0x7f)),
            ("a huge blob", with(14, 0x7f)),
            ("a header of another type", with(16, b'"')),
            ("cut in the prefix", good[..9].to_vec()),
            ("cut in the blob", good[..good.len() - 1].to_vec()),
        ] {
            let read: Result<(u32, _), FrameError> = read(&mut wire.as_slice(), CAPS);
            assert!(read.is_err(), "{name}");
        }
    }
}
