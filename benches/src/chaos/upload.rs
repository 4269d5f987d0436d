//! Documents on their way in: taken only when the API says so, sent again when it says nothing, sent
//! twice on purpose, and cancelled in races.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use fixtures::rng::Rng;
use reqwest::StatusCode;
use schemas::{DocumentId, JobId};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{
    client::{Client, NotTaken, Taken, Wish},
    findings::{Findings, Harm},
    rig::Rig,
    scans,
    script::Script,
};

/// Uploads at once.
const AT_ONCE: usize = 16;
/// Between two attempts.
const REST: Duration = Duration::from_millis(250);
/// How long a key whose request vanished is asked for before the client goes without it.
const KEY_PATIENCE: Duration = Duration::from_secs(3);
/// Copies that are sent at once when a document is sent again.
const COPIES: usize = 3;

/// A document that shall go in.
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub bytes: Arc<[u8]>,
    pub file: String,
    /// Are its stages synthetic, so that its end is known?
    pub scripted: bool,
    client: usize,
    at: Duration,
    urgent: bool,
    keyed: bool,
    webhook: bool,
    cancel_after: Option<Duration>,
    again: bool,
}

/// What the client knows of a document that was taken.
pub(super) struct Entry {
    pub item: Item,
    pub client: Client,
    pub document: DocumentId,
    /// Every job that it was told of.
    pub jobs: Vec<JobId>,
    /// What cancelling was answered; none when nobody knows.
    pub cancelled: BTreeMap<JobId, Option<bool>>,
}

/// The documents of a campaign, spread over `time`.
pub(super) fn scripted(seed: u64, count: u32, clients: usize, time: Duration) -> Vec<Item> {
    let mut rng = Rng::new(seed).fork("uploads");
    (0..count)
        .map(|number| {
            let script = Script::new(seed, number);
            let bytes = script.bytes().into();
            let file = format!("document-{number}.png");
            let mut item = item(&mut rng, bytes, file, true, clients, time);
            if script.is_poisoned() {
                // It takes all its attempts, each with a lease or a rest: they begin early.
                item.at = item.at.mul_f64(0.4);
            }
            item
        })
        .collect()
}

/// Documents without poison, all at once, each sent once.
pub(super) fn clean(seed: u64, count: u32, clients: usize) -> Vec<Item> {
    let mut items = scripted(seed, count, clients, Duration::ZERO);
    for (number, item) in (0..).zip(&mut items) {
        item.bytes = Script::new(seed, number).clean().bytes().into();
        (item.cancel_after, item.again, item.webhook) = (None, false, false);
    }
    items
}

/// The files of a folder, all at once, each sent once, in an order that mixes what stands together there.
pub(super) fn calm(folder: &Path, clients: usize) -> anyhow::Result<Vec<Item>> {
    let items = real(1, folder, clients, Duration::ZERO)?;
    let mut rng = Rng::new(1).fork("order");
    let mut items: Vec<(f64, Item)> = items.into_iter().map(|item| (rng.unit(), item)).collect();
    items.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut items: Vec<Item> = items.into_iter().map(|(_, item)| item).collect();
    for item in &mut items {
        (item.cancel_after, item.again, item.webhook) = (None, false, false);
    }
    Ok(items)
}

/// The files of a folder, spread over `time`.
pub(super) fn real(
    seed: u64,
    folder: &Path,
    clients: usize,
    time: Duration,
) -> anyhow::Result<Vec<Item>> {
    let mut rng = Rng::new(seed).fork("uploads");
    let scans = scans::of(folder)?;
    let items = scans
        .into_iter()
        .map(|scan| item(&mut rng, scan.bytes, scan.file, false, clients, time));
    Ok(items.collect())
}

fn item(
    rng: &mut Rng,
    bytes: Arc<[u8]>,
    file: String,
    scripted: bool,
    clients: usize,
    time: Duration,
) -> Item {
    Item {
        bytes,
        file,
        scripted,
        client: rng.int(0, clients as i64 - 1) as usize,
        at: time.mul_f64(rng.unit()),
        urgent: rng.chance(0.2),
        keyed: rng.chance(0.3),
        webhook: rng.chance(0.7),
        cancel_after: rng
            .chance(0.1)
            .then(|| Duration::from_secs_f64(rng.range(0.0, 2.0))),
        again: rng.chance(0.25),
    }
}

/// Uploads all of them; gives those that were taken until `deadline`.
pub(super) async fn all(
    rig: &Rig,
    items: Vec<Item>,
    deadline: Instant,
    findings: &Arc<Findings>,
) -> anyhow::Result<Vec<Entry>> {
    let start = Instant::now();
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut going = JoinSet::new();
    for item in items {
        let client = rig.clients[item.client].clone();
        let (slots, findings) = (Arc::clone(&slots), Arc::clone(findings));
        going.spawn(async move {
            sleep_until(start + item.at).await;
            let _slot = slots.acquire().await.ok()?;
            one(item, client, deadline, &findings).await
        });
    }
    let mut entries = Vec::new();
    while let Some(entry) = going.join_next().await {
        entries.extend(entry.context("an upload broke down")?);
    }
    Ok(entries)
}

async fn one(
    item: Item,
    client: Client,
    deadline: Instant,
    findings: &Arc<Findings>,
) -> Option<Entry> {
    let mut wish = Wish {
        file: item.file.clone(),
        urgent: item.urgent,
        idempotency_key: item.keyed.then(|| format!("key of {}", item.file)),
        webhook: item.webhook,
    };
    let taken = until_taken(&client, &item.bytes, &mut wish, deadline, findings).await?;
    findings.count("accepted");
    let mut entry = Entry {
        client,
        document: taken.document,
        jobs: vec![taken.job],
        cancelled: BTreeMap::new(),
        item,
    };
    if let Some(after) = entry.item.cancel_after {
        sleep(after).await;
        let said = cancel(&entry.client, taken.job, findings).await;
        entry.cancelled.insert(taken.job, said);
    }
    if entry.item.again {
        again(&mut entry, &wish, &taken, deadline, findings).await;
    }
    Some(entry)
}

/// Sends until it is taken. A key whose request died with its process is given up after a while.
async fn until_taken(
    client: &Client,
    bytes: &[u8],
    wish: &mut Wish,
    deadline: Instant,
    findings: &Findings,
) -> Option<Taken> {
    let mut pending_since = None;
    while Instant::now() < deadline {
        match client.upload(bytes, wish).await {
            Ok(taken) => return Some(taken),
            Err(NotTaken::Unanswered) => findings.count("uploads sent again"),
            Err(NotTaken::Pending) => {
                let since = *pending_since.get_or_insert_with(Instant::now);
                if since.elapsed() > KEY_PATIENCE {
                    findings.count("idempotency keys left pending by a dead API");
                    wish.idempotency_key = None;
                }
            }
            Err(NotTaken::Other(status)) => {
                findings.harm(Harm::Lost, format_args!("an upload was refused: {status}"));
                return None;
            }
        }
        sleep(REST).await;
    }
    None
}

/// True when it is cancelled, false when it had ended.
async fn cancel(client: &Client, job: JobId, findings: &Findings) -> Option<bool> {
    findings.count("cancellations");
    for _ in 0..8 {
        match client.cancel(job).await {
            Some(StatusCode::OK) => return Some(true),
            Some(StatusCode::CONFLICT) => return Some(false),
            Some(status) => {
                findings.harm(Harm::Lost, format_args!("cancelling {job}: {status}"));
                return None;
            }
            None => sleep(REST).await,
        }
    }
    None
}

/// Sends the same bytes again, several at once: no new document may come of it.
async fn again(
    entry: &mut Entry,
    wish: &Wish,
    first: &Taken,
    deadline: Instant,
    findings: &Arc<Findings>,
) {
    let mut going = JoinSet::new();
    for copy in 0..COPIES {
        let (client, bytes) = (entry.client.clone(), Arc::clone(&entry.item.bytes));
        let (mut wish, findings) = (wish.clone(), Arc::clone(findings));
        if copy > 0 {
            wish.idempotency_key = None;
        }
        going.spawn(async move {
            let keyed = wish.idempotency_key.is_some();
            let taken = until_taken(&client, &bytes, &mut wish, deadline, &findings).await;
            (keyed && wish.idempotency_key.is_some(), taken)
        });
    }
    while let Some(Ok((keyed, taken))) = going.join_next().await {
        let Some(taken) = taken else { continue };
        findings.count("repeats");
        let document = entry.document;
        if taken.document != document {
            let other = taken.document;
            findings.harm(Harm::Doubled, format_args!("{document} is also {other}"));
        } else if keyed && (taken.job, taken.duplicate) != (first.job, first.duplicate) {
            findings.harm(
                Harm::Doubled,
                format_args!("a key of {document} told another answer"),
            );
        } else if !keyed && !taken.duplicate {
            findings.harm(Harm::Doubled, format_args!("{document} was new twice"));
        }
        if !entry.jobs.contains(&taken.job) {
            entry.jobs.push(taken.job);
        }
    }
}
