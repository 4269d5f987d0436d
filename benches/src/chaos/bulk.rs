//! A clinic's folder in bulk: `medbot drop` into the real pipeline, the dropper killed half-way and
//! run again, and everything counted in the database.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use fixtures::{
    encode,
    fonts::{Fonts, Role},
    raster,
    sheet::{BLACK, Sheet, Type},
};
use tokio::time::{Instant, sleep};

use super::rig::{Rig, Setup};

/// The longest that the dropper may take until half of the files are in.
const HALF_WAY: Duration = Duration::from_mins(10);

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Files that the dropper had an answer for when it was killed.
    pub before: usize,
    /// Files that it has an answer for after its second run.
    pub after: usize,
    /// Documents in the database.
    pub documents: i64,
    /// Documents with more or less than one job.
    pub doubled: i64,
    /// Jobs that did not end with a result.
    pub unfinished: i64,
    /// Tasks that are not done.
    pub undone: i64,
    /// From the first drop to the end of the second.
    pub time: Duration,
}

/// Drops `documents` one-line pages, kills the dropper when half are in, drops again and waits for
/// results, then drops a third time. Prints what the dropper says.
///
/// # Errors
/// When something does not start or the dropper fails.
pub async fn bulk(setup: &Setup, documents: usize) -> anyhow::Result<Counts> {
    let rig = Rig::start(setup).await?;
    let folder = rig.folder.path().join("scans");
    write_pages(&folder, documents)?;
    let state = rig.folder.path().join("state");
    let key = rig.folder.path().join("client.key");
    fs::write(&key, rig.clients[0].key())?;
    let drop = |more: &[&str]| {
        let mut command = Command::new(&setup.medbot);
        command
            .arg("drop")
            .arg(&folder)
            .args(["--server", rig.clients[0].base()])
            .args(more)
            .env("XDG_STATE_HOME", &state)
            .env("MEDBOT_API_KEY_FILE", &key)
            .stdin(Stdio::null());
        tokio::process::Command::from(command)
    };
    let start = Instant::now();
    let mut dropper = drop(&[])
        .kill_on_drop(true)
        .spawn()
        .context("medbot drop")?;
    while answered(&state)? < documents / 2 {
        if let Some(ended) = dropper.try_wait()? {
            bail!("the dropper ended before half of the files were in: {ended}");
        }
        ensure!(start.elapsed() < HALF_WAY, "half of the files are not in");
        sleep(Duration::from_millis(20)).await;
    }
    dropper.kill().await?;
    let before = answered(&state)?;
    println!("killed the dropper after {before} answers");
    let second = drop(&["--wait"]).status().await?;
    ensure!(second.success(), "the second drop ended with {second}");
    let (time, after) = (start.elapsed(), answered(&state)?);
    let third = drop(&[]).status().await?;
    ensure!(third.success(), "the third drop ended with {third}");
    let count = async |sql: &'static str| -> anyhow::Result<i64> {
        Ok(sqlx::query_scalar(sql).fetch_one(&rig.pool).await?)
    };
    Ok(Counts {
        before,
        after,
        documents: count("SELECT count(*) FROM documents").await?,
        doubled: count(
            "SELECT count(*) FROM (SELECT d.id FROM documents d LEFT JOIN jobs j ON j.document_id = d.id \
             GROUP BY d.id HAVING count(j.id) <> 1) odd",
        )
        .await?,
        unfinished: count(
            "SELECT count(*) FROM jobs WHERE state NOT IN ('succeeded', 'needs_review')",
        )
        .await?,
        undone: count("SELECT count(*) FROM tasks WHERE state <> 'done'").await?,
        time,
    })
}

/// One-line pages in folders whose names need care.
fn write_pages(folder: &Path, documents: usize) -> anyhow::Result<()> {
    let fonts = Fonts::load()?;
    let family = fonts.of(Role::Sans, true)[0];
    let style = Type {
        face: family.regular,
        size: 12.0,
        ink: BLACK,
        hand: false,
    };
    for number in 0..documents {
        let ward = folder.join(format!("ward {}", number % 10));
        fs::create_dir_all(&ward)?;
        let mut sheet = Sheet::new(&fonts, [210.0, 30.0]);
        let text = format!("Sodium {} mmol/L  {number:04}", 130 + number % 20);
        sheet.put(20.0, &[(8.0, &text, style)]);
        let scan = raster::draw(&sheet, &fonts, 150.0);
        let bytes = encode::png(&scan.image, 150)?;
        fs::write(ward.join(format!("scan é {number:04}.png")), bytes)?;
    }
    Ok(())
}

/// Answers in the dropper's ledger: its lines but for the first, which says whose it is.
fn answered(state: &Path) -> anyhow::Result<usize> {
    let ledgers = state.join("medbot/drop");
    let mut answers = 0;
    for entry in fs::read_dir(&ledgers).into_iter().flatten() {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            let text = fs::read_to_string(&path)?;
            let whole = text.matches('\n').count();
            answers += whole.saturating_sub(1);
        }
    }
    Ok(answers)
}
