-- Jobs by state, for metrics: only those that are not at their end, which an index holds alone.
CREATE INDEX jobs_open ON jobs (state) WHERE state IN ('queued', 'running', 'needs_review');
