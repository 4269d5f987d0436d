//! `seed FOLDER`: writes the hostile files that are small enough to be mutated fast into one folder a target,
//! archives, and messages as medbot writes them.

use std::error::Error;
use std::fs;
use std::path::Path;

use schemas::{JobState, Outcome, PageStatus, RejectKind, Stage, Step, TaskError, TaskErrorKind};
use workers::decode::sniff;
use workers_fuzz::TARGETS;

/// The fuzzer itself makes files longer; what matters is where they start.
const LARGEST: usize = 64 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: seed FOLDER")?;
    let folder = Path::new(&folder);
    let mut written = 0;
    for case in fixtures::hostile::corpus()? {
        let Ok(media_type) = sniff(&case.bytes, None) else {
            continue;
        };
        let target = TARGETS
            .iter()
            .find(|(_, types)| types.contains(&media_type));
        if let (Some((target, _)), true) = (target, case.bytes.len() <= LARGEST) {
            let folder = folder.join(target);
            fs::create_dir_all(&folder)?;
            fs::write(folder.join(&case.file), &case.bytes)?;
            written += 1;
        }
    }
    let zips = folder.join("zip");
    fs::create_dir_all(&zips)?;
    for archive in fixtures::hostile::archives() {
        if archive.bytes.len() <= LARGEST {
            fs::write(zips.join(&archive.file), &archive.bytes)?;
            written += 1;
        }
    }
    let folder = folder.join("messages");
    fs::create_dir_all(&folder)?;
    for (name, message) in messages()? {
        fs::write(folder.join(name), message)?;
        written += 1;
    }
    for (name, notice) in notices() {
        fs::write(folder.join(name), notice)?;
        written += 1;
    }
    println!("{written} seeds");
    Ok(())
}

/// What the broker brings: the body's length, the body as bytes or as text, the trace.
fn notices() -> [(&'static str, Vec<u8>); 2] {
    let text = b"6f1d7a3e-0000-4000-8000-000000000001";
    let trace = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    [
        ("notice", [&[16][..], &text[..16], trace].concat()),
        ("notice_as_text", [&[36][..], &text[..], trace].concat()),
    ]
}

/// One of each kind that crosses a border.
fn messages() -> Result<Vec<(String, String)>, serde_json::Error> {
    let mut all = vec![
        serde_json::to_string(&Step::page(Stage::Detect, 3, 2))?,
        serde_json::to_string(&Step::document(Stage::Extract))?,
        serde_json::to_string(&Outcome::Decoded {
            page_count: 2,
            media_type: "application/pdf".into(),
            text_layer: true,
        })?,
        serde_json::to_string(&Outcome::Fused {
            status: PageStatus::Partial,
            again: Vec::new(),
        })?,
        serde_json::to_string(&TaskError {
            kind: TaskErrorKind::Reject(RejectKind::Truncated),
            detail: "the file ends before its content does".into(),
        })?,
        serde_json::to_string(&JobState::NeedsReview)?,
        r#"{"Open":{"document":1,"extension":"pdf"}}"#.into(),
        r#"{"Opened":{"media_type":"image/png","pages":1}}"#.into(),
        r#"{"Page":{"width":9,"height":9,"dpi":200.0,"subject":null,"text_layer":[{"text":"a","bbox":{"x0":1.0,"y0":1.0,"x1":2.0,"y1":2.0}}],"hidden_glyphs":0}}"#.into(),
        r#""NotOpen""#.into(),
    ];
    for stage in Stage::ALL {
        all.push(serde_json::to_string(&Step::page(stage, 0, 1))?);
    }
    Ok(all
        .into_iter()
        .enumerate()
        .map(|(n, message)| (format!("{n}.json"), message))
        .collect())
}
