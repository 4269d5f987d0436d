// Documents: where files are dropped, and the list of what became of them.

import { useState } from 'preact/hooks';
import { ask, session } from '../api/client';
import {
  hasResult,
  isLive,
  isOpen,
  jobs,
  jobsProblem,
  look,
  lookFurther,
  older,
  progressOf,
} from '../api/jobs';
import type { Job, JobState } from '../api/types';
import { StateBadge } from '../parts/badges';
import { Empty, Failure, Loading, told } from '../parts/states';
import { say } from '../parts/toast';
import { Ago } from '../parts/when';
import { to } from '../router';
import { DropZone } from './drop-zone';

const FILTERS: [label: string, states: JobState[]][] = [
  ['All', []],
  ['In progress', ['queued', 'running']],
  ['To review', ['needs_review']],
  ['Done', ['succeeded']],
  ['Failed', ['failed', 'cancelled']],
];

export function Documents() {
  const role = session.value?.role;
  const maySend = role !== 'analyst';
  const [filter, setFilter] = useState(0);
  const list = jobs.value;
  const states = FILTERS[filter]![1];
  const shown = list?.filter((job) => states.length === 0 || states.includes(job.state));
  return (
    <>
      <div class="view-head">
        <h1>Documents</h1>
        <span class={`live ${isLive.value ? 'is-on' : ''}`} role="status">
          {isLive.value ? 'Live' : 'Connecting …'}
        </span>
      </div>
      {maySend && <DropZone />}
      {jobsProblem.value !== null && <Failure problem={jobsProblem.value} retry={look} />}
      {!list && jobsProblem.value === null && <Loading what="documents" />}
      {list?.length === 0 && (
        <Empty icon="documents" title="No documents yet">
          <p>Drop scans above: PDF, DICOM, TIFF, photos. What is found in them appears here.</p>
        </Empty>
      )}
      {list && list.length > 0 && (
        <section aria-label="Documents by state">
          <div class="segments is-many" role="group" aria-label="Show">
            {FILTERS.map(([label, states], index) => (
              <button
                type="button"
                aria-pressed={index === filter}
                onClick={() => setFilter(index)}
              >
                {label}{' '}
                <span class="number muted">
                  {states.length === 0
                    ? list.length
                    : list.filter((job) => states.includes(job.state)).length}
                </span>
              </button>
            ))}
          </div>
          {shown!.length === 0 ? (
            <p class="muted quiet-line">No document is in this state.</p>
          ) : (
            <ul class="card jobs">
              {shown!.map((job) => (
                <Row key={job.id} job={job} canOpen={role !== 'uploader'} canCancel={maySend} />
              ))}
            </ul>
          )}
          {older.value !== null && (
            <button type="button" class="button" onClick={lookFurther}>
              Load older documents
            </button>
          )}
        </section>
      )}
    </>
  );
}

function Row({ job, canOpen, canCancel }: { job: Job; canOpen: boolean; canCancel: boolean }) {
  const slash = job.file.lastIndexOf('/') + 1;
  const [folder, name] = [job.file.slice(0, slash), job.file.slice(slash)];
  return (
    <li class="job" data-state={job.state} data-file={job.file}>
      <div class="job-name">
        {hasResult(job) && canOpen ? (
          <a href={to('documents', job.document_id)}>{name}</a>
        ) : (
          <span class="name">{name}</span>
        )}
        <span class="muted">
          {folder && <>{folder.replace(/\/$/, '')} · </>}
          <Ago moment={job.created_at} />
          {job.pages !== null && ` · ${job.pages} ${job.pages === 1 ? 'page' : 'pages'}`}
          {job.pages_failed > 0 && `, ${job.pages_failed} not read`}
        </span>
        {job.error && (
          <span class="job-error">
            {job.error.title}: {job.error.detail}
          </span>
        )}
      </div>
      {isOpen(job) ? <Progress job={job} /> : <StateBadge state={job.state} />}
      <div class="job-actions">
        {job.state === 'needs_review' && canOpen && canCancel && (
          <a class="button is-small" href={to('review', job.document_id)} aria-label={`Review ${name}`}>
            Review
          </a>
        )}
        {isOpen(job) && canCancel && (
          <button
            type="button"
            class="button is-small is-bare"
            aria-label={`Cancel ${name}`}
            onClick={() => cancel(job)}
          >
            Cancel
          </button>
        )}
      </div>
    </li>
  );
}

function Progress({ job }: { job: Job }) {
  const { share, words } = progressOf(job);
  return (
    <div class="job-progress">
      <span class="muted">{words}</span>
      <progress value={share} max={1} aria-label={`${job.file}: ${words}`} />
    </div>
  );
}

function cancel(job: Job): void {
  ask('DELETE', `/v1/jobs/${job.id}`).then(
    () => say('Cancelled'),
    (problem: unknown) => say(told(problem).detail),
  );
}

