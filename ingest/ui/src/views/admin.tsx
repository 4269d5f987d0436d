// The service for who runs it: whether everything answers, what waits, what is worked on, what failed, who has
// keys, and who did what.

import { useEffect, useState } from 'preact/hooks';
import { Audit } from '../admin/audit';
import { Keys } from '../admin/keys';
import { ask, fetched, problemOf } from '../api/client';
import type { DeadLetter, Queues, Readiness } from '../api/types';
import { fileOf, jobs } from '../api/jobs';
import { useAsked } from '../parts/asked';
import { Icon } from '../parts/icon';
import { Failure, Loading, told } from '../parts/states';
import { say } from '../parts/toast';
import { Ago } from '../parts/when';
import { readable, words } from '../facts';
import { ENGINES } from '../viewer/votes';

interface Seen {
  readiness: Readiness;
  version: { version: string };
  queues: Queues;
  dead: DeadLetter[];
}

/** How often one looks, in milliseconds. */
const LOOK = 3000;

async function look(signal: AbortSignal): Promise<Seen> {
  const [readiness, version, queues, letters] = await Promise.all([
    ready(signal),
    ask<Seen['version']>('GET', '/version', { signal }),
    ask<Queues>('GET', '/v1/admin/queues', { signal }),
    ask<{ dead_letters: DeadLetter[] }>('GET', '/v1/admin/dead-letters', { signal }),
  ]);
  return { readiness, version, queues, dead: letters.dead_letters };
}

/** Not ready is an answer too. */
async function ready(signal: AbortSignal): Promise<Readiness> {
  const answer = await fetch('/readyz', { signal });
  const text = await answer.text();
  try {
    return JSON.parse(text) as Readiness;
  } catch {
    throw problemOf(answer.status, text);
  }
}

export function Admin() {
  const { value, problem, again } = useAsked(look, []);
  // After each answer, so that a slow one is not asked for again and again.
  useEffect(() => {
    const timer = setTimeout(again, LOOK);
    return () => clearTimeout(timer);
  }, [value, problem]);
  if (!value) {
    return problem === undefined ? (
      <Loading what="the service" />
    ) : (
      <Failure problem={problem} retry={again} />
    );
  }
  return (
    <>
      <div class="view-head">
        <h1>Service</h1>
        <p class="muted number">medbot {value.version.version}</p>
      </div>
      {problem !== undefined && <Failure problem={problem} retry={again} />}
      <Health readiness={value.readiness} />
      <DeadLetters letters={value.dead} onReplayed={again} />
      <Waiting queues={value.queues} />
      <AtWork queues={value.queues} />
      <Keys />
      <Audit />
    </>
  );
}

function Health({ readiness }: { readiness: Readiness }) {
  return (
    <section aria-labelledby="health">
      <h2 id="health">Health</h2>
      <ul class="tiles">
        {Object.entries(readiness.checks).map(([name, said]) => (
          <li class={`card tile ${said === 'ok' ? 'is-good' : 'is-bad'}`}>
            <Icon name={said === 'ok' ? 'check' : 'warning'} />
            <div>
              <strong>{readable(name)}</strong>
              <span class="muted">{said === 'ok' ? 'answers' : said}</span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function DeadLetters({ letters, onReplayed }: { letters: DeadLetter[]; onReplayed: () => void }) {
  const [isBusy, setBusy] = useState(false);

  async function replay(wanted: DeadLetter[]) {
    setBusy(true);
    let replayed = 0;
    try {
      for (const letter of wanted) {
        await fetched('POST', `/v1/admin/dead-letters/${letter.task_id}/replay`);
        replayed += 1;
      }
      say(replayed === 1 ? 'The task is tried again' : `${replayed} tasks are tried again`);
    } catch (problem) {
      say(`${told(problem).title}. ${told(problem).detail}`);
    }
    setBusy(false);
    onReplayed();
  }

  return (
    <section aria-labelledby="dead">
      <div class="section-head">
        <h2 id="dead">
          Dead letters <span class="muted number">{letters.length}</span>
        </h2>
        {letters.length > 1 && (
          <button type="button" class="button" disabled={isBusy} onClick={() => replay(letters)}>
            <Icon name="replay" /> Replay all
          </button>
        )}
      </div>
      {letters.length === 0 ? (
        <p class="muted quiet-line">No task was given up.</p>
      ) : (
        <div class="card table-frame" role="region" aria-label="Table of dead letters" tabIndex={0}>
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Stage</th>
                <th scope="col">Document</th>
                <th scope="col">What went wrong</th>
                <th scope="col">Tried</th>
                <th scope="col">Failed</th>
                <th scope="col">
                  <span class="unseen">Action</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {letters.map((letter) => (
                <tr key={letter.task_id}>
                  <td data-label="Stage">{stage(letter.stage)}</td>
                  <td data-label="Document">
                    {file(letter.job_id)}
                    {letter.page !== null && `, page ${letter.page + 1}`}
                  </td>
                  <td data-label="What went wrong">{letter.error}</td>
                  <td data-label="Tried" class="number">
                    {letter.attempts} ×
                  </td>
                  <td data-label="Failed">
                    <Ago moment={letter.failed_at} />
                  </td>
                  <td>
                    <button
                      type="button"
                      class="button is-small"
                      disabled={isBusy}
                      onClick={() => replay([letter])}
                    >
                      <Icon name="replay" /> Replay
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Waiting({ queues: { queues } }: { queues: Queues }) {
  return (
    <section aria-labelledby="queues">
      <h2 id="queues">Queues</h2>
      {queues.length === 0 ? (
        <p class="muted quiet-line">Nothing waits. Every task that there was is done.</p>
      ) : (
        <div class="card table-frame" role="region" aria-label="Table of queues" tabIndex={0}>
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Stage</th>
                <th scope="col">Waiting</th>
                <th scope="col">At work</th>
                <th scope="col">Given up</th>
                <th scope="col">Oldest is due</th>
              </tr>
            </thead>
            <tbody>
              {queues.map((queue) => (
                <tr key={queue.stage}>
                  <td data-label="Stage">{stage(queue.stage)}</td>
                  <td data-label="Waiting" class="number">
                    {queue.waiting}
                  </td>
                  <td data-label="At work" class="number">
                    {queue.running}
                  </td>
                  <td data-label="Given up" class="number">
                    {queue.dead}
                  </td>
                  <td data-label="Oldest is due">
                    {queue.due_since ? <Ago moment={queue.due_since} /> : '–'}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function AtWork({ queues: { at_work } }: { queues: Queues }) {
  return (
    <section aria-labelledby="work">
      <h2 id="work">
        Workers hold <span class="muted number">{at_work.length}</span>
      </h2>
      {at_work.length === 0 ? (
        <p class="muted quiet-line">No worker holds a task at the moment.</p>
      ) : (
        <ul class="tiles">
          {at_work.map((task) => (
            <li class="card tile" key={task.task_id}>
              <div>
                <strong>{stage(task.stage)}</strong>
                <span class="muted">
                  {file(task.job_id)}
                  {task.page !== null && `, page ${task.page + 1}`}
                  {task.attempt > 1 && `, attempt ${task.attempt}`}
                </span>
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** A stage as people call it: `recognise:paddle` is PP-OCR's reading. */
function stage(name: string): string {
  const [step, engine] = name.split(':');
  return engine ? `Read with ${ENGINES[engine] ?? engine}` : readable(words(step!));
}

function file(job: string): string {
  const known = jobs.value?.find((known) => known.id === job);
  return known ? fileOf(known.document_id) : `job ${job.slice(0, 8)}`;
}
