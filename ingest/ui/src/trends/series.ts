// Lab values as series: one an analyte and unit, in the order of time, with the range they should lie in.

import type { Found } from '../api/types';
import { value } from '../facts';

export interface Measured {
  value: number;
  /** Milliseconds, at the beginning of the day. */
  at: number;
  entity: Found;
  isOutside: boolean;
}

export interface Series {
  key: string;
  name: string;
  unit: string;
  /** Ends of the reference range; null where it is open. */
  low: number | null;
  high: number | null;
  range: string;
  points: Measured[];
  /** Values that are no number, or stand on no day. */
  apart: Found[];
}

/** A patient as documents name one. */
export interface Patient {
  key: string;
  name: string;
  born: string | null;
  /** An identifier says so, and not the name alone. */
  isIdentified: boolean;
  documents: Set<string>;
}

/** Documents of one identifier are of one patient; without any, equal name and day of birth in print are
 * taken for the same person, and nothing else is. */
export function patients(people: Found[], dates: Found[]): Patient[] {
  const born = new Map<string, string>();
  for (const date of dates) {
    if (date.role === 'dob') born.set(date.document_id, value(date, 'iso') || date.text);
  }
  const byKey = new Map<string, Patient>();
  for (const person of people) {
    if (person.role !== 'patient' || !person.name) continue;
    const day = born.get(person.document_id) ?? null;
    const key = person.patient_id ?? `${fold(value(person, 'name'))}|${day ?? person.document_id}`;
    const known = byKey.get(key);
    if (known) known.documents.add(person.document_id);
    else {
      const documents = new Set([person.document_id]);
      const isIdentified = Boolean(person.patient_id);
      byKey.set(key, { key, name: value(person, 'name'), born: day, isIdentified, documents });
    }
  }
  return [...byKey.values()].sort((a, b) => a.name.localeCompare(b.name));
}

const fold = (name: string) =>
  name
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .sort()
    .join(' ');

/** Kinds of days that a document's values may be of, the best first. */
const ROLES = ['collected', 'received', 'reported'];

/** By document: the day of its values, where they do not say one themselves. */
export function dayOf(dates: Found[]): Map<string, string> {
  const days = new Map<string, string>();
  for (const role of ROLES.toReversed()) {
    const ofRole = dates.filter((date) => date.role === role && date.iso);
    for (const [document, found] of Map.groupBy(ofRole, (date) => date.document_id)) {
      const several = new Set(found.map((date) => value(date, 'iso')));
      // Of several days nobody can say which one a value is of.
      if (several.size === 1) days.set(document, [...several][0]!);
      else days.delete(document);
    }
  }
  return days;
}

export function series(labs: Found[], days: Map<string, string>): Series[] {
  const groups = Map.groupBy(labs, (lab) => `${analyte(lab)}|${value(lab, 'unit').toLowerCase()}`);
  const all = [...groups].map(([key, labs]): Series => {
    const range = labs.map((lab) => value(lab, 'range')).find(Boolean) ?? '';
    const points: Measured[] = [];
    const apart: Found[] = [];
    for (const entity of labs) {
      const number = numberOf(value(entity, 'value'));
      const at = Date.parse(value(entity, 'date') || (days.get(entity.document_id) ?? ''));
      if (number === null || Number.isNaN(at)) {
        apart.push(entity);
        continue;
      }
      const { low, high } = bounds(value(entity, 'range') || range);
      const isOutside = (low !== null && number < low) || (high !== null && number > high);
      points.push({ value: number, at, entity, isOutside });
    }
    points.sort((a, b) => a.at - b.at);
    const [first] = labs as [Found];
    const name = value(first, 'name') || 'not read';
    return { key, name, unit: value(first, 'unit'), ...bounds(range), range, points, apart };
  });
  // What lies outside first, then what there is more of.
  const outside = (of: Series) => of.points.filter((point) => point.isOutside).length;
  return all.sort((a, b) => outside(b) - outside(a) || b.points.length - a.points.length);
}

function analyte(lab: Found): string {
  const code = lab.codes?.find((code) => code.system === 'http://loinc.org');
  return code?.code ?? value(lab, 'name').toLowerCase();
}

/** A plain number, with a point or a comma; null for anything else, such as `<0.01`. */
export function numberOf(text: string): number | null {
  const trimmed = text.trim();
  return /^-?\d+([.,]\d+)?$/.test(trimmed) ? Number(trimmed.replace(',', '.')) : null;
}

/** The ends of a range as printed: `4.0 to 11.0`, `133-146`, `<5.0`, `> 60`. */
export function bounds(range: string): { low: number | null; high: number | null } {
  const two = /^\s*(\d+(?:[.,]\d+)?)\s*(?:-|–|to)\s*(\d+(?:[.,]\d+)?)\s*$/.exec(range);
  if (two) return { low: numberOf(two[1]!), high: numberOf(two[2]!) };
  const one = /^\s*([<>≤≥])=?\s*(\d+(?:[.,]\d+)?)\s*$/.exec(range);
  if (!one) return { low: null, high: null };
  const end = numberOf(one[2]!);
  return one[1] === '<' || one[1] === '≤' ? { low: null, high: end } : { low: end, high: null };
}
