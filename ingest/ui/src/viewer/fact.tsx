// A fact in full: its attributes, its codes, why it is doubtful, and the words that prove it.

import type { Entity, Word } from '../api/types';
import { KINDS, percent, system, value } from '../facts';
import { AssertionBadge } from '../parts/badges';
import { Votes } from './votes';

export function Fact({ entity, words }: { entity: Entity; words: Word[] }) {
  const attributes = KINDS[entity.type].fields.filter(({ name }) => value(entity, name) !== '');
  return (
    <div class="fact">
      <div class="fact-badges">
        <AssertionBadge entity={entity} />
        <span class="muted">{percent(entity.confidence)} sure</span>
      </div>
      {entity.reasons.length > 0 && (
        <ul class="reasons">
          {entity.reasons.map((reason) => (
            <li>{reason}</li>
          ))}
        </ul>
      )}
      <dl class="attributes">
        {attributes.map(({ name, label }) => (
          <>
            <dt>{label}</dt>
            <dd class="print">{value(entity, name)}</dd>
          </>
        ))}
        {entity.codes?.map((code) => (
          <>
            <dt>{system(code.system)}</dt>
            <dd>
              <span class="number">{code.code}</span>
              {code.display && code.display !== code.code && <span class="muted"> {code.display}</span>}
            </dd>
          </>
        ))}
      </dl>
      <details open={entity.needs_review}>
        <summary>
          {words.length} {words.length === 1 ? 'word proves' : 'words prove'} it
        </summary>
        {words.map((word) => (
          <Votes key={word.id} word={word} />
        ))}
      </details>
    </div>
  );
}
