/** What the API sends of the audit log. Times are RFC 3339 UTC text. */

export interface AuditRecord {
  seq: number;
  time: string;
  actor: string;
  action: string;
  object: string;
  detail: string;
}

/** next: what to ask for `before` next; null at the end. anchor: the end of the chain. */
export interface AuditPage {
  items: AuditRecord[];
  next: number | null;
  anchor: string;
}

/** What is looked for; "" for any. since, until: RFC 3339. */
export interface AuditQuery {
  actor: string;
  action: string;
  object: string;
  since: string;
  until: string;
}

/** broken: why the chain does not hold, at record `seq`; null where it holds. */
export interface AuditVerified {
  holds: boolean;
  records: number;
  first: number;
  last: number;
  anchor: string;
  broken: string | null;
  seq: number | null;
}
