-- Up Migration

-- What became of a dead letter: it was read again and is in the ledger, or somebody decided that it is not to be billed.
alter table dead_letter
  add column resolution text check (resolution in ('replayed', 'duplicate', 'discarded')),
  add column resolved_by text,
  add column resolved_reason text,
  add constraint dead_letter_resolution check (resolution is null or resolved_at is not null);

create index dead_letter_open on dead_letter (shard, tenant) where resolved_at is null;

-- strictIds: every id of a tenant once, whatever its time. Partitioned by hash, so that the random digests of one batch meet
-- several small indexes instead of one large one. Written by the drain only where the installation asks for it.
create table event_identity (
  tenant text not null,
  id_digest bytea not null check (octet_length(id_digest) = 16),
  occurred_at timestamptz not null,
  primary key (id_digest, tenant)
) partition by hash (id_digest);

do $$
begin
  for part in 0..15 loop
    execute format('create table event_identity_%s partition of event_identity for values with (modulus 16, remainder %s)',
      part, part);
    execute format('create trigger event_identity_%s_truncate before truncate on event_identity_%s for each statement '
      'execute function refuse_change()', part, part);
  end loop;
end
$$;

create trigger event_identity_change before update or delete on event_identity
  for each row execute function refuse_change();
create trigger event_identity_truncate before truncate on event_identity
  for each statement execute function refuse_change();

grant select, insert on event_identity to tollkeeper_app;

-- `entered`: the ids of the events that were there before are in the table too.
alter table installation
  add column strict_ids boolean not null default false,
  add column strict_ids_entered boolean not null default false;
grant update (strict_ids, strict_ids_entered) on installation to tollkeeper_app;

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
