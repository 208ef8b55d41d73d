-- Up Migration

create table billing_cycle (
  tenant text not null references tenant (id),
  period_start timestamptz not null,
  stage text not null,
  revision integer not null check (revision >= 0),
  workflow_id text not null,
  updated_at timestamptz not null,
  primary key (tenant, period_start, revision),
  foreign key (tenant, period_start) references billing_period (tenant, period_start)
);

-- The result of every step that has an effect, written in the transaction of that effect. A repeated step reads it back.
create table billing_step (
  tenant text not null,
  kind text not null,
  occasion text not null,
  revision integer not null,
  step text not null,
  result jsonb not null,
  at timestamptz not null,
  primary key (tenant, kind, occasion, revision, step)
);

create table checkpoint (
  tenant text not null references tenant (id),
  period_start timestamptz not null,
  at timestamptz not null,
  usage jsonb not null,
  spend_minor numeric not null check (spend_minor <> 'NaN'),
  primary key (tenant, period_start)
);

create table invoice (
  id text primary key check (id ~ '^inv_[a-z0-9]{26}$'),
  tenant text not null references tenant (id),
  kind text not null check (kind in ('cycle', 'advance', 'interim', 'one_off', 'credit_note')),
  occasion text not null,
  revision integer not null check (revision >= 0),
  status text not null check (status in
    ('draft', 'held', 'rejected', 'issued', 'overdue', 'paid', 'uncollectible', 'void')),
  currency text not null,
  -- What rating was given and what came out, each in canonical JSON: text, so that the bytes that were hashed are kept.
  inputs text not null,
  inputs_digest bytea not null check (octet_length(inputs_digest) = 32),
  content text not null,
  content_digest bytea not null check (octet_length(content_digest) = 32),
  rating_version integer not null,
  format_version integer not null,
  subtotal_minor numeric not null check (subtotal_minor <> 'NaN'),
  tax_minor numeric not null check (tax_minor <> 'NaN'),
  total_minor numeric not null check (total_minor <> 'NaN'),
  supply_start timestamptz not null,
  supply_end timestamptz not null,
  corrects text references invoice (id),
  -- Set once, in the issuing transaction.
  series text,
  number text unique,
  issued_at timestamptz,
  due_at timestamptz,
  -- Tips of the ledger chains when it was issued, as printed on it.
  chain_tip text,
  created_at timestamptz not null,
  unique (tenant, kind, occasion, revision),
  check ((number is null) = (issued_at is null) and (number is null) = (due_at is null)),
  check (number is not null or status in ('draft', 'held', 'rejected'))
);

-- Numbers are gapless per series: the row lock orders issuing transactions, and a rolled back one returns its number.
create table invoice_series (
  series text primary key,
  last_number bigint not null check (last_number >= 0)
);
insert into invoice_series (series, last_number) values ('INV', 0), ('CN', 0);

create table invoice_move (
  id bigint generated always as identity primary key,
  invoice text not null references invoice (id),
  from_status text,
  to_status text not null,
  actor text not null,
  reason text not null,
  at timestamptz not null
);

-- Issued content is frozen: after issue only the status may move. Before, a draft may be replaced by a fresh rating.
create function freeze_issued_invoice() returns trigger language plpgsql as $$
begin
  if old.issued_at is null then
    if (new.id, new.tenant, new.kind, new.occasion, new.revision)
      is distinct from (old.id, old.tenant, old.kind, old.occasion, old.revision) then
      raise exception 'the identity of invoice % never changes', old.id using errcode = 'integrity_constraint_violation';
    end if;
    return new;
  end if;
  if to_jsonb(new) - 'status' is distinct from to_jsonb(old) - 'status' then
    raise exception 'invoice % is issued: its content is frozen', old.id
      using errcode = 'integrity_constraint_violation', hint = 'correct it by a credit note or a new revision';
  end if;
  return new;
end
$$;
create trigger invoice_update before update on invoice for each row execute function freeze_issued_invoice();
create trigger invoice_delete before delete on invoice for each row execute function refuse_change();
create trigger invoice_truncate before truncate on invoice for each statement execute function refuse_change();
create trigger invoice_move_change before update or delete on invoice_move for each row execute function refuse_change();
create trigger invoice_move_truncate before truncate on invoice_move for each statement execute function refuse_change();

grant usage on schema public to tollkeeper_app;
grant select, insert on all tables in schema public to tollkeeper_app;
grant update on catalogue_version, tenant, tenant_item, api_key, billing_period, gate, journal_position, usage_hourly,
  usage_unique, dead_letter, incident, billing_cycle, checkpoint, invoice, invoice_series, idempotent_request to tollkeeper_app;
grant update (properties) on usage_event to tollkeeper_app;
-- The issuer may move; mode and digest secret never do.
grant update (issuer) on installation to tollkeeper_app;
revoke insert on catalogue_version, invoice_series from tollkeeper_app;
grant usage on all sequences in schema public to tollkeeper_app;
revoke all on function ensure_event_partitions(timestamptz, timestamptz) from public;
grant execute on function ensure_event_partitions(timestamptz, timestamptz) to tollkeeper_app;

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
