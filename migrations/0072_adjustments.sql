-- What operators credit or debit by hand, each with its reason; the ledger's cause is adjustment:ID.
create table wallet_adjustments (
    id text primary key,
    workspace_id text not null references wallets (workspace_id),
    kind text not null check (kind in ('credit', 'debit', 'refund', 'promo', 'write_off')),
    -- Signed as the ledger's entry.
    amount_minor bigint not null check (amount_minor <> 0),
    reason text not null,
    operator_id text not null,
    ledger_entry_id text not null,
    created_at bigint not null,
    unique (workspace_id, id),
    foreign key (workspace_id, ledger_entry_id) references wallet_ledger (workspace_id, id)
);
create index wallet_adjustments_by_workspace on wallet_adjustments (workspace_id, created_at, id);
-- A statement reads a month of a wallet by time.
create index wallet_ledger_by_time on wallet_ledger (workspace_id, created_at, seq);
