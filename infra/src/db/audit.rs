//! The lines of the audit log, and the walk along a chain that looks for flaws.

use std::collections::BTreeMap;

use schemas::TenantId;

use super::{Db, DbError, DbErrorKind, connect::commit};
use crate::audit::{self, Chain, Flaw, Head, Line, Occurrence};

/// Lines that are looked at together.
const PAGE: i64 = 1000;

impl Db {
    /// Appends lines to a tenant's chain, all or none, and gives its new head.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn append_audit(
        &self,
        tenant: TenantId,
        chain: &Chain,
        what: Vec<Occurrence>,
    ) -> Result<Head, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let start = chain.start();
        sqlx::query!(
            "INSERT INTO audit_heads (tenant_id, seq, hash) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING",
            tenant.0,
            start.seq,
            start.hash.as_slice()
        )
        .execute(&mut *transaction)
        .await?;
        let row = sqlx::query!(
            "SELECT seq, hash FROM audit_heads WHERE tenant_id = $1 FOR UPDATE",
            tenant.0
        )
        .fetch_one(&mut *transaction)
        .await?;
        let mut head = head(row.seq, row.hash)?;
        let (mut seqs, mut ats, mut events, mut hashes) = (vec![], vec![], vec![], vec![]);
        for what in what {
            ats.push(what.at);
            let (line, next) = chain.next(&head, what);
            seqs.push(line.seq);
            events.push(line.event);
            hashes.push(line.hash);
            head = next;
        }
        sqlx::query!(
            "INSERT INTO audit_events (tenant_id, seq, at, event, hash)
             SELECT $1, * FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::bytea[])",
            tenant.0,
            &seqs,
            &ats,
            &events,
            &hashes
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "UPDATE audit_heads SET seq = $2, hash = $3 WHERE tenant_id = $1",
            tenant.0,
            head.seq,
            head.hash.as_slice()
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(head)
    }

    /// Lines of a tenant after a number, in order, at most `most`.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn audit_lines(
        &self,
        tenant: TenantId,
        after: i64,
        most: i64,
    ) -> Result<Vec<Line>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query_as!(
            Line,
            "SELECT seq, event, hash FROM audit_events
             WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            tenant.0,
            after,
            most
        )
        .fetch_all(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(rows)
    }

    /// Walks along a tenant's chain to its end, and compares it with the head that is kept and those that
    /// were anchored elsewhere. What is appended meanwhile is not looked at.
    ///
    /// # Errors
    /// [`DbError`]; the inner error is the [`Flaw`] that was found first.
    pub async fn verify_audit(
        &self,
        tenant: TenantId,
        chain: &Chain,
        anchored: &[Head],
    ) -> Result<Result<Head, Flaw>, DbError> {
        // The head first: lines that come later are beyond it.
        let kept = self.audit_head(tenant).await?;
        let until = kept.as_ref().map_or(i64::MAX, |head| head.seq);
        let mut anchors: BTreeMap<i64, Vec<&Head>> = BTreeMap::new();
        for head in anchored {
            anchors.entry(head.seq).or_default().push(head);
        }
        let mut reached = chain.start();
        loop {
            let lines = self.audit_lines(tenant, reached.seq, PAGE).await?;
            let whole = lines.len() == PAGE as usize;
            for line in lines.iter().take_while(|line| line.seq <= until) {
                reached = match chain.follow(&reached, line) {
                    Ok(head) => head,
                    Err(flaw) => return Ok(Err(flaw)),
                };
                let here = anchors.get(&reached.seq).into_iter().flatten();
                if here.into_iter().any(|head| **head != reached) {
                    return Ok(Err(Flaw::Rewritten(reached.seq)));
                }
            }
            if !whole || reached.seq >= until {
                break;
            }
        }
        if let Some((&wanted, _)) = anchors.last_key_value()
            && wanted > reached.seq
        {
            let have = reached.seq;
            return Ok(Err(Flaw::Truncated { have, wanted }));
        }
        Ok(audit::ends_at(&reached, kept.as_ref()).map(|()| reached))
    }

    /// The end of a tenant's chain; none where nothing was written yet.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn audit_head(&self, tenant: TenantId) -> Result<Option<Head>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let row = sqlx::query!(
            "SELECT seq, hash FROM audit_heads WHERE tenant_id = $1",
            tenant.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        commit(transaction).await?;
        row.map(|row| head(row.seq, row.hash)).transpose()
    }

    /// Every tenant; nobody acts as the one whose the shipped knowledge is.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn tenants(&self) -> Result<Vec<TenantId>, DbError> {
        let ids = sqlx::query_scalar!("SELECT id FROM tenants ORDER BY id")
            .fetch_all(self.worker())
            .await?;
        let tenants = ids.into_iter().map(TenantId);
        Ok(tenants.filter(|id| *id != TenantId::SHIPPED).collect())
    }
}

fn head(seq: i64, hash: Vec<u8>) -> Result<Head, DbError> {
    let hash = hash
        .try_into()
        .map_err(|_| DbError::new(DbErrorKind::Refused, "a hash of the audit log is no hash"))?;
    Ok(Head { seq, hash })
}
