-- Up Migration

-- What is left to pay, and what a negative total carries to the next invoice. Null in invoices from before there were credits:
-- what was due then is the total.
alter table invoice add column due_minor numeric check (due_minor <> 'NaN' and due_minor >= 0);
alter table invoice add column carried_minor numeric check (carried_minor <> 'NaN' and carried_minor >= 0);

alter table tenant add column taxes_included boolean not null default false;
alter table tenant add column tax_exemption text;

-- What a rating takes that only one bill may have: credit, charges made once, and the use of a coupon. Written with the draft,
-- replaced with it, and for good once it is issued. The claims of rejected and void invoices count no more.
create table invoice_claim (
  invoice text not null references invoice (id),
  kind text not null check (kind in ('credit', 'one_off', 'coupon')),
  reference text not null,
  -- Of a credit: what is drawn of it, minor units.
  amount_minor numeric check (amount_minor <> 'NaN' and amount_minor > 0),
  primary key (invoice, kind, reference),
  check ((kind = 'credit') = (amount_minor is not null))
);
create index invoice_claim_reference on invoice_claim (kind, reference);

create function freeze_issued_claim() returns trigger language plpgsql as $$
begin
  if exists (select 1 from invoice where id = coalesce(new.invoice, old.invoice) and issued_at is not null) then
    raise exception 'invoice % is issued: what it claims is frozen', coalesce(new.invoice, old.invoice)
      using errcode = 'integrity_constraint_violation', hint = 'correct it by a credit note or a new revision';
  end if;
  return coalesce(new, old);
end
$$;
create trigger invoice_claim_change before insert or update or delete on invoice_claim
  for each row execute function freeze_issued_claim();
create trigger invoice_claim_truncate before truncate on invoice_claim for each statement execute function refuse_change();

-- Money that pays invoices before anybody is asked to. Never changed: what becomes of it is in credit_entry.
create table credit_grant (
  id text primary key check (id ~ '^crd_[a-z0-9]{26}$'),
  -- Who pays with it: the tenant that invoices are billed to.
  tenant text not null references tenant (id),
  kind text not null check (kind in ('granted', 'carried')),
  amount_minor numeric not null check (amount_minor <> 'NaN' and amount_minor > 0),
  currency text not null,
  priority integer not null,
  expires_at timestamptz,
  reason text not null,
  -- Of carried credit: the invoice that had a negative total.
  source_invoice text unique references invoice (id),
  granted_at timestamptz not null,
  check ((kind = 'carried') = (source_invoice is not null))
);
create index credit_grant_tenant on credit_grant (tenant, granted_at, id);

-- The balance of a credit is its amount and these rows. One of each kind for an invoice: a repeated step cannot draw twice. What a
-- person withdraws has no invoice, and may be withdrawn again: what a draft had claimed may be free later.
create table credit_entry (
  id bigint generated always as identity primary key,
  credit text not null references credit_grant (id),
  kind text not null check (kind in ('drawn', 'given_back', 'withdrawn')),
  -- The invoice that drew it or gave it back by becoming void; of carried credit that is withdrawn, the void source.
  invoice text references invoice (id),
  amount_minor numeric not null check (amount_minor <> 'NaN'),
  reason text not null,
  at timestamptz not null,
  unique (credit, kind, invoice),
  check (case kind when 'given_back' then amount_minor > 0 else amount_minor < 0 end),
  check (invoice is not null or kind = 'withdrawn')
);
create index credit_entry_invoice on credit_entry (invoice);

-- Charges that are made once. Which invoice has one is in invoice_claim.
create table one_off (
  id text primary key check (id ~ '^one_[a-z0-9]{26}$'),
  tenant text not null references tenant (id),
  -- The caller's: one charge for one key.
  key text not null,
  description text not null,
  -- Major units, as it was asked for; rounded on its line.
  amount numeric not null check (amount <> 'NaN' and amount > 0),
  at timestamptz not null,
  created_at timestamptz not null,
  unique (tenant, key)
);

create table coupon (
  key text primary key,
  definition jsonb not null,
  created_at timestamptz not null
);

create table coupon_application (
  id text primary key check (id ~ '^cpn_[a-z0-9]{26}$'),
  tenant text not null references tenant (id),
  coupon text not null references coupon (key),
  -- Half-open; on bills of periods that touch it.
  valid_from timestamptz not null,
  valid_to timestamptz,
  created_at timestamptz not null,
  unique (tenant, coupon, valid_from),
  check (valid_to is null or valid_to >= valid_from)
);

create trigger credit_grant_change before update or delete on credit_grant for each row execute function refuse_change();
create trigger credit_grant_truncate before truncate on credit_grant for each statement execute function refuse_change();
create trigger credit_entry_change before update or delete on credit_entry for each row execute function refuse_change();
create trigger credit_entry_truncate before truncate on credit_entry for each statement execute function refuse_change();
create trigger one_off_change before update or delete on one_off for each row execute function refuse_change();
create trigger one_off_truncate before truncate on one_off for each statement execute function refuse_change();
create trigger coupon_change before update or delete on coupon for each row execute function refuse_change();
create trigger coupon_truncate before truncate on coupon for each statement execute function refuse_change();

grant select, insert, delete on invoice_claim to tollkeeper_app;
grant select, insert on credit_grant, credit_entry, one_off, coupon, coupon_application to tollkeeper_app;
-- Only an application's end may move.
grant update (valid_to) on coupon_application to tollkeeper_app;
grant usage on all sequences in schema public to tollkeeper_app;

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
