// What was found in all documents, as a table that can be filtered and exported.

import { useEffect, useState } from 'preact/hooks';
import { exported, search, type Filter } from '../api/entities';
import { fileOf } from '../api/jobs';
import { ASSERTIONS, ENTITY_TYPES, type Found } from '../api/types';
import { KINDS, readable, summary, title } from '../facts';
import { useAsked } from '../parts/asked';
import { AssertionBadge, Confidence, Doubt } from '../parts/badges';
import { Icon } from '../parts/icon';
import { Empty, Failure, Loading, told } from '../parts/states';
import { say } from '../parts/toast';
import { to } from '../router';

const EXPORTS: [label: string, accept: string, file: string][] = [
  ['CSV', 'text/csv', 'entities.csv'],
  ['NDJSON', 'application/x-ndjson', 'entities.ndjson'],
  ['Parquet', 'application/vnd.apache.parquet', 'entities.parquet'],
];

/** The fields as typed; empty means anything. */
interface Fields {
  type: string;
  name: string;
  assertion: string;
  review: string;
  sure: string;
  from: string;
  to: string;
}

const ANYTHING: Fields = {
  type: '',
  name: '',
  assertion: 'present',
  review: '',
  sure: '',
  from: '',
  to: '',
};

function filter(fields: Fields): Filter {
  return {
    assertion: fields.assertion as NonNullable<Filter['assertion']>,
    ...(fields.type && { type: fields.type as NonNullable<Filter['type']> }),
    ...(fields.name.trim() && { name: fields.name.trim() }),
    ...(fields.review && { needs_review: fields.review === 'yes' }),
    ...(fields.sure && { min_confidence: Number(fields.sure) }),
    ...(fields.from && { from: fields.from }),
    ...(fields.to && { to: fields.to }),
  };
}

export function Findings() {
  const [fields, setFields] = useState(ANYTHING);
  const settled = useSettled(fields);
  const wanted = filter(settled);
  const { value, problem, again } = useAsked(() => search(wanted, null), [JSON.stringify(wanted)]);
  const [more, setMore] = useState<{ of: unknown; found: Found[]; next: string | null } | null>(null);
  const rest = more?.of === value ? more : null;
  const found = value ? [...value.entities, ...(rest?.found ?? [])] : [];
  const next = rest ? rest.next : (value?.next_cursor ?? null);

  async function further() {
    const page = await search(wanted, next);
    setMore({ of: value, found: [...(rest?.found ?? []), ...page.entities], next: page.next_cursor });
  }

  function save([label, accept, file]: (typeof EXPORTS)[number]) {
    exported(filter(fields), accept, file).then(
      () => say(`${label} saved as ${file}`),
      (problem: unknown) => say(told(problem).detail),
    );
  }

  return (
    <>
      <div class="view-head">
        <h1>Findings</h1>
        <div class="view-actions" role="group" aria-label="Export what is shown">
          {EXPORTS.map((form) => (
            <button type="button" class="button" onClick={() => save(form)}>
              <Icon name="download" /> {form[0]}
            </button>
          ))}
        </div>
      </div>
      <FilterBar fields={fields} onChange={setFields} />
      {problem !== undefined ? (
        <Failure problem={problem} retry={again} />
      ) : !value ? (
        <Loading what="findings" />
      ) : found.length === 0 ? (
        <Empty icon="findings" title="Nothing fits">
          <p>
            No finding has all that is asked for.{' '}
            <button type="button" class="button is-small" onClick={() => setFields(ANYTHING)}>
              Show everything
            </button>
          </p>
        </Empty>
      ) : (
        <>
          <Table found={found} />
          <div class="table-end">
            <p class="muted number" role="status">
              {found.length} shown{next !== null && ', there are more'}
            </p>
            {next !== null && (
              <button type="button" class="button" onClick={further}>
                Load more
              </button>
            )}
          </div>
        </>
      )}
    </>
  );
}

function FilterBar({ fields, onChange }: { fields: Fields; onChange: (fields: Fields) => void }) {
  const bound = (name: keyof Fields) => ({
    id: `filter-${name}`,
    value: fields[name],
    onInput: (event: Event) =>
      onChange({ ...fields, [name]: (event.currentTarget as HTMLInputElement).value }),
  });
  return (
    <form class="card filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <div class="field">
        <label for="filter-type">Type</label>
        <select {...bound('type')}>
          <option value="">All types</option>
          {ENTITY_TYPES.map((type) => (
            <option value={type}>{KINDS[type].many}</option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="filter-name">Name</label>
        <input {...bound('name')} placeholder="whole name" autocomplete="off" spellcheck={false} />
      </div>
      <div class="field">
        <label for="filter-assertion">Stated as</label>
        <select {...bound('assertion')}>
          {ASSERTIONS.map((assertion) => (
            <option value={assertion}>{readable(assertion)}</option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="filter-review">Review</label>
        <select {...bound('review')}>
          <option value="">Any</option>
          <option value="yes">To review</option>
          <option value="no">Not to review</option>
        </select>
      </div>
      <div class="field is-row">
        <label for="filter-sure">How sure</label>
        <select {...bound('sure')}>
          <option value="">Any</option>
          <option value="0.5">50 % or more</option>
          <option value="0.8">80 % or more</option>
          <option value="0.95">95 % or more</option>
        </select>
      </div>
      <div class="field">
        <label for="filter-from">Dated from</label>
        <input type="date" {...bound('from')} />
      </div>
      <div class="field">
        <label for="filter-to">Dated to</label>
        <input type="date" {...bound('to')} />
      </div>
    </form>
  );
}

function Table({ found }: { found: Found[] }) {
  return (
    <div class="card table-frame" role="region" aria-label="Findings" tabIndex={0}>
      <table class="table findings">
        <thead>
          <tr>
            <th scope="col">Type</th>
            <th scope="col">Finding</th>
            <th scope="col">Details</th>
            <th scope="col">Sure</th>
            <th scope="col">Review</th>
            <th scope="col">Document</th>
          </tr>
        </thead>
        <tbody>
          {found.map((entity) => (
            <tr key={entity.entity_id}>
              <td data-label="Type" class="muted">
                {KINDS[entity.type].one}
              </td>
              <td data-label="Finding" class="print strong">
                {title(entity)} <AssertionBadge entity={entity} />
              </td>
              <td data-label="Details" class="print">
                {summary(entity)} <Flag entity={entity} />
              </td>
              <td data-label="Sure">
                <Confidence value={entity.confidence} />
              </td>
              <td data-label="Review">
                <Doubt entity={entity} />
              </td>
              <td data-label="Document">
                <a href={to('documents', entity.document_id, entity.id)}>{fileOf(entity.document_id)}</a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Flag({ entity }: { entity: Found }) {
  const flag = entity.flag;
  return typeof flag === 'string' ? <span class="badge is-bad">{flag}</span> : null;
}

/** What was typed, once the typing rests. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), 200);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
