-- Numbers of the inventory, and the numbers that workspaces have claimed.

create table numbers (
    id text primary key,
    e164 text not null unique,
    country text not null,
    -- JSON array, for instance ["voice"].
    capabilities text not null,
    currency text not null,
    monthly_price_minor bigint not null check (monthly_price_minor between 0 and 9000000000000000),
    -- Prices per minute in 1/10,000 of a minor unit.
    inbound_per_min_e4 bigint not null check (inbound_per_min_e4 >= 0),
    outbound_per_min_e4 bigint not null check (outbound_per_min_e4 >= 0),
    billing_increment_seconds bigint not null default 1 check (billing_increment_seconds between 1 and 3600),
    state text not null default 'available' check (state in ('available', 'claimed', 'retired')),
    created_at bigint not null
);
create index numbers_available on numbers (country, e164) where state = 'available';

create table tenant_numbers (
    id text primary key,
    number_id text not null references numbers (id),
    workspace_id text not null references workspaces (id),
    e164 text not null,
    status text not null default 'active' check (status in ('active', 'suspended', 'released')),
    currency text not null,
    monthly_price_minor bigint not null,
    -- The debit of the claim; null when the share came to nothing.
    ledger_entry_id text,
    period_start bigint not null,
    period_end bigint not null,
    voice_callback_url text,
    events_url text,
    fallback_url text,
    -- Sealed; signs this number's voice callbacks instead of the workspace's secret.
    voice_signing_secret text,
    ring_devices bigint not null default 1 check (ring_devices in (0, 1)),
    created_at bigint not null,
    released_at bigint,
    unique (workspace_id, id),
    foreign key (workspace_id, ledger_entry_id) references wallet_ledger (workspace_id, id)
);
-- A number belongs to one workspace at a time.
create unique index tenant_numbers_one_owner on tenant_numbers (number_id) where status <> 'released';
create unique index tenant_numbers_live_e164 on tenant_numbers (e164) where status <> 'released';
create index tenant_numbers_by_workspace on tenant_numbers (workspace_id, created_at, id);
