-- What waits, by stage, over all tenants: counts and two ages, and nothing that belongs to anybody. For metrics, and
-- for whatever scales workers by it: GRANT SELECT ON backlog TO the login of the scaler, and nothing else. It sees
-- all rows because it runs with its owner's rights; the role of the API may not read it.
CREATE VIEW backlog AS
SELECT stage,
       sum(unsent)::bigint AS unsent,
       sum(sent)::bigint AS sent,
       sum(due)::bigint AS due,
       sum(running)::bigint AS running,
       sum(dead)::bigint AS dead,
       extract(epoch FROM now() - min(due_since))::float8 AS oldest_due_seconds,
       extract(epoch FROM now() - min(unsent_since))::float8 AS oldest_unsent_seconds
FROM (
    -- Each part is what one partial index holds, so that tasks that are done are not read.
    SELECT stage, count(*) AS unsent, 0 AS sent, count(*) FILTER (WHERE run_at <= now()) AS due, 0 AS running, 0 AS dead,
           min(run_at) FILTER (WHERE run_at <= now()) AS due_since, min(run_at) FILTER (WHERE run_at <= now()) AS unsent_since
    FROM tasks WHERE state = 'queued' AND published_at IS NULL GROUP BY stage
    UNION ALL
    SELECT stage, 0, count(*), count(*), 0, 0, min(run_at), NULL
    FROM tasks WHERE state = 'queued' AND published_at IS NOT NULL GROUP BY stage
    UNION ALL
    SELECT stage, 0, 0, 0, count(*), 0, NULL, NULL FROM tasks WHERE state = 'running' GROUP BY stage
    UNION ALL
    SELECT stage, 0, 0, 0, 0, count(*), NULL, NULL FROM tasks WHERE state = 'failed' GROUP BY stage
) AS parts
GROUP BY stage;

GRANT SELECT ON backlog TO medbot_worker;
