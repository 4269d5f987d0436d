// The audit log: who did what and when, newest first, filtered, and whether its chain holds.

import { useState } from 'preact/hooks';
import { ask } from '../api/client';
import type { ApiKey, AuditLine, AuditPage, Verification } from '../api/types';
import { readable, words } from '../facts';
import { useAsked } from '../parts/asked';
import { Icon } from '../parts/icon';
import { Failure, Loading, told } from '../parts/states';
import { say } from '../parts/toast';
import { Moment } from '../parts/when';

/** Lines that are shown at first, and with each further look. */
const SHOWN = 50;
/** Lines that the service gives at once. */
const AT_ONCE = 1000;

interface Log {
  /** The newest first. */
  lines: AuditLine[];
  /** Names of keys by their ids. */
  names: Map<string, string>;
}

/** The newest lines, and who is who. */
async function log(signal: AbortSignal): Promise<Log> {
  const [{ events }, { keys }] = await Promise.all([
    ask<AuditPage>('GET', '/v1/admin/audit?newest=true', { signal }),
    ask<{ keys: ApiKey[] }>('GET', '/v1/admin/keys', { signal }),
  ]);
  const named = keys.flatMap((key) => (key.name ? [[key.id, key.name] as const] : []));
  return { lines: events.reverse(), names: new Map(named) };
}

/** The lines right before one, the newest first. */
async function before(seq: number): Promise<AuditLine[]> {
  const after = Math.max(seq - 1 - AT_ONCE, 0);
  const { events } = await ask<AuditPage>('GET', `/v1/admin/audit?after=${after}`);
  return events.filter((line) => line.seq < seq).reverse();
}

interface Fields {
  action: string;
  who: string;
  outcome: string;
}

const ANYTHING: Fields = { action: '', who: '', outcome: '' };

export function Audit() {
  const { value, problem, again } = useAsked(log, []);
  return (
    <section aria-labelledby="audit">
      <div class="section-head">
        <h2 id="audit">Audit</h2>
        <div class="view-actions">
          <button type="button" class="button is-small" onClick={again}>
            <Icon name="replay" /> Look again
          </button>
          <Verify />
        </div>
      </div>
      {problem !== undefined ? (
        <Failure problem={problem} retry={again} />
      ) : !value ? (
        <Loading what="the log" />
      ) : (
        <Lines log={value} />
      )}
    </section>
  );
}

function Verify() {
  const [found, setFound] = useState<Verification | null>(null);
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);

  async function verify() {
    setBusy(true);
    setProblem(undefined);
    try {
      setFound(await ask<Verification>('GET', '/v1/admin/audit/verification'));
    } catch (problem) {
      setProblem(problem);
    }
    setBusy(false);
  }

  return (
    <>
      <button type="button" class="button is-small" disabled={isBusy} onClick={verify}>
        <Icon name="check" /> Verify the chain
      </button>
      <span role="status" class="verified">
        {isBusy && <span class="muted">walking along every line …</span>}
        {!isBusy && problem !== undefined && <span class="badge is-bad">It could not be verified</span>}
        {!isBusy && problem === undefined && found && (
          <span class={`badge ${found.intact ? 'is-good' : 'is-bad'}`}>
            {found.intact ? `Intact, ${found.lines} lines` : `Not intact: ${found.flaw}`}
          </span>
        )}
      </span>
    </>
  );
}

function Lines({ log: { lines: newest, names } }: { log: Log }) {
  const [fields, setFields] = useState(ANYTHING);
  const [older, setOlder] = useState<{ of: AuditLine[]; lines: AuditLine[] } | null>(null);
  const lines = older?.of === newest ? [...newest, ...older.lines] : newest;
  const last = lines.at(-1);
  const [most, setMost] = useState(SHOWN);
  const found = lines.filter((line) => fits(line, fields));

  async function further(seq: number) {
    try {
      setOlder({ of: newest, lines: [...lines.slice(newest.length), ...(await before(seq))] });
    } catch (problem) {
      say(`${told(problem).title}. ${told(problem).detail}`);
    }
  }

  const kinds = [...new Set(lines.map((line) => line.action))].sort();
  const people = [...new Set(lines.map((line) => line.actor?.id ?? ''))];
  const bound = (name: keyof Fields) => ({
    id: `audit-${name}`,
    value: fields[name],
    onInput: (event: Event) => {
      setFields({ ...fields, [name]: (event.currentTarget as HTMLSelectElement).value });
      setMost(SHOWN);
    },
  });
  return (
    <>
      <form class="card filters" aria-label="Filter the log" onSubmit={(event) => event.preventDefault()}>
        <div class="field">
          <label for="audit-action">What</label>
          <select {...bound('action')}>
            <option value="">Everything</option>
            {kinds.map((kind) => (
              <option value={kind}>{done(kind)}</option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for="audit-who">Who</label>
          <select {...bound('who')}>
            <option value="">Anybody</option>
            {people.map((id) => (
              <option value={id || 'nobody'}>{who(id, names)}</option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for="audit-outcome">Outcome</label>
          <select {...bound('outcome')}>
            <option value="">Any</option>
            <option value="done">Done</option>
            <option value="refused">Refused</option>
            <option value="emergency">In an emergency</option>
          </select>
        </div>
      </form>
      <div class="card table-frame" role="region" aria-label="Table of the log" tabIndex={0}>
        <table class="table audit">
          <thead>
            <tr>
              <th scope="col">Line</th>
              <th scope="col">When</th>
              <th scope="col">Who</th>
              <th scope="col">What</th>
              <th scope="col">Of what</th>
              <th scope="col">Outcome</th>
              <th scope="col">From</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, most).map((line) => (
              <tr key={line.seq}>
                <td data-label="Line" class="number">
                  {line.seq}
                </td>
                <td data-label="When" class="number">
                  <Moment moment={line.at} />
                </td>
                <td data-label="Who">
                  <span class="actor">{who(line.actor?.id ?? '', names)}</span>
                  {line.actor && <span class="muted"> {line.actor.role}</span>}
                  {line.actor?.emergency && <span class="badge is-warn">emergency</span>}
                </td>
                <td data-label="What">{done(line.action)}</td>
                <td data-label="Of what">
                  <span class="path">{line.object}</span>
                </td>
                <td data-label="Outcome">
                  <span class={`badge ${line.outcome < 400 ? 'is-quiet' : 'is-bad'}`}>
                    {outcome(line)}
                  </span>
                </td>
                <td data-label="From" class="number">
                  {line.address ?? '–'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="table-end">
        <p class="muted number" role="status">
          {Math.min(most, found.length)} of {found.length} lines, of the newest {lines.length}
        </p>
        {found.length > most ? (
          <button type="button" class="button" onClick={() => setMost(most + SHOWN)}>
            Show more
          </button>
        ) : (
          last &&
          last.seq > 1 && (
            <button type="button" class="button" onClick={() => further(last.seq)}>
              Older lines
            </button>
          )
        )}
      </div>
    </>
  );
}

function fits(line: AuditLine, { action, who, outcome }: Fields): boolean {
  return (
    (!action || line.action === action) &&
    (!who || (line.actor?.id ?? 'nobody') === who) &&
    (!outcome ||
      (outcome === 'emergency' ? line.actor?.emergency === true : line.outcome < 400 === (outcome === 'done')))
  );
}

function outcome({ outcome }: AuditLine): string {
  if (outcome < 400) return 'done';
  return `${outcome < 500 ? 'refused' : 'failed'}, ${outcome}`;
}

/** `key.create` as people read it. */
function done(action: string): string {
  return readable(words(action.replace('.', ': ')));
}

/** Operators use commands and have no key. */
function who(id: string, names: Map<string, string>): string {
  if (!id) return 'nobody known';
  if (/^[0-]+$/.test(id)) return 'operator';
  return names.get(id) ?? `key ${id.slice(0, 8)}`;
}
