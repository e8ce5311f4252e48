-- What storage tiers cost: prices are the operator's settings, what was paid for is here.

-- Until when the present tier is paid for (microseconds UTC) at which price a month; none for a tier that costs nothing.
alter table workspace_storage add column paid_until bigint;
alter table workspace_storage add column paid_price_minor bigint not null default 0;
-- Since when a renewal could not be charged.
alter table workspace_storage add column unpaid_since bigint;

create table storage_charges (
    id text primary key,
    workspace_id text not null references workspaces (id),
    tier_id text not null references storage_tiers (id),
    -- [start, end)
    period_start bigint not null,
    period_end bigint not null,
    -- As the entry has it, tax included.
    amount_minor bigint not null check (amount_minor < 0),
    ledger_entry_id text not null,
    created_at bigint not null,
    unique (workspace_id, id),
    unique (workspace_id, ledger_entry_id),
    foreign key (workspace_id, ledger_entry_id) references wallet_ledger (workspace_id, id)
);
