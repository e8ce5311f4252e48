-- Payments into wallets.

create table top_ups (
    id text primary key,
    workspace_id text not null references workspaces (id),
    method text not null check (method in ('mpesa', 'paystack')),
    -- Play money of the development simulator.
    simulated bigint not null check (simulated in (0, 1)),
    status text not null default 'pending' check (status in ('pending', 'succeeded', 'failed')),
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null,
    phone text,
    failure_reason text,
    receipt text unique,
    ledger_entry_id text,
    created_at bigint not null,
    settled_at bigint,
    unique (workspace_id, id),
    foreign key (workspace_id, ledger_entry_id) references wallet_ledger (workspace_id, id),
    check ((status = 'succeeded') = (ledger_entry_id is not null))
);
create index top_ups_by_workspace on top_ups (workspace_id, created_at, id);
