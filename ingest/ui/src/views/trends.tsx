// Lab values of one patient over time, with their ranges. Only what the documents print tells whose values
// they are, so the view says so and never mixes patients.

import { useMemo, useState } from 'preact/hooks';
import { searchAll } from '../api/entities';
import { summary, value } from '../facts';
import { useAsked } from '../parts/asked';
import { Doubt } from '../parts/badges';
import { Icon } from '../parts/icon';
import { Empty, Failure, Loading } from '../parts/states';
import { to } from '../router';
import { day, Legend, Plot } from '../trends/plot';
import { dayOf, patients, series, type Patient, type Series } from '../trends/series';

export function Trends() {
  const { value: all, problem, again } = useAsked(
    () =>
      Promise.all([
        searchAll({ type: 'lab' }),
        searchAll({ type: 'person' }),
        searchAll({ type: 'date' }),
      ]),
    [],
  );
  const [key, setKey] = useState<string | null>(null);
  const known = useMemo(() => {
    if (!all) return [];
    const [labs, people, dates] = all;
    const measured = new Set(labs.map((lab) => lab.document_id));
    return patients(people, dates)
      .map((patient) => ({
        patient,
        labs: labs.filter((lab) => patient.documents.has(lab.document_id)),
      }))
      .filter(({ patient }) => [...patient.documents].some((document) => measured.has(document)))
      .sort((a, b) => b.labs.length - a.labs.length);
  }, [all]);
  const shown = known.find(({ patient }) => patient.key === key) ?? known[0];
  const lines = useMemo(() => (shown && all ? series(shown.labs, dayOf(all[2])) : []), [shown, all]);

  return (
    <>
      <div class="view-head">
        <h1>Trends</h1>
        {shown && (
          <div class="field is-inline">
            <label for="patient">Patient</label>
            <select
              id="patient"
              value={shown.patient.key}
              onChange={(event) => setKey(event.currentTarget.value)}
            >
              {known.map(({ patient, labs }) => (
                <option value={patient.key}>
                  {patient.name}
                  {patient.born ? `, born ${patient.born}` : ''} ({labs.length})
                </option>
              ))}
            </select>
          </div>
        )}
      </div>
      {problem !== undefined ? (
        <Failure problem={problem} retry={again} />
      ) : !all ? (
        <Loading what="lab values" />
      ) : !shown ? (
        <Empty icon="trends" title="No lab values yet">
          <p>Lab values of documents that name their patient appear here.</p>
        </Empty>
      ) : (
        <>
          <Warning patient={shown.patient} />
          <Legend />
          <ul class="plots">
            {lines.map((line) => (
              <Card key={line.key} series={line} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Warning({ patient }: { patient: Patient }) {
  const count = patient.documents.size;
  const same = patient.isIdentified
    ? 'the same identifier'
    : `this name${patient.born ? ' and day of birth' : ''}`;
  return (
    <p class="notice">
      <Icon name="warning" />
      <span>
        From {count} {count === 1 ? 'document that prints' : 'documents that print'} {same}. Check that{' '}
        {count === 1 ? 'it is' : 'they are'} of the patient whom you mean.
      </span>
    </p>
  );
}

function Card({ series }: { series: Series }) {
  const last = series.points.at(-1);
  return (
    <li class="card plot-card">
      <header>
        <h2>{series.name}</h2>
        {last && (
          <p class="latest">
            <span class="number">{value(last.entity, 'value')}</span>{' '}
            <span class="muted">{series.unit}</span>
            {last.isOutside && <span class="badge is-bad">outside</span>}
          </p>
        )}
      </header>
      {series.points.length > 0 ? (
        <Plot series={series} />
      ) : (
        <p class="muted quiet-line">No value is a number on a known day.</p>
      )}
      <p class="muted range">
        {series.range ? `Reference range ${series.range} ${series.unit}` : 'No reference range is printed'}
      </p>
      <details>
        <summary>Values</summary>
        <table class="table is-tight">
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">Value</th>
              <th scope="col">Review</th>
            </tr>
          </thead>
          <tbody>
            {series.points.map(({ at, entity }) => (
              <tr key={entity.entity_id}>
                <td>{day(at)}</td>
                <td class="print">
                  <a href={to('documents', entity.document_id, entity.id)}>{summary(entity)}</a>
                </td>
                <td>
                  <Doubt entity={entity} />
                </td>
              </tr>
            ))}
            {series.apart.map((entity) => (
              <tr key={entity.entity_id}>
                <td class="muted">{value(entity, 'date') || 'not known'}</td>
                <td class="print">
                  <a href={to('documents', entity.document_id, entity.id)}>{summary(entity)}</a>
                </td>
                <td>
                  <Doubt entity={entity} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </li>
  );
}
