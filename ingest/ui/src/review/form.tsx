// The attributes of a fact as fields that can be corrected. What is doubtful stands out, with the reason.

import type { Ref } from 'preact';
import { useImperativeHandle, useRef, useState } from 'preact/hooks';
import type { Found } from '../api/types';
import { fieldOf, KINDS, value } from '../facts';
import { Icon } from '../parts/icon';

export interface FormHandle {
  /** Begins to correct, at the first doubtful field. */
  edit: () => void;
}

interface Props {
  handle: Ref<FormHandle>;
  entity: Found;
  onCorrect: (attributes: Record<string, unknown>) => void;
  onLeave: () => void;
}

/** Attributes that were worked out from another and would not be true any more. */
const DERIVED: Record<string, string[]> = {
  name: ['codes'],
  unit: ['codes'],
  substance: ['codes'],
  text: ['codes'],
  code: ['codes'],
  route: ['route_norm'],
  frequency: ['frequency_norm'],
};

export function Form({ handle, entity, onCorrect, onLeave }: Props) {
  const [drafts, setDrafts] = useState<Record<string, string>>({});
  const form = useRef<HTMLFormElement>(null);
  const doubts = new Map<string, string[]>();
  const others: string[] = [];
  for (const reason of entity.reasons) {
    const field = fieldOf(reason, entity);
    if (field) doubts.set(field, [...(doubts.get(field) ?? []), reason]);
    else others.push(reason);
  }
  // What is doubtful comes first, for the eye and for the Tab key.
  const fields = KINDS[entity.type].fields.toSorted(
    (a, b) => Number(doubts.has(b.name)) - Number(doubts.has(a.name)),
  );
  const changed = Object.entries(drafts).filter(([name, draft]) => draft !== value(entity, name));

  useImperativeHandle(handle, () => ({
    edit() {
      const inputs = [...form.current!.querySelectorAll<HTMLInputElement>('input')];
      const input = inputs.find((input) => doubts.has(input.name)) ?? inputs[0];
      input?.focus();
      input?.select();
    },
  }));

  function submit(event: Event) {
    event.preventDefault();
    if (changed.length === 0) return;
    const attributes: Record<string, unknown> = {};
    for (const [name, draft] of changed) {
      attributes[name] = name === 'prn' ? draft === 'yes' : draft.trim() || null;
      for (const derived of DERIVED[name] ?? []) {
        if (entity[derived] !== undefined) attributes[derived] = null;
      }
    }
    onCorrect(attributes);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    setDrafts({});
    onLeave();
  }

  return (
    <form class="review-form" ref={form} onSubmit={submit} onKeyDown={onKeyDown}>
      {others.length > 0 && (
        <ul class="reasons">
          {others.map((reason) => (
            <li>{reason}</li>
          ))}
        </ul>
      )}
      <div class="review-fields">
        {fields.map(({ name, label }) => {
          const reasons = doubts.get(name);
          const id = `field-${name}`;
          return (
            <div class={`field ${reasons ? 'is-doubtful' : ''}`} key={name}>
              <label for={id}>{label}</label>
              {name === 'prn' ? (
                <select
                  id={id}
                  name={name}
                  value={drafts[name] ?? value(entity, name)}
                  onChange={(event) => setDrafts({ ...drafts, [name]: event.currentTarget.value })}
                >
                  <option value="">not said</option>
                  <option value="yes">yes</option>
                  <option value="no">no</option>
                </select>
              ) : (
                <input
                  id={id}
                  name={name}
                  autocomplete="off"
                  spellcheck={false}
                  value={drafts[name] ?? value(entity, name)}
                  aria-describedby={reasons ? `${id}-why` : undefined}
                  onInput={(event) => setDrafts({ ...drafts, [name]: event.currentTarget.value })}
                />
              )}
              {reasons && (
                <span class="field-why" id={`${id}-why`}>
                  <Icon name="warning" /> {reasons.join('; ')}
                </span>
              )}
              {entity.candidates
                ?.filter((candidate) => candidate.field === name)
                .map((candidate) => (
                  <button
                    type="button"
                    class="button is-small is-soft"
                    onClick={() => setDrafts({ ...drafts, [name]: candidate.value })}
                  >
                    Use “{candidate.value}”
                  </button>
                ))}
            </div>
          );
        })}
      </div>
      {changed.length > 0 && (
        <div class="review-save">
          <button class="button is-primary">Save the correction</button>
          <button type="button" class="button" onClick={() => setDrafts({})}>
            Discard
          </button>
        </div>
      )}
    </form>
  );
}
