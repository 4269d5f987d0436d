// The API keys of this clinic: who may do what, a new one, and taking one back.

import { useState } from 'preact/hooks';
import { ask, fetched, session } from '../api/client';
import { ROLES, type ApiKey, type MadeKey, type Role } from '../api/types';
import { readable } from '../facts';
import { useAsked } from '../parts/asked';
import { Icon } from '../parts/icon';
import { Failure, Loading, told } from '../parts/states';
import { say } from '../parts/toast';
import { Ago, Day } from '../parts/when';

/** What a role may do, as people put it. */
const MAY: Record<Role, string> = {
  uploader: 'sends documents',
  reviewer: 'reads and reviews',
  analyst: 'queries findings',
  admin: 'does everything',
};

const DAY = 86_400_000;

/** How long a new key is good, in days; 0 for good. */
const LASTS: [days: number, words: string][] = [
  [30, '30 days'],
  [90, '90 days'],
  [365, 'A year'],
  [0, 'Until it is revoked'],
];

async function everyKey(signal: AbortSignal): Promise<ApiKey[]> {
  return (await ask<{ keys: ApiKey[] }>('GET', '/v1/admin/keys', { signal })).keys;
}

export function Keys() {
  const { value, problem, again } = useAsked(everyKey, []);
  const [made, setMade] = useState<MadeKey | null>(null);
  return (
    <section aria-labelledby="keys">
      <h2 id="keys">Keys</h2>
      <NewKey
        onMade={(key) => {
          setMade(key);
          again();
        }}
      />
      {made && <Shown made={made} onHide={() => setMade(null)} />}
      {problem !== undefined ? (
        <Failure problem={problem} retry={again} />
      ) : !value ? (
        <Loading what="keys" />
      ) : (
        <KeyTable keys={value} onChanged={again} />
      )}
    </section>
  );
}

function NewKey({ onMade }: { onMade: (made: MadeKey) => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('uploader');
  const [days, setDays] = useState(90);
  const [isBusy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);

  async function make(event: Event) {
    event.preventDefault();
    setBusy(true);
    setRefused(null);
    try {
      const body = {
        role,
        ...(name.trim() && { name: name.trim() }),
        ...(days > 0 && { expires_at: new Date(Date.now() + days * DAY).toISOString() }),
      };
      onMade(await ask<MadeKey>('POST', '/v1/admin/keys', { body }));
      setName('');
    } catch (problem) {
      setRefused(`${told(problem).title}. ${told(problem).detail}`);
    }
    setBusy(false);
  }

  return (
    <form class="card filters" onSubmit={make} aria-label="New key">
      <div class="field is-row">
        <label for="key-name">For whom or what</label>
        <input
          id="key-name"
          value={name}
          maxLength={100}
          placeholder="front desk"
          autocomplete="off"
          aria-invalid={refused !== null}
          aria-describedby={refused === null ? undefined : 'key-refused'}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </div>
      <div class="field is-row">
        <label for="key-role">Role</label>
        <select
          id="key-role"
          value={role}
          onInput={(event) => setRole(event.currentTarget.value as Role)}
        >
          {ROLES.map((role) => (
            <option value={role}>
              {readable(role)}: {MAY[role]}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="key-days">Good for</label>
        <select
          id="key-days"
          value={String(days)}
          onInput={(event) => setDays(Number(event.currentTarget.value))}
        >
          {LASTS.map(([days, words]) => (
            <option value={String(days)}>{words}</option>
          ))}
        </select>
      </div>
      <div class="field is-last">
        <button type="submit" class="button is-primary" disabled={isBusy}>
          <Icon name="plus" /> Make a key
        </button>
      </div>
      {refused !== null && (
        <p class="field-problem is-wide" id="key-refused" role="alert">
          {refused}
        </p>
      )}
    </form>
  );
}

/** A key that was just made. The service keeps no copy, so it is shown until it is hidden. */
function Shown({ made, onHide }: { made: MadeKey; onHide: () => void }) {
  function copy() {
    navigator.clipboard.writeText(made.key).then(
      () => say('The key was copied'),
      () => say('The browser does not let it be copied; select it instead'),
    );
  }
  return (
    <div class="notice made-key" role="status">
      <Icon name="warning" />
      <div>
        <strong>Copy this key now: it is not shown again</strong>
        <p>
          <code>{made.key}</code>
        </p>
        <div class="made-actions">
          <button type="button" class="button is-small" onClick={copy}>
            Copy
          </button>
          <button type="button" class="button is-small" onClick={onHide}>
            Hide it
          </button>
        </div>
      </div>
    </div>
  );
}

function KeyTable({ keys, onChanged }: { keys: ApiKey[]; onChanged: () => void }) {
  const [asked, setAsked] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function revoke(key: ApiKey) {
    setBusy(true);
    try {
      await fetched('DELETE', `/v1/admin/keys/${key.id}`);
      say('The key is good no longer');
    } catch (problem) {
      say(`${told(problem).title}. ${told(problem).detail}`);
    }
    setBusy(false);
    setAsked(null);
    onChanged();
  }

  return (
    <div class="card table-frame" role="region" aria-label="Table of keys" tabIndex={0}>
      <table class="table keys">
        <thead>
          <tr>
            <th scope="col">For</th>
            <th scope="col">Key</th>
            <th scope="col">Role</th>
            <th scope="col">Made</th>
            <th scope="col">Good until</th>
            <th scope="col">State</th>
            <th scope="col">
              <span class="unseen">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => {
            const state = stateOf(key);
            return (
              <tr key={key.id} data-key={key.id}>
                <td data-label="For" class="strong">
                  {key.name ?? 'no name'} {isOwn(key) && <span class="badge is-quiet">yours</span>}
                </td>
                <td data-label="Key" class="number">
                  {key.public_id ? `mbk_${key.public_id}…` : 'to be replaced'}
                </td>
                <td data-label="Role">{readable(key.role)}</td>
                <td data-label="Made">
                  <Ago moment={key.created_at} />
                </td>
                <td data-label="Good until">
                  {key.expires_at ? <Day moment={key.expires_at} /> : 'no end'}
                </td>
                <td data-label="State">
                  <span class={`badge ${state === 'Good' ? 'is-good' : 'is-quiet'}`}>{state}</span>
                </td>
                <td>
                  {state === 'Good' &&
                    !isOwn(key) &&
                    (asked === key.id ? (
                      <span class="row-actions">
                        <button
                          type="button"
                          class="button is-small is-danger"
                          disabled={isBusy}
                          onClick={() => revoke(key)}
                        >
                          Revoke for good
                        </button>
                        <button
                          type="button"
                          class="button is-small"
                          onClick={() => setAsked(null)}
                        >
                          Keep
                        </button>
                      </span>
                    ) : (
                      <button
                        type="button"
                        class="button is-small"
                        aria-label={`Revoke the key of ${key.name ?? 'no name'}`}
                        onClick={() => setAsked(key.id)}
                      >
                        <Icon name="cross" /> Revoke
                      </button>
                    ))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Revoking it would end the session that asks. */
function isOwn(key: ApiKey): boolean {
  return key.id === session.value?.key_id;
}

function stateOf(key: ApiKey): 'Good' | 'Revoked' | 'Expired' {
  if (key.revoked_at) return 'Revoked';
  return key.expires_at && Date.parse(key.expires_at) <= Date.now() ? 'Expired' : 'Good';
}
