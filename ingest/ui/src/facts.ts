// Entities in words: what a type is called, which attributes it has, and how a fact reads in one line.

import type { Entity, EntityType } from './api/types';

interface Field {
  name: string;
  label: string;
}

interface Kind {
  one: string;
  many: string;
  /** Its attributes in the order in which a clinician reads them; the first is its name. */
  fields: Field[];
}

const fields = (...names: string[]): Field[] =>
  names.map((name) => ({ name, label: LABELS[name] ?? name[0]!.toUpperCase() + name.slice(1) }));

const LABELS: Record<string, string> = {
  iso: 'Date',
  text: 'As printed',
  prn: 'As needed',
  range: 'Reference range',
  role: 'Kind',
};

export const KINDS: Record<EntityType, Kind> = {
  medication: {
    one: 'Medication',
    many: 'Medications',
    fields: fields(
      'name',
      'strength',
      'form',
      'dose',
      'route',
      'frequency',
      'duration',
      'quantity',
      'refills',
      'prn',
      'instructions',
      'status',
    ),
  },
  allergy: { one: 'Allergy', many: 'Allergies', fields: fields('substance', 'reaction') },
  lab: {
    one: 'Lab value',
    many: 'Lab values',
    fields: fields('name', 'value', 'unit', 'range', 'flag', 'date'),
  },
  vital: { one: 'Vital sign', many: 'Vital signs', fields: fields('name', 'value', 'unit', 'date') },
  diagnosis: { one: 'Diagnosis', many: 'Diagnoses', fields: fields('text', 'code') },
  procedure: { one: 'Procedure', many: 'Procedures', fields: fields('text', 'code', 'charge') },
  date: { one: 'Date', many: 'Dates', fields: fields('iso', 'role', 'text') },
  person: { one: 'Person', many: 'People', fields: fields('name', 'role') },
  org: { one: 'Organisation', many: 'Organisations', fields: fields('name', 'role') },
  id: { one: 'Identifier', many: 'Identifiers', fields: fields('value', 'role') },
  amount: { one: 'Amount', many: 'Amounts', fields: fields('value', 'role') },
  instruction: { one: 'Instruction', many: 'Instructions', fields: fields('text') },
};

/** An attribute as text; empty when the document does not say. */
export function value(entity: Entity, field: string): string {
  const found = entity[field];
  if (found === undefined || found === null) return '';
  if (typeof found === 'boolean') return found ? 'yes' : 'no';
  return String(found).replaceAll('\t', ' ');
}

/** Kinds that are abbreviations, as people write them. */
const SPOKEN: Record<string, string> = {
  dob: 'date of birth',
  npi: 'NPI',
  dea: 'DEA number',
  mrn: 'record number',
  nhs_number: 'NHS number',
  rx_number: 'prescription number',
  member_id: 'member number',
};

export const words = (name: string) => SPOKEN[name] ?? name.replaceAll('_', ' ');

/** What a fact is about. */
export function title(entity: Entity): string {
  const [first] = KINDS[entity.type].fields;
  return value(entity, first!.name) || entity.text.replaceAll('\t', ' ') || 'not read';
}

/** The rest of it in one line. */
export function summary(entity: Entity): string {
  const say = (...names: string[]) =>
    names
      .map((name) => value(entity, name))
      .filter(Boolean)
      .join(' ');
  switch (entity.type) {
    case 'medication': {
      const parts = [
        say('strength', 'form'),
        say('dose', 'route'),
        say('frequency'),
        entity.prn === true ? 'as needed' : '',
        say('duration') && `for ${say('duration')}`,
      ];
      return parts.filter(Boolean).join(' · ');
    }
    case 'lab': {
      const range = say('range');
      return say('value', 'unit') + (range ? ` (${range})` : '');
    }
    case 'vital':
      return say('value', 'unit');
    case 'allergy':
      return say('reaction');
    case 'date':
    case 'person':
    case 'org':
    case 'id':
    case 'amount':
      return words(say('role'));
    default:
      return say('code', 'charge');
  }
}

/** The same with the day, which tells apart what was measured more than once. */
export function dated(entity: Entity): string {
  const day = entity.type === 'lab' || entity.type === 'vital' ? value(entity, 'date') : '';
  return [summary(entity), day].filter(Boolean).join(' · ');
}

/** The attribute that a reason for review speaks of. */
export function fieldOf(reason: string, entity: Entity): string | undefined {
  const named = KINDS[entity.type].fields.find(
    ({ name }) => reason.includes(`the ${name} `) || reason.endsWith(`the ${name}`),
  );
  return named?.name;
}

/** How much harm a wrong value of a type can do, from 0 to 1: drugs first, then what is allergic. */
const HARM: Record<EntityType, number> = {
  medication: 1,
  allergy: 0.9,
  lab: 0.7,
  vital: 0.6,
  diagnosis: 0.6,
  person: 0.5,
  procedure: 0.4,
  id: 0.4,
  date: 0.3,
  instruction: 0.3,
  org: 0.2,
  amount: 0.2,
};

/** Risk of leaving it unread: what it may do times how likely it is wrong. */
export const risk = (entity: Entity) => HARM[entity.type] * (1 - entity.confidence);

export const percent = (share: number) => `${Math.floor(share * 100)} %`;

const SYSTEMS: Record<string, string> = {
  'http://loinc.org': 'LOINC',
  'http://unitsofmeasure.org': 'UCUM',
  'http://hl7.org/fhir/sid/icd-10-cm': 'ICD-10-CM',
  'https://go.drugbank.com/drugs': 'DrugBank',
  'http://www.nlm.nih.gov/research/umls/rxnorm': 'RxNorm',
};

/** A code system as people call it. */
export const system = (uri: string) => SYSTEMS[uri] ?? (uri.includes('mesh') ? 'MeSH' : uri);

export const readable = (name: string) => words(name).replace(/^./, (letter) => letter.toUpperCase());
