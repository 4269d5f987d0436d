// Entities: looked for, reviewed, exported.

import { ask, everyPage, fetched } from './client';
import { ASSERTIONS, type Assertion, type EntityType, type Found, type FoundPage } from './types';

export interface Filter {
  type?: EntityType;
  name?: string;
  from?: string;
  to?: string;
  min_confidence?: number;
  assertion?: Assertion;
  needs_review?: boolean;
  document?: string;
}

/** A page of entities. By POST: no URL holds a name. */
export function search(filter: Filter, cursor: string | null, limit = 200): Promise<FoundPage> {
  const body = { ...filter, limit, ...(cursor ? { cursor } : {}) };
  return ask('POST', '/v1/entities/search', { body });
}

/** All that fit, up to some thousands. */
export function searchAll(filter: Filter): Promise<Found[]> {
  return everyPage(async (cursor) => {
    const page = await search(filter, cursor, 1000);
    return { items: page.entities, next: page.next_cursor };
  }, 10_000);
}

/** All that a person should look at, whatever the document says of them. */
export async function doubtful(): Promise<Found[]> {
  const kinds = ASSERTIONS.map((assertion) => searchAll({ assertion, needs_review: true }));
  return (await Promise.all(kinds)).flat();
}

export interface Decision {
  entity: Found;
  /** Null to accept it as it stands. */
  attributes: Record<string, unknown> | null;
}

/** Tells the service what a person decided. */
export function decide({ entity, attributes }: Decision, leaving = false): Promise<Found> {
  const body = attributes
    ? { version: entity.version, decision: 'correct', attributes }
    : { version: entity.version, decision: 'accept' };
  return ask('PATCH', `/v1/entities/${entity.entity_id}`, { body, keepalive: leaving });
}

/** Saves all that fit as a file of the service's own making. */
export async function exported(filter: Filter, accept: string, file: string): Promise<void> {
  const answer = await fetched('POST', '/v1/entities/search', { body: filter, accept });
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = file;
  link.click();
  URL.revokeObjectURL(url);
}
