// The facts of a document by type; the chosen one is shown in full.

import type { Entity, Word } from '../api/types';
import { ENTITY_TYPES } from '../api/types';
import { dated, KINDS, title } from '../facts';
import { AssertionBadge, Doubt } from '../parts/badges';
import { Fact } from './fact';

interface Props {
  entities: Entity[];
  chosen: Entity | null;
  wordsOf: (entity: Entity) => Word[];
  onChoose: (entity: Entity | null) => void;
}

export function FactList({ entities, chosen, wordsOf, onChoose }: Props) {
  const groups = ENTITY_TYPES.map(
    (type) => [type, entities.filter((entity) => entity.type === type)] as const,
  ).filter(([, facts]) => facts.length > 0);
  if (groups.length === 0) return <p class="muted quiet-line">Nothing was found in this document.</p>;
  return (
    <>
      {groups.map(([type, facts]) => (
        <section key={type} class="fact-group" aria-labelledby={`group-${type}`}>
          <h2 id={`group-${type}`}>
            {KINDS[type].many} <span class="muted number">{facts.length}</span>
          </h2>
          <ul>
            {facts.map((entity) => {
              const isChosen = entity.id === chosen?.id;
              return (
                <li key={entity.id} class={isChosen ? 'is-chosen' : ''}>
                  <button
                    type="button"
                    class="fact-line"
                    aria-expanded={isChosen}
                    data-entity={entity.id}
                    onClick={() => onChoose(isChosen ? null : entity)}
                  >
                    <span class="fact-title">{title(entity)}</span>
                    <span class="fact-summary">{dated(entity)}</span>
                    <span class="fact-marks">
                      <Doubt entity={entity} />
                      <AssertionBadge entity={entity} />
                    </span>
                  </button>
                  {isChosen && <Fact entity={entity} words={wordsOf(entity)} />}
                </li>
              );
            })}
          </ul>
        </section>
      ))}
    </>
  );
}
