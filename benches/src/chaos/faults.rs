//! What is done to the service while documents go in. Every kind happens at least once; what and how
//! long comes from the seed, when it hits whom does not.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use fixtures::rng::Rng;
use infra::queue::{Notice, Queue as _, QueueName};
use rustix::process::Signal;
use schemas::{Priority, Stage, TaskId};
use sqlx::Row as _;
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep},
};
use uuid::Uuid;

use super::{findings::Findings, rig::Rig, services::Service, worker::LEASE};

/// Mean seconds between two faults of a kind.
const WORKER_KILL: f64 = 3.0;
const WORKER_FREEZE: f64 = 8.0;
const API_KILL: f64 = 8.0;
const BROKER: f64 = 6.0;
const DATABASE_KILL: f64 = 15.0;
const STORE_KILL: f64 = 12.0;
const LIES: f64 = 0.7;

/// Does harm for `time`; everything runs again when this returns.
pub(super) async fn unleash(
    rig: &Arc<Rig>,
    seed: u64,
    time: Duration,
    findings: &Arc<Findings>,
) -> anyhow::Result<()> {
    let chaos = |name: &str| Chaos {
        rig: Arc::clone(rig),
        findings: Arc::clone(findings),
        rng: Rng::new(seed).fork(name),
        end: Instant::now() + time,
    };
    let mut going = JoinSet::new();
    going.spawn(chaos("kill workers").kill_workers());
    going.spawn(chaos("freeze workers").freeze_workers());
    going.spawn(chaos("kill api").kill_api());
    going.spawn(chaos("database").kill(Service::Postgres, "kills of PostgreSQL", DATABASE_KILL));
    going.spawn(chaos("lies").lie());
    if rig.queue.is_some() {
        going.spawn(chaos("broker").break_broker());
        going.spawn(chaos("store").kill(Service::Seaweedfs, "kills of the store", STORE_KILL));
    }
    while let Some(ended) = going.join_next().await {
        ended.context("a fault broke down")??;
    }
    Ok(())
}

struct Chaos {
    rig: Arc<Rig>,
    findings: Arc<Findings>,
    rng: Rng,
    end: Instant,
}

impl Chaos {
    /// Rests around `mean` seconds.
    async fn rest(&mut self, mean: f64) {
        sleep(Duration::from_secs_f64(self.rng.range(0.4, 1.6) * mean)).await;
    }

    fn over(&self) -> bool {
        Instant::now() >= self.end
    }

    async fn kill_workers(mut self) -> anyhow::Result<()> {
        loop {
            self.rest(WORKER_KILL).await;
            let worker = self.rng.int(0, self.rig.workers.len() as i64 - 1) as usize;
            if self.rig.workers[worker].signal(Signal::KILL) {
                self.findings.count("kills of workers");
            }
            if self.over() {
                return Ok(());
            }
        }
    }

    async fn freeze_workers(mut self) -> anyhow::Result<()> {
        loop {
            self.rest(WORKER_FREEZE).await;
            let worker = self.rng.int(0, self.rig.workers.len() as i64 - 1) as usize;
            let time = LEASE.mul_f64(self.rng.range(1.2, 2.0));
            if self.rig.workers[worker].signal(Signal::STOP) {
                self.findings.count("freezes of workers");
                sleep(time).await;
                self.rig.workers[worker].signal(Signal::CONT);
            }
            if self.over() {
                return Ok(());
            }
        }
    }

    async fn kill_api(mut self) -> anyhow::Result<()> {
        loop {
            self.rest(API_KILL).await;
            if self.rig.api.signal(Signal::KILL) {
                self.findings.count("kills of the API");
            }
            if self.over() {
                return Ok(());
            }
        }
    }

    async fn break_broker(mut self) -> anyhow::Result<()> {
        loop {
            self.rest(BROKER / 2.0).await;
            let time = LEASE.mul_f64(self.rng.range(1.2, 3.0));
            self.rig.services.freeze(Service::Rabbitmq, time).await?;
            self.findings.count("freezes of the broker");
            self.rest(BROKER / 2.0).await;
            self.kill_once(Service::Rabbitmq, "kills of the broker")
                .await?;
            if self.over() {
                return Ok(());
            }
        }
    }

    async fn kill(mut self, service: Service, what: &'static str, gap: f64) -> anyhow::Result<()> {
        loop {
            self.rest(gap).await;
            self.kill_once(service, what).await?;
            if self.over() {
                return Ok(());
            }
        }
    }

    async fn kill_once(&self, service: Service, what: &'static str) -> anyhow::Result<()> {
        let services = Arc::clone(&self.rig.services);
        spawn_blocking(move || {
            services.kill(service)?;
            services.revive(service)
        })
        .await
        .context("a kill broke down")??;
        self.findings.count(what);
        Ok(())
    }

    /// Says that tasks were published which were not, and tells of tasks which nobody need be told of.
    async fn lie(mut self) -> anyhow::Result<()> {
        loop {
            self.rest(LIES).await;
            // While the database is dead nobody can lie to it.
            let _ = self.drop_publishes().await;
            let _ = self.double_deliveries().await;
            if self.over() {
                return Ok(());
            }
        }
    }

    async fn drop_publishes(&mut self) -> anyhow::Result<()> {
        let dropped = sqlx::query(
            "UPDATE tasks SET published_at = now() WHERE id IN (
                 SELECT id FROM tasks WHERE state = 'queued' AND published_at IS NULL
                 LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)",
        )
        .bind(self.rng.int(1, 6))
        .execute(&self.rig.pool)
        .await?;
        self.findings
            .add("dropped publishes", dropped.rows_affected());
        Ok(())
    }

    async fn double_deliveries(&mut self) -> anyhow::Result<()> {
        let count = self.rng.int(2, 12);
        let Some(queue) = &self.rig.queue else {
            // The table hands out whatever is not stamped.
            let doubled = sqlx::query(
                "UPDATE tasks SET published_at = NULL WHERE id IN (
                     SELECT id FROM tasks WHERE state = 'queued' AND published_at IS NOT NULL
                     LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)",
            )
            .bind(count)
            .execute(&self.rig.pool)
            .await?;
            self.findings
                .add("duplicated deliveries", doubled.rows_affected());
            return Ok(());
        };
        let rows = sqlx::query(
            "SELECT id, stage, priority FROM tasks WHERE updated_at > now() - interval '20 s'
             ORDER BY random() LIMIT $1",
        )
        .bind(count)
        .fetch_all(&self.rig.pool)
        .await?;
        let mut notices = Vec::new();
        for row in rows {
            let (task, stage): (Uuid, String) = (row.try_get("id")?, row.try_get("stage")?);
            let priority: i16 = row.try_get("priority")?;
            let name = QueueName {
                stage: stage.parse::<Stage>().map_err(anyhow::Error::msg)?,
                priority: Priority::ALL[usize::from(priority != 0)],
            };
            let notice = Notice {
                task: TaskId(task),
                traceparent: None,
            };
            // Twice, so that two workers may hold it at once.
            notices.extend([(name, notice.clone()), (name, notice)]);
        }
        let sent = queue.publish(&notices, Duration::from_secs(3)).await?;
        let sent = sent.into_iter().filter(|confirmed| *confirmed).count();
        self.findings.add("duplicated deliveries", sent as u64);
        Ok(())
    }
}
