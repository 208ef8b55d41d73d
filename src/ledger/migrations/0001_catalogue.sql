-- Up Migration

-- The application connects as this role (`set role`): it owns nothing, so grants bind it. Roles belong to the whole server,
-- and several databases may be migrated at once, hence the guard against both ways a race can end.
do $$
begin
  create role tollkeeper_app nologin;
exception when duplicate_object or unique_violation then
  null;
end
$$;
grant tollkeeper_app to current_user;

create table installation (
  singleton boolean primary key default true check (singleton),
  mode text not null check (mode in ('test', 'live')),
  -- Keys the content digests of events, so that an erased property cannot be guessed back from its digest.
  digest_secret bytea not null check (octet_length(digest_secret) = 32),
  issuer jsonb not null,
  created_at timestamptz not null default now()
);

-- One number for the whole catalogue. It rises in the transaction of every change that ingest must know.
create table catalogue_version (
  singleton boolean primary key default true check (singleton),
  version bigint not null check (version > 0)
);
insert into catalogue_version (version) values (1);

create table meter (
  key text not null check (key ~ '^[a-z][a-z0-9_]{0,62}$'),
  version integer not null check (version > 0),
  definition jsonb not null,
  created_at timestamptz not null default now(),
  primary key (key, version)
);

create table plan_version (
  key text not null check (key ~ '^[a-z][a-z0-9_-]{0,62}$'),
  version integer not null check (version > 0),
  definition jsonb not null,
  created_at timestamptz not null default now(),
  primary key (key, version)
);

create table tenant (
  id text primary key check (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  name text not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  time_zone text not null,
  billing_start timestamptz not null,
  ends_at timestamptz check (ends_at > billing_start),
  period_length text not null check (period_length in ('year', 'month', 'week', 'day', 'hour', 'minute')),
  late_window_seconds bigint not null check (late_window_seconds >= 0),
  tax_rates jsonb not null,
  payment_terms_days integer not null check (payment_terms_days >= 0),
  bill_to text not null references tenant (id) deferrable initially deferred,
  buyer jsonb not null,
  paused boolean not null default false,
  created_at timestamptz not null default now()
);

create table tenant_item (
  tenant text not null references tenant (id),
  kind text not null check (kind in ('plan')),
  plan_key text not null,
  plan_version integer not null,
  valid_from timestamptz not null,
  valid_to timestamptz check (valid_to > valid_from),
  created_at timestamptz not null default now(),
  primary key (tenant, kind, valid_from),
  foreign key (plan_key, plan_version) references plan_version (key, version)
);

create table api_key (
  id text primary key,
  name text not null,
  -- SHA-256 of the whole secret: 160 random bits need no slow hash, and the look-up is by this column.
  secret_digest bytea not null unique check (octet_length(secret_digest) = 32),
  scopes text[] not null check (scopes <@ array['ingest', 'ingest:backfill', 'read', 'admin'] and cardinality(scopes) > 0),
  tenant text references tenant (id),
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz
);

-- The answer of a mutating request, kept under its Idempotency-Key in the transaction that did the work.
create table idempotent_request (
  api_key text not null references api_key (id),
  idempotency_key text not null check (length(idempotency_key) between 1 and 255),
  input_digest bytea not null,
  status integer not null,
  answer jsonb not null,
  created_at timestamptz not null,
  primary key (api_key, idempotency_key)
);

create table audit_entry (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  details jsonb not null
);

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
