/** Text as a key: compared byte by byte, whatever the database's locale. */
export const KEY = 'text collate "C"';
export const INSTANT = "double precision";

/**
 * Instants are milliseconds since the epoch. `fixed` and `delivery` are written and read by TypeScript alone; what they
 * are searched by stands beside them. Updates of counters touch no index.
 */
export const TABLES: readonly string[] = [
  `create sequence {s}.ranks`,
  `create table {s}.verifications (
    id ${KEY} primary key,
    rank bigint not null,
    tenant ${KEY} not null,
    owner ${KEY} not null,
    purpose ${KEY} not null,
    service ${KEY},
    recipient ${KEY},
    subject ${KEY},
    created_at ${INSTANT} not null,
    updated_at ${INSTANT} not null,
    expires_at ${INSTANT} not null,
    guard_until ${INSTANT},
    max_attempts bigint not null,
    attempts bigint not null default 0,
    revision bigint not null default 0,
    state text not null default 'pending',
    lost boolean not null,
    used_by jsonb,
    used_at ${INSTANT},
    fixed json not null,
    delivery json not null,
    checks jsonb not null default '[]',
    events jsonb not null
  ) with (fillfactor = 80)`,
  `create index on {s}.verifications (owner, expires_at) where state = 'pending'`,
  `create index on {s}.verifications (owner, rank)`,
  `create index on {s}.verifications (tenant, created_at desc, id)`,
  `create index on {s}.verifications (recipient, created_at desc, id) where recipient is not null`,
  `create index on {s}.verifications (subject, created_at desc, id) where subject is not null`,
  `create index on {s}.verifications (expires_at)`,
  `create table {s}.accounts (
    account ${KEY} primary key,
    failures double precision not null default 0,
    level double precision not null default 0,
    locked_until ${INSTANT} not null default 0,
    locked_by jsonb,
    touched_at ${INSTANT} not null default 0,
    forget_at ${INSTANT} not null default 0
  ) with (fillfactor = 80)`,
  `create index on {s}.accounts (forget_at)`,
  `create table {s}.limits (
    key ${KEY} primary key,
    times double precision[] not null default '{}',
    tags double precision[] not null default '{}',
    forget_at ${INSTANT} not null default 0
  ) with (fillfactor = 80)`,
  `create index on {s}.limits (forget_at)`,
  `create table {s}.steps (key ${KEY} primary key, value double precision not null, forget_at ${INSTANT} not null)`,
  `create index on {s}.steps (forget_at)`,
  `create table {s}.uses (
    key ${KEY} primary key,
    at ${INSTANT} not null,
    dead_at ${INSTANT} not null,
    forget_at ${INSTANT} not null
  ) with (fillfactor = 80)`,
  `create index on {s}.uses (forget_at)`,
  `create table {s}.kept (key ${KEY} primary key, value text not null, forget_at ${INSTANT} not null)`,
  `create index on {s}.kept (forget_at)`,
  `create table {s}.revocations (
    subject ${KEY} primary key,
    at ${INSTANT} not null,
    forget_at ${INSTANT} not null,
    xid xid8 not null
  )`,
  `create index on {s}.revocations (xid, subject)`,
  `create index on {s}.revocations (forget_at)`,
  `create table {s}.documents (
    list ${KEY},
    name ${KEY},
    number bigint generated always as identity,
    document text not null,
    primary key (list, name)
  )`,
];

/**
 * What lives is found by its end. Its state stands in no index any more: to be used up is the commonest of all changes,
 * and one that touches no index takes half the work and half the log.
 */
export const INDEX_WITHOUT_STATE: readonly string[] = [
  `drop index {s}.verifications_owner_expires_at_idx`,
  `create index on {s}.verifications (owner, expires_at)`,
];
