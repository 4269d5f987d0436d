//! A PDF file object by object: each goes to the sink as soon as it is made, and only its place is
//! kept for the cross-reference table (ISO 32000-1, 7.5).

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use flate2::{Compression, write::ZlibEncoder};
use pdf_writer::{Chunk, Ref, Settings};

/// The comment says that there are bytes beyond ASCII.
const HEADER: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n";

pub(super) struct Objects<W> {
    sink: W,
    written: u64,
    /// Byte offsets by object number, from 1.
    places: Vec<u64>,
    failure: Option<io::Error>,
}

impl<W: Write> Objects<W> {
    /// Begins; the first `reserved` numbers are given out by the caller.
    pub fn new(sink: W, reserved: i32) -> Self {
        let mut objects = Self {
            sink,
            written: 0,
            places: vec![0; reserved as usize],
            failure: None,
        };
        objects.write(HEADER);
        objects
    }

    pub fn sink(&mut self) -> &mut W {
        &mut self.sink
    }

    /// A number that no object has.
    pub fn fresh(&mut self) -> Ref {
        self.places.push(0);
        Ref::new(self.places.len() as i32)
    }

    /// Writes the one object that `make` puts into the chunk.
    pub fn put(&mut self, make: impl FnOnce(&mut Chunk)) {
        let mut chunk = Chunk::with_settings(Settings { pretty: false });
        make(&mut chunk);
        for id in chunk.refs() {
            self.places[id.get() as usize - 1] = self.written;
        }
        self.write(chunk.as_bytes());
    }

    /// Writes table and trailer.
    pub fn finish(mut self, catalog: Ref, info: Ref) -> io::Result<W> {
        let start = self.written;
        let size = self.places.len() + 1;
        let mut end = format!("xref\n0 {size}\n0000000000 65535 f \n");
        for place in &self.places {
            // Writing to a string cannot fail.
            let _ = writeln!(end, "{place:010} 00000 n ");
        }
        let _ = write!(
            end,
            "trailer\n<</Size {size}/Root {} 0 R/Info {} 0 R>>\nstartxref\n{start}\n%%EOF\n",
            catalog.get(),
            info.get()
        );
        self.write(end.as_bytes());
        self.failure.map_or(Ok(self.sink), Err)
    }

    /// After a failure nothing more is written, and the failure is kept.
    fn write(&mut self, bytes: &[u8]) {
        if self.failure.is_none() {
            self.failure = self.sink.write_all(bytes).err();
            self.written += bytes.len() as u64;
        }
    }
}

/// For a stream with the filter `FlateDecode`.
pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
}
