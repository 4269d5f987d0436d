// What the API answers, as far as the page uses it. /openapi.json has the whole of it.

export const ROLES = ['uploader', 'reviewer', 'analyst', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface Session {
  key_id: string;
  tenant_id: string;
  role: Role;
  /** Null for a service that asks nobody who they are. */
  csrf_token: string | null;
  ends_at: string | null;
}

export interface Version {
  version: string;
  sign_in: ('key' | 'provider')[];
}

export type JobState =
  | 'queued'
  | 'running'
  | 'succeeded'
  | 'needs_review'
  | 'failed'
  | 'cancelled';

export interface Problem {
  type: string;
  title: string;
  detail: string;
}

export interface Job {
  id: string;
  document_id: string;
  file: string;
  state: JobState;
  created_at: string;
  updated_at: string;
  pages: number | null;
  pages_failed: number;
  progress: Record<string, { done: number; total: number; failed: number }>;
  error: Problem | null;
}

export interface JobPage {
  jobs: Job[];
  next_cursor: string | null;
}

export interface Taken {
  jobs: { job_id: string; document_id: string; file: string; duplicate: boolean }[];
}

export type Box = [number, number, number, number];
export type Point = [number, number];

export interface Vote {
  engine: string;
  text: string;
  confidence: number;
}

export interface Word {
  id: string;
  text: string;
  bbox: Box;
  quad: [Point, Point, Point, Point];
  confidence: number;
  span: [number, number];
  votes: Vote[];
}

export interface Line {
  text: string;
  bbox: Box;
  words: Word[];
}

export interface Page {
  index: number;
  status: 'ok' | 'partial' | 'blank' | 'failed';
  width: number;
  height: number;
  orientation: 0 | 90 | 180 | 270;
  skew_degrees: number;
  unread_ink: number;
  readers: { engine: string; status: string; error: string | null }[];
  lines: Line[];
}

export const ENTITY_TYPES = [
  'medication',
  'allergy',
  'lab',
  'vital',
  'diagnosis',
  'procedure',
  'date',
  'person',
  'org',
  'id',
  'amount',
  'instruction',
] as const;
export type EntityType = (typeof ENTITY_TYPES)[number];

export const ASSERTIONS = [
  'present',
  'absent',
  'possible',
  'family',
  'historical',
  'planned',
] as const;
export type Assertion = (typeof ASSERTIONS)[number];

/** A fact of a document. The attributes of its type stand flat beside what all types have. */
export interface Entity {
  id: string;
  type: EntityType;
  text: string;
  page: number | null;
  words: string[];
  confidence: number;
  needs_review: boolean;
  reasons: string[];
  assertion: Assertion;
  codes?: { system: string; code: string; display?: string }[];
  candidates?: { field: string; value: string }[];
  [attribute: string]: unknown;
}

/** An entity with where the service keeps it. */
export interface Found extends Entity {
  entity_id: string;
  document_id: string;
  job_id: string;
  /** Whom its document is about, where an identifier says so. */
  patient_id?: string | null;
  version: number;
  created_at: string;
}

export interface FoundPage {
  entities: Found[];
  next_cursor: string | null;
}

export interface DocumentResult {
  document: {
    id: string;
    file: string;
    media_type: string;
    bytes: number;
    page_count: number;
    kind: string;
    kind_confidence: number;
  };
  text: string;
  pages: Page[];
  entities: Entity[];
}

export interface Queues {
  queues: {
    stage: string;
    waiting: number;
    running: number;
    dead: number;
    due_since: string | null;
  }[];
  at_work: {
    task_id: string;
    job_id: string;
    stage: string;
    page: number | null;
    attempt: number;
    lease_until: string | null;
  }[];
}

export interface DeadLetter {
  task_id: string;
  job_id: string;
  stage: string;
  page: number | null;
  attempts: number;
  error: string | null;
  failed_at: string;
}

export interface Readiness {
  ready: boolean;
  checks: Record<string, string>;
}

/** An API key, without what its holder alone knows. */
export interface ApiKey {
  id: string;
  /** Null of one that an earlier version made. */
  public_id: string | null;
  role: Role;
  name: string | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}

export interface MadeKey {
  id: string;
  key: string;
}

export interface AuditLine {
  seq: number;
  at: string;
  actor: { id: string; role: string; emergency?: boolean } | null;
  /** What was done, such as `document.read`. */
  action: string;
  /** The path of the request: ids alone. */
  object: string;
  /** The HTTP status that it ended with. */
  outcome: number;
  address: string | null;
}

export interface AuditPage {
  events: AuditLine[];
}

export interface Verification {
  intact: boolean;
  lines: number | null;
  flaw: string | null;
}
